"""Pass: redirects and servers that lead back to where the request comes from.

A redirect is followed like a browser would, as far as this site answers and it is certain how: by the same targets that the tables are
made of. Servers are compared with the addresses of the listener.
"""

from __future__ import annotations

import functools
import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from dataclasses import dataclass, replace
from typing import Literal

from hapilot.base import diagnostics
from hapilot.base.diagnostics import Diagnostic
from hapilot.compile import build, targets
from hapilot.compile.draft import Draft, Entrance
from hapilot.compile.passes import tables
from hapilot.model import messages, service, values

MOST_HOPS = 20
"""So many redirects browsers follow (Fetch standard, "HTTP-redirect fetch")."""

UNLISTED = "any"
"""The label of a host that stands for all under a wildcard, or for every one."""

_URL = re.compile(r"(?:(https?)://([^/?#:]+)(?::([0-9]+))?)?(/[^?#]*)?(?:[?#].*)?")
_PLAIN_PATH = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9_.~-]*)*/?")
"""Paths with one reading; others may be refused."""

_PORTS = {"https": 443, "http": 80}

Scheme = Literal["http", "https"]


@dataclass(frozen=True, slots=True)
class _Visit:
    """A request that a browser makes."""

    scheme: str
    host: str
    port: int
    path: str

    def __str__(self) -> str:
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{self.host}{port}{self.path}"


Table = Mapping[tuple[str, str], str]
"""From host and path to the target's value."""


@dataclass(frozen=True, slots=True)
class _Map:
    """What is where: the table behind each scheme and port, and the service of each backend that gives one answer to all."""

    doors: Mapping[tuple[str, int], list[Table]]
    redirects: Mapping[str, service.Redirect]


def check_circles(draft: Draft) -> Draft:
    """Report redirects without end, and servers that are the listener itself.

    >>> _followed(_Visit("https", "a.test", 443, "/x"), "http://{host}:81/y{path}?z")
    _Visit(scheme='http', host='a.test', port=81, path='/y/x')
    """
    return draft.noting((*_redirects(draft), *_servers(draft)))


def _redirects(draft: Draft) -> Iterator[Diagnostic]:
    starting = {name for name, one in draft.services.items() if one.redirect is not None and one.maintenance is None}
    if not starting:
        return
    there = _survey(draft, starting)
    told: set[str] = set()
    for route in draft.routes:
        name = route.service
        if name not in starting or name in told or route.conditions:
            continue
        circle = next((visit for visit in _visits(draft, route) if _is_endless(there, visit)), None)
        if circle is not None:
            told.add(name)
            message = f"service {name}: whoever asks for {circle} is redirected without end"
            origin = draft.site.origins.at("services", name, "redirect", "to")
            yield diagnostics.error("circle", message, origin, f"{circle} leads to {_next(there, circle)}; name another place")


def _survey(draft: Draft, starting: Iterable[str]) -> _Map:
    doors: dict[tuple[str, int], list[Table]] = {}
    for entrance in draft.entrances:
        for scheme, plan in _plans(draft, entrance):
            table = {(one.host, one.path): one.value for one in plan.targets}
            for port in {bind.port for bind in entrance.listener.bind if bind.kind == "tcp"}:
                doors.setdefault((scheme, port), []).append(table)
    divided = {route.backend for route in draft.routes if route.canary}
    answering = {plan.name: draft.services[plan.service].redirect for plan in draft.plans if plan.service in starting}
    return _Map(doors, {name: said for name, said in answering.items() if said is not None and name not in divided})


def _plans(draft: Draft, entrance: Entrance) -> Iterator[tuple[Scheme, targets.Plan]]:
    if entrance.terminated:
        yield "https", tables.tls_plan(entrance, draft.memory)
    if entrance.answers_plain:
        yield "http", tables.plain_plan(entrance, draft.memory)


