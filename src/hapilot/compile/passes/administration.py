"""Pass: the statistics page and the Prometheus exporter; nothing administrative is open without a password."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterator
from typing import Any

from passlib import hash as hashes

from hapilot.base import diagnostics
from hapilot.base.diagnostics import Diagnostic
from hapilot.base.secret import Secret
from hapilot.compile.draft import Draft
from hapilot.compile.rules import binds
from hapilot.languages.haproxy import tree
from hapilot.model import admin

_HASHER: Any = getattr(hashes, "sha512_crypt")  # noqa: B009 - the library makes its names at run time

ROUNDS = 5000
"""Of SHA-512-crypt, its default; HAProxy computes it for every request to the page."""


def make_administration(draft: Draft) -> Draft:
    """Add a frontend and a user list for each page that the site names.

    >>> hashed("web", "admin", Secret("x")).startswith("$6$")
    True
    """
    spec = draft.site.spec.admin
    if spec.stats is not None:
        draft = _page(draft, "stats", spec.stats, _stats(spec.stats))
    if spec.metrics is not None:
        exporter = tree.line("http-request", "use-service", "prometheus-exporter", "if", "{", "path", "/metrics", "}")
        draft = _page(draft, "metrics", spec.metrics, [exporter, tree.line("http-request", "return", "status", "404")])
    return draft


def hashed(site: str, user: str, password: Secret) -> str:
    """SHA-512-crypt of a password. The salt follows from site and user, not from the password, so that the same site
    always compiles to the same bytes and the salt gives nothing away."""
    salt = hashlib.sha256(f"hapilot\0{site}\0{user}".encode()).hexdigest()[:16]
    return str(_HASHER.using(salt=salt, rounds=ROUNDS).hash(password.reveal()))


def _stats(page: admin.Stats) -> list[tree.Line]:
    return [
        tree.line("stats", "enable"),
        tree.line("stats", "uri", page.path),
        tree.line("stats", "refresh", "10s"),
        tree.line("stats", "show-legends"),
    ]


def _page(draft: Draft, part: str, page: admin.Stats | admin.Metrics, lines: list[tree.Line]) -> Draft:
    draft = draft.noting(_open(draft, part, page))
    origin = draft.site.origins.key("admin", part)
    name = f"admin.{part}"
    head = [tree.line("mode", "http")]
    head += [tree.line("bind", *words) for bind in page.bind for words in binds.addresses(bind, draft.target)]
    if page.users:
        head.append(tree.line("http-request", "auth", "realm", f"hapilot-{part}", "unless", "{", f"http_auth({name})", "}"))
        draft = draft.adding(_users(draft, part, list(page.users)))
    section = tree.Section("frontend", name, (*head, *lines), comment=f"admin.{part} ({origin.short})", origin=origin)
    return draft.adding(section)


def _users(draft: Draft, part: str, users: list[str]) -> tree.Section:
    lines: list[tree.Line] = []
    for user in users:
        password = draft.site.materials.passwords.get(("admin", part, "users", user))
        if password is not None:
            lines.append(tree.line("user", user, "password", hashed(draft.site.name, user, password)))
    return tree.Section("userlist", f"admin.{part}", tuple(lines))


def _open(draft: Draft, part: str, page: admin.Stats | admin.Metrics) -> Iterator[Diagnostic]:
    for index, bind in enumerate(page.bind):
        local = bind.kind == "unix" or (bind.host and ipaddress.ip_address(bind.host).is_loopback)
        if not local and not page.users:
            message = f"admin.{part} on {bind} is open to everyone who can reach the port"
            hint = "add users, or bind it to 127.0.0.1"
            yield diagnostics.error("admin-open", message, draft.site.origins.at("admin", part, "bind", index), hint)
