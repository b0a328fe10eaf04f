"""Pass: the statistics page and the metrics of HAProxy and of hapilot; nothing administrative is open without a password."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from hapilot.base import diagnostics
from hapilot.base.diagnostics import Diagnostic
from hapilot.compile.draft import Draft
from hapilot.compile.rules import binds, passwords
from hapilot.languages.haproxy import tree
from hapilot.model import admin

SOCKET = "admin.hapilot.sock"
"""Where ``up`` tells its metrics, in the folder of sockets. No listener's hand-over socket has this name: theirs end in the kind."""

OWN_PATH = "/metrics/hapilot"
"""Beside HAProxy's own ``/metrics``."""


def make_administration(draft: Draft) -> Draft:
    """Add a frontend and a user list for each page that the site names.

    >>> [line.words[1] for line in _metrics()]
    ['use-service', 'return', 'admin.hapilot']
    """
    spec = draft.site.spec.admin
    if spec.stats is not None:
        draft = _page(draft, "stats", spec.stats, _stats(spec.stats))
    if spec.metrics is not None:
        draft = _page(draft, "metrics", spec.metrics, _metrics()).adding(_our_metrics(draft))
    return draft


def _stats(page: admin.Stats) -> list[tree.Line]:
    return [
        tree.line("stats", "enable"),
        tree.line("stats", "uri", page.path),
        tree.line("stats", "refresh", "10s"),
        tree.line("stats", "show-legends"),
    ]


def _metrics() -> list[tree.Line]:
    """HAProxy's exporter at its usual path and, below it, what hapilot has to tell."""
    ours = ("{", "path", OWN_PATH, "}")
    return [
        tree.line("http-request", "use-service", "prometheus-exporter", "if", "{", "path", "/metrics", "}"),
        tree.line("http-request", "return", "status", "404", "unless", *ours),
        tree.line("default_backend", "admin.hapilot"),
    ]


def _our_metrics(draft: Draft) -> tree.Section:
    """The way to the hapilot that looks after this HAProxy. Where none does, 503 at once: there is no point in trying again."""
    return tree.Section(
        "backend",
        "admin.hapilot",
        (
            tree.line("mode", "http"),
            tree.line("retries", "0"),
            # The password was for us.
            tree.line("http-request", "del-header", "authorization"),
            # A look at a large site takes a moment: who asks more often has to wait.
            tree.line("server", "hapilot", binds.reached(SOCKET, draft.target), "maxconn", "2"),
        ),
        comment="what hapilot itself has to tell, over its private socket",
        origin=draft.site.origins.key("admin", "metrics"),
    )


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
            hashed = passwords.kept(draft.memory, draft.site.name, user, password)
            lines.append(tree.line("user", user, "password", hashed))
    return tree.Section("userlist", f"admin.{part}", tuple(lines))


def _open(draft: Draft, part: str, page: admin.Stats | admin.Metrics) -> Iterator[Diagnostic]:
    for index, bind in enumerate(page.bind):
        local = bind.kind == "unix" or (bind.host and ipaddress.ip_address(bind.host).is_loopback)
        if not local and not page.users:
            message = f"admin.{part} on {bind} is open to everyone who can reach the port"
            hint = "add users, or bind it to 127.0.0.1"
            yield diagnostics.error("admin-open", message, draft.site.origins.at("admin", part, "bind", index), hint)
