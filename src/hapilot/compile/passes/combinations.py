"""Pass: keys that can't go together, with each other or with the protocol and TLS mode."""

from __future__ import annotations

from collections.abc import Iterator

from hapilot.base import diagnostics
from hapilot.base.diagnostics import Diagnostic
from hapilot.compile.draft import Draft
from hapilot.model import service


def check_combinations(draft: Draft) -> Draft:
    """Report services and listeners that contradict themselves.

    >>> [say for say, _, _ in _contradictions(service.Service(protocol="ssh", host=["a.test"]))]
    ['ssh has no host name in it, so host can never match']
    """
    found: list[Diagnostic] = []
    for name, one in draft.services.items():
        for message, key, hint in _contradictions(one):
            found.append(diagnostics.error("conflict", f"service {name}: {message}", draft.site.origins.key("services", name, key), hint))
        found += _about_servers(draft, name, one)
    found += _about_listeners(draft)
    return draft.noting(found)


def _contradictions(one: service.Service) -> Iterator[tuple[str, str, str]]:
    """Message, key and hint of each contradiction inside one service."""
    mode = one.tls_mode
    if one.protocol == "ssh" and mode != "none":
        yield f"ssh brings its own encryption and can't have tls: {mode}", "tls", "leave out tls"
    if one.protocol == "ssh" and one.host:
        yield "ssh has no host name in it, so host can never match", "host", "leave out host; one ssh service per listener"
    if one.protocol == "tcp" and mode == "none" and one.host:
        yield "plain TCP has no host name in it, so host can never match", "host", "leave out host, or say tls: passthrough to match by SNI"
    if one.path and (one.protocol != "http" or mode == "passthrough"):
        yield "path can't be seen in a connection that is passed on", "path", "leave out path, or use tls: edge or reencrypt with http"
    if one.verify is not None and mode != "reencrypt":
        yield f"verify is about TLS to the server, which tls: {mode} does not start", "verify", "say tls: reencrypt, or leave it out"
    if isinstance(one.health, service.Health) and one.health.http and (one.protocol != "http" or mode == "passthrough"):
        yield "health.http needs a server to which hapilot speaks HTTP", "health", "leave out http for a connection check"


def _about_servers(draft: Draft, name: str, one: service.Service) -> Iterator[Diagnostic]:
    origins = draft.site.origins
    if not one.servers:
        yield diagnostics.error("no-servers", f"service {name} has no servers", origins.key("services", name), "add servers: [host:port]")
    seen: dict[str, int] = {}
    for index, server in enumerate(one.servers):
        label = server.name or str(server.address)
        first = seen.setdefault(label, index)
        if first != index:
            where = origins.at("services", name, "servers", first)
            message = f"service {name} has the server {label} twice, first at {where.short}"
            yield diagnostics.error("duplicate-server", message, origins.at("services", name, "servers", index), "remove one")


def _about_listeners(draft: Draft) -> Iterator[Diagnostic]:
    origins = draft.site.origins
    for name, listener in draft.listeners.items():
        if listener.accept_proxy != "never" and not listener.trusted:
            message = f"listener {name} takes PROXY headers from trusted addresses only, and trusts nobody"
            hint = 'add trusted: [CIDR, …] with the addresses of the load balancers; [0.0.0.0/0, "::/0"] believes everyone'
            yield diagnostics.error("trusted-missing", message, origins.key("listeners", name, "accept_proxy"), hint)
    yield from _about_binds(draft)


def _about_binds(draft: Draft) -> Iterator[Diagnostic]:
    origins = draft.site.origins
    taken = [
        (bind, f"listener {name}", origins.at("listeners", name, "bind", index))
        for name, listener in draft.listeners.items()
        for index, bind in enumerate(listener.bind)
    ]
    for part in ("stats", "metrics"):
        page = getattr(draft.site.spec.admin, part)
        if page is not None:
            taken += [(bind, f"admin.{part}", origins.at("admin", part, "bind", index)) for index, bind in enumerate(page.bind)]
    first: dict[tuple[str, int], int] = {}
    for place, (bind, who, origin) in enumerate(taken):
        earliest = min(first.setdefault(socket, place) for socket in bind.sockets)
        if earliest != place:
            _, whose, where = taken[earliest]
            message = f"{who} and {whose} ({where.short}) both use {bind}"
            yield diagnostics.error("duplicate-bind", message, origin, "give one of them another address or port")
