"""The routes that did not win, each with why. Told from the routes alone; it decides nothing."""

from __future__ import annotations

import heapq

from hapilot.compile import build
from hapilot.compile.passes import routes as making
from hapilot.explain import explanation, probe

LIMIT = 50
"""How many are told; a site may have thousands."""

_SIDES = {
    "tls": "it is for requests over TLS that ends here",
    "plain": "it is for plain HTTP",
    "sni": "it is for TLS that is passed through",
    "stream": "it is for TLS that ends here and holds no HTTP",
    "ssh": "it is for SSH",
    "tcp": "it is for other TCP",
}
_SPEAKS: dict[str, tuple[build.Side, ...]] = {
    "https": ("tls", "sni", "stream"),
    "tls": ("tls", "sni", "stream"),
    "http": ("plain",),
    "ssh": ("ssh",),
    "tcp": ("tcp", "ssh"),
}


def others(asked: probe.Probe, routes: tuple[build.Route, ...], winner: build.Route | None) -> tuple[explanation.Considered, ...]:
    """Every route of the listener but the winner, the nearest misses first, at most :data:`LIMIT`."""
    host = _host(asked)
    losers = (route for route in routes if route is not winner)
    nearest = heapq.nsmallest(LIMIT, losers, key=lambda route: _distance(asked, host, route))
    return tuple(explanation.Considered(route.shown, route.service, route.origin, _why(asked, route, winner)) for route in nearest)


def _host(asked: probe.Probe) -> str:
    """The requested host as routes have it."""
    text = asked.authority or asked.sni or asked.host
    name = text.rpartition(":")[0] if text.rpartition(":")[2].isdigit() and not text.endswith("]") else text
    return name.lower().rstrip(".")


def _path_matches(asked: probe.Probe, route: build.Route) -> bool:
    path = asked.path.partition("?")[0]
    return route.path == "/" or f"{path}/".startswith(f"{route.path}/")


def fits(asked: probe.Probe, route: build.Route) -> bool:
    """Whether the route means the host and path that are asked for."""
    return (route.host is None or route.host.matches(_host(asked))) and _path_matches(asked, route)


def _distance(asked: probe.Probe, host: str, route: build.Route) -> int:
    speaks = route.side in _SPEAKS[asked.kind]
    same_host = route.host is None or route.host.matches(host)
    return (not speaks) * 4 + (not same_host) * 2 + (not _path_matches(asked, route))


def _why(asked: probe.Probe, route: build.Route, winner: build.Route | None) -> str:
    if route.side not in _SPEAKS[asked.kind]:
        return _SIDES[route.side]
    if route.host is not None and not route.host.matches(_host(asked)):
        return f"the host {_host(asked) or '(none)'} is not {route.host}"
    if not _path_matches(asked, route):
        return f"the path {asked.path.partition('?')[0]} is not below {route.path}"
    if route.conditions and (winner is None or making.specificity(route) <= making.specificity(winner)):
        return f"it is only for requests with {' and '.join(one.shown for one in route.conditions)}"
    if winner is None:
        return "the connection was answered before any route"
    if winner.host != route.host:
        return f"{winner.shown} is more exact"
    if winner.path != route.path:
        return f"{winner.path} is the longer path"
    return f"the other one has more conditions, and they hold: {' and '.join(one.shown for one in winner.conditions)}"
