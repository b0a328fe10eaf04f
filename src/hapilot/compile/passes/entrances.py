"""Pass: what each listener has to do, worked out from its routes. The fewest layers follow from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from hapilot.compile import build
from hapilot.compile.draft import Draft, Entrance, Redirect
from hapilot.model.listener import Listener

EVERY = "*"
"""Instead of a listener's name: all of them."""


def make_entrances(draft: Draft) -> Draft:
    """Fill in ``entrances``, one for each listener that has something to do.

    >>> https_port(Listener(bind=[":8443", ":443"]))
    443
    """
    passed_on = frozenset(route.service for route in draft.routes if _is_passed_https(draft, route))
    speakers = draft.memory.same("https that is passed on", passed_on)
    common: tuple[Redirect, ...] = ()
    if any(listener.redirect is not None for listener in draft.listeners.values()):
        inputs = (draft.routes, speakers, *draft.listeners.values())
        common = draft.memory.once("common redirects", inputs, lambda: _redirects(draft, draft.routes, EVERY))
    made = [
        draft.memory.once(
            ("entrance", name),
            (draft.routes_on(name), listener, common, speakers),
            lambda name=name, listener=listener: _entrance(draft, name, listener, common),
        )
        for name, listener in draft.listeners.items()
    ]
    return replace(draft, entrances=tuple(entrance for entrance in made if entrance.inner))


def _is_passed_https(draft: Draft, route: build.Route) -> bool:
    return route.side == "sni" and draft.services[route.service].protocol == "http"


def _is_https(draft: Draft, route: build.Route) -> bool:
    return route.side == "tls" or _is_passed_https(draft, route)


def https_port(listener: Listener) -> int:
    """The port to which plain HTTP is redirected: 443 if the listener has it, else its first."""
    ports = [bind.port for bind in listener.bind if bind.kind == "tcp"]
    return 443 if 443 in ports or not ports else ports[0]


def _entrance(draft: Draft, name: str, listener: Listener, common: tuple[Redirect, ...]) -> Entrance:
    """``common`` are the redirects of every listener that redirects all that comes."""
    here = draft.routes_on(name)
    sides: dict[build.Side, list[build.Route]] = {"tls": [], "sni": [], "stream": [], "plain": [], "ssh": [], "tcp": []}
    for route in here:
        sides[route.side].append(route)
    by_side = {side: tuple(routes) for side, routes in sides.items()}
    entrance = Entrance(
        name=name,
        listener=listener,
        terminated=by_side["tls"],
        passed=by_side["sni"],
        streams=by_side["stream"],
        plain=by_side["plain"],
        ssh=by_side["ssh"],
        tcp=by_side["tcp"],
        redirects=(),
        answers_plain=bool(by_side["plain"]) or listener.redirect is not None or listener.plain_http == "redirect",
    )
    if _redirects_own(draft, entrance):
        entrance = replace(
            entrance, answers_plain=True, redirects=_redirects(draft, (*entrance.terminated, *entrance.passed), entrance.name)
        )
    if listener.redirect is not None:
        entrance = replace(entrance, redirects=common)
    return entrance


def _redirects_own(draft: Draft, entrance: Entrance) -> bool:
    """Whether plain HTTP on this TLS port is sent to https: as asked, or because the port is looked into anyway."""
    speaks_https = any(_is_https(draft, route) for route in (*entrance.terminated, *entrance.passed))
    if entrance.listener.plain_http is not None or not speaks_https:
        return entrance.listener.plain_http == "redirect" and speaks_https
    return entrance.sniffs


def _redirects(draft: Draft, routes: Iterable[build.Route], to: str) -> tuple[Redirect, ...]:
    """One redirect for each host that has an https route, the first listener that has it giving the port. ``to``: the listener that
    redirects, or all of them."""
    first: dict[str, build.Route] = {}
    for route in routes:
        if _is_https(draft, route) and draft.listeners[route.listener].redirect is None:
            first.setdefault(route.host_key, route)
    ports = {name: https_port(draft.listeners[name]) for name in {route.listener for route in first.values()}}
    ports = draft.memory.same(("ports of redirects", to), ports)
    return draft.memory.each(("redirects", to), first.values(), lambda route: Redirect(route.host, ports[route.listener], route), ports)
