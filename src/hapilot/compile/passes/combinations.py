"""Pass: keys that can't go together, with each other or with the protocol and TLS mode."""

from __future__ import annotations

from collections.abc import Iterator

from hapilot.base import diagnostics
from hapilot.base.diagnostics import Diagnostic
from hapilot.compile.draft import Draft
from hapilot.model import fitting, service


def check_combinations(draft: Draft) -> Draft:
    """Report services and listeners that contradict themselves.

    >>> [say for say, _, _ in _contradictions(service.Service(protocol="ssh", host=["a.test"]))]
    ['ssh has no host name in it, so host can never match']
    """
    found: list[Diagnostic] = [*_shared_canaries(draft)]
    for name, one in draft.those("combinations", lambda name, one: bool(one.canary or _alone(draft, name, one))):
        found += _alone(draft, name, one)
        found += _about_canary(draft, name, one)
    found += _about_listeners(draft)
    return draft.noting(found)


def _alone(draft: Draft, name: str, one: service.Service) -> tuple[Diagnostic, ...]:
    """What contradicts itself in one service."""
    found = [
        diagnostics.error("conflict", f"service {name}: {message}", draft.site.origins.key("services", name, *path), hint)
        for message, path, hint in _contradictions(one)
    ]
    return (*found, *_about_servers(draft, name, one))


def _contradictions(one: service.Service) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Message, path of the key and hint of each contradiction inside one service."""
    if one.protocol == "ssh" and one.tls_mode != "none":
        yield f"ssh brings its own encryption and can't have tls: {one.tls_mode}", ("tls",), "leave out tls"
    for fit in fitting.misfits(one):
        yield fit.why.format(protocol=one.protocol, mode=one.tls_mode), fit.path, fit.hint


GUARDS = ("allow", "deny", "basic_auth", "client_certificates", "rate_limit")
"""Keys that keep clients out; a canary must not be a way round them."""


def _about_canary(draft: Draft, name: str, one: service.Service) -> Iterator[Diagnostic]:
    """The canary answers the same requests, so it must be able to, and must be as well guarded."""
    other = draft.services.get(one.canary.service) if one.canary else None
    if one.canary is None or other is None:
        return
    origin = draft.site.origins.at("services", name, "canary", "service")
    both = (f"service {name}", f"service {one.canary.service}")
    if one.canary.service == name:
        yield diagnostics.error("conflict", f"service {name} is its own canary", origin, "name another service")
        return
    if fitting.kind_of(other) not in fitting.REQUESTS:
        message = f"service {name}: its canary {one.canary.service} does not answer requests ({other.protocol}, tls: {other.tls_mode})"
        yield diagnostics.error("conflict", message, origin, "name a service with protocol: http that is not passed through", both)
    if other.canary is not None:
        message = f"service {name}: its canary {one.canary.service} has a canary itself"
        yield diagnostics.error("conflict", message, origin, "a request is divided once; leave out one of the two", both)
    for key in GUARDS:
        if getattr(one, key) != getattr(other, key):
            message = (
                f"service {name}: its canary {one.canary.service} does not have the same {key}, so some clients would be treated otherwise"
            )
            yield diagnostics.error("conflict", message, origin, f"give both the same {key}", both)


def _shared_canaries(draft: Draft) -> Iterator[Diagnostic]:
    """The canary of two services can't count clients for both."""
    first: dict[str, str] = {}
    for name, one in draft.services.items():
        if one.canary is None or one.rate_limit is None:
            continue
        other = first.setdefault(one.canary.service, name)
        if other != name:
            message = (
                f"service {name}: its canary {one.canary.service} is that of service {other} too, and can count "
                "the clients of one of them only"
            )
            origin = draft.site.origins.at("services", name, "canary", "service")
            both = (f"service {other}", f"service {name}")
            yield diagnostics.error("conflict", message, origin, "services with a rate_limit need a canary each", both)


def _about_servers(draft: Draft, name: str, one: service.Service) -> Iterator[Diagnostic]:
    origins = draft.site.origins
    if not one.servers and one.redirect is None and one.maintenance is None:
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
        has_addresses = any(bind.kind != "unix" for bind in listener.bind)
        if listener.accept_proxy != "never" and not listener.trusted and has_addresses:
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
