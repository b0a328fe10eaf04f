"""Pass: routes that are the same twice, contradict each other, or can never win."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hapilot.base import diagnostics
from hapilot.base.diagnostics import Diagnostic
from hapilot.compile import build, targets
from hapilot.compile.draft import Draft


def check_shadows(draft: Draft) -> Draft:
    """Report duplicate and shadowed routes.

    >>> sorted(_AFTER)
    ['sni', 'stream', 'tls']
    """
    found: list[Diagnostic] = []
    for listener, routes in draft.by_listener.items():
        found += draft.memory.once(("shadows", listener), (routes,), lambda name=listener, here=routes: _among(draft, name, here))
    for name, listener in draft.listeners.items():
        if name not in draft.by_listener and listener.redirect is None:
            message = f"no service is bound to listener {name}; connections to it are refused"
            origin = draft.site.origins.key("listeners", name)
            hint = f"add listener: {name} to a service, or remove the listener"
            found.append(diagnostics.warning("unused-listener", message, origin, hint))
    return draft.noting(found)


def _among(draft: Draft, listener: str, routes: Sequence[build.Route]) -> tuple[Diagnostic, ...]:
    """What is wrong among the routes of one listener. Most are alone with what they are for, and then there is little to compare."""
    different = set(draft.memory.each(("routes for", listener), routes, _what))
    return (
        *(_duplicates(listener, routes) if len(different) < len(routes) else ()),
        *(_both_ways(listener, routes) if len({route.side for route in routes}) > 1 else ()),
        *(_redundant(routes) if any(route.path != "/" for route in routes) else ()),
    )


_What = tuple[str, str, str, frozenset[build.Condition]]


def _what(route: build.Route) -> _What:
    return route.side, route.host_key, route.path, frozenset(route.conditions)


def _duplicates(listener: str, routes: Sequence[build.Route]) -> Iterator[Diagnostic]:
    first: dict[_What, build.Route] = {}
    for route in sorted(routes, key=lambda route: route.origin):
        winner = first.setdefault(_what(route), route)
        if winner is route:
            continue
        both = f"services {winner.service} ({winner.origin.short}) and {route.service}"
        message = f"{both} have the same route on listener {listener}: {route.shown}"
        hint = "give one of them another host, path or listener"
        yield diagnostics.error("duplicate-route", message, route.origin, hint, _both(winner, route))


_HOW: dict[build.Side, str] = {"sni": "passed through", "stream": "terminated as plain TCP", "tls": "terminated"}
_AFTER: dict[build.Side, tuple[build.Side, ...]] = {"sni": ("tls", "stream"), "stream": ("tls",), "tls": ()}
"""With which sides a host of a side is compared, so that each pair is told once."""


def _both_ways(listener: str, routes: Sequence[build.Route]) -> Iterator[Diagnostic]:
    """A host can't end here and be passed through at once: the ClientHello has no path to tell them apart."""
    by_side: dict[build.Side, dict[str, build.Route]] = {
        one: {route.host_key: route for route in routes if route.side == one} for one in _HOW
    }
    for route in (route for hosts in by_side.values() for route in hosts.values()):
        for other in (found for after in _AFTER[route.side] if (found := by_side[after].get(route.host_key))):
            message = (
                f"{route.shown} on listener {listener} is {_HOW[route.side]} for service {route.service} "
                f"and {_HOW[other.side]} for service {other.service} ({other.origin.short})"
            )
            hint = "TLS of one host name either ends here or is passed through" if route.side == "sni" else "one host name, one protocol"
            yield diagnostics.error("conflict", message, route.origin, hint, _both(route, other))


def _both(one: build.Route, other: build.Route) -> tuple[str, str]:
    return f"service {one.service}", f"service {other.service}"


def _redundant(routes: Sequence[build.Route]) -> Iterator[Diagnostic]:
    """A longer path is pointless where the next shorter one of the same host leads to the same service."""
    first: dict[_What, build.Route] = {}
    choices: dict[tuple[str, str, str], set[frozenset[build.Condition]]] = {}
    for route in routes:
        what = _what(route)
        first.setdefault(what, route)
        choices.setdefault(what[:3], set()).add(what[3])
    for route in routes:
        side, host, path, conditions = _what(route)
        nearest = next((found for shorter in targets.shorter_paths(path) if (found := first.get((side, host, shorter, conditions)))), None)
        if nearest is None or nearest.service != route.service:
            continue
        # Where others ask for conditions at one of the two paths or between them, the longer path may be there to come before them.
        between = (one for one in (path, *targets.shorter_paths(path)) if len(one) >= len(nearest.path))
        if all(len(choices.get((side, host, one), ())) <= 1 for one in between):
            message = f"the path {path} of service {route.service} never matters: {nearest.path} leads to the same service"
            yield diagnostics.warning("shadowed-route", message, route.origin, "remove the longer path")