def _visits(draft: Draft, route: build.Route) -> Iterator[_Visit]:
    """A request that takes the route, for each port of its listener."""
    scheme = "https" if route.side == "tls" else "http"
    for bind in draft.listeners[route.listener].bind:
        if bind.kind == "tcp":
            yield _Visit(scheme, _host(route.host), bind.port, route.path)


def _host(pattern: values.HostPattern | None) -> str:
    if pattern is None:
        return f"{UNLISTED}.invalid"
    return f"{UNLISTED}.{pattern.name}" if pattern.wildcard else pattern.name


def _is_endless(there: _Map, visit: _Visit) -> bool:
    following: _Visit | None = visit
    for _ in range(MOST_HOPS):
        following = _next(there, following)
        if following is None:
            return False
    return True


def _next(there: _Map, visit: _Visit) -> _Visit | None:
    """Where this site redirects to; None if it does not, or if that depends on more than host and path."""
    found = there.doors.get((visit.scheme, visit.port), [])
    value = _looked_up(found[0], visit) if len(found) == 1 and _PLAIN_PATH.fullmatch(visit.path) else ""
    if value.startswith(f"{build.TO_HTTPS}:"):
        return replace(visit, scheme="https", port=int(value.rpartition(":")[2]))
    said = there.redirects.get(value)
    return None if said is None else _followed(visit, said.to)


def _looked_up(table: Table, visit: _Visit) -> str:
    """As the frontend does: the exact host, its wildcard, every host; the longest path in each."""
    path = visit.path.rstrip("/") or "/"
    for host in (visit.host, f"*.{visit.host.partition('.')[2]}", build.ANY_HOST):
        for covering in (path, *targets.shorter_paths(path)):
            if (host, covering) in table:
                return table[host, covering]
    return ""


def _followed(visit: _Visit, to: str) -> _Visit | None:
    """The request that a redirect makes of another."""
    parts = {"host": visit.host, "path": visit.path}
    found = _URL.fullmatch(messages.PLACEHOLDER.sub(lambda one: parts[one[1]], to))
    if found is None:
        return None
    scheme, host, port, path = found.groups()
    if scheme is None:
        return replace(visit, path=path or "/")
    return _Visit(scheme, host.lower().rstrip("."), int(port or _PORTS[scheme]), path or "/")


def _servers(draft: Draft) -> Iterator[Diagnostic]:
    """Servers at the address of the listener that leads to them. What a service rewrites may lead elsewhere."""
    for listener, routes in draft.by_listener.items():
        reached = list(dict.fromkeys(route.service for route in routes))
        check = functools.partial(_at_listener, draft, listener)
        columns = (reached, [draft.services[name] for name in reached])
        for index in draft.memory.those(("own servers", listener), columns, _any_of(check), draft.listeners[listener]):
            yield from check(reached[index], draft.services[reached[index]])


def _any_of(check: Callable[[str, service.Service], Sized]) -> Callable[[str, service.Service], bool]:
    return lambda name, one: len(check(name, one)) > 0


def _at_listener(draft: Draft, listener: str, name: str, one: service.Service) -> tuple[Diagnostic, ...]:
    binds = [bind for bind in draft.listeners[listener].bind if bind.kind == "tcp"]
    only = binds[0].port if len({bind.port for bind in binds}) == 1 else None
    found: list[Diagnostic] = []
    for index, server in enumerate(one.servers if one.rewrite is None else ()):
        port = server.address.port or only
        if any(bind.port == port and _is_at(server.address.host, bind) for bind in binds):
            message = f"service {name}: the server {server.address} is listener {listener} itself, so what it gets comes back"
            origin = draft.site.origins.at("services", name, "servers", index)
            found.append(diagnostics.warning("circle", message, origin, "name the server's own address and port"))
    return tuple(found)


def _is_at(host: str, bind: values.BindAddress) -> bool:
    """Whether the listener certainly accepts what is sent to ``host``."""
    if host == bind.host:
        return True
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        return False
    return address.is_loopback and ("::" if address.version == 6 else "0.0.0.0") in bind.addresses  # noqa: S104 - compared, not opened
