"""Pass: routes that are the same twice, contradict each other, or can never win."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hapilot.base import diagnostics
from hapilot.base.diagnostics import Diagnostic
from hapilot.compile import build
from hapilot.compile.draft import Draft


def check_shadows(draft: Draft) -> Draft:
    """Report duplicate and shadowed routes.

    >>> list(_shorter("/a/b")), list(_shorter("/a")), list(_shorter("/"))
    (['/a', '/'], ['/'], [])
    """
    found: list[Diagnostic] = []
    for listener, routes in draft.by_listener.items():
        found += _duplicates(listener, routes)
        found += _both_ways(listener, routes)
        found += _redundant(routes)
    for name, listener in draft.listeners.items():
        if name not in draft.by_listener and listener.redirect is None:
            message = f"no service is bound to listener {name}; connections to it are refused"
            origin = draft.site.origins.key("listeners", name)
            hint = f"add listener: {name} to a service, or remove the listener"
            found.append(diagnostics.warning("unused-listener", message, origin, hint))
    return draft.noting(found)


def _what(route: build.Route) -> tuple[str, str, str]:
    return route.side, route.host_key, route.path


def _duplicates(listener: str, routes: Sequence[build.Route]) -> Iterator[Diagnostic]:
    first: dict[tuple[str, str, str], build.Route] = {}
    for route in sorted(routes, key=lambda route: route.origin):
        winner = first.setdefault(_what(route), route)
        if winner is route:
            continue
        both = f"services {winner.service} ({winner.origin.short}) and {route.service}"
        message = f"{both} have the same route on listener {listener}: {route.shown}"
        yield diagnostics.error("duplicate-route", message, route.origin, "give one of them another host, path or listener")


def _both_ways(listener: str, routes: Sequence[build.Route]) -> Iterator[Diagnostic]:
    """A host can't end here and be passed through at once: the ClientHello has no path to tell them apart."""
    ended = {route.host_key: route for route in routes if route.side == "tls"}
    for route in routes:
        other = ended.get(route.host_key)
        if route.side != "sni" or other is None:
            continue
        message = (
            f"{route.shown} on listener {listener} is passed through for service {route.service} "
            f"and terminated for service {other.service} ({other.origin.short})"
        )
        yield diagnostics.error("conflict", message, route.origin, "TLS of one host name either ends here or is passed through")


def _redundant(routes: Sequence[build.Route]) -> Iterator[Diagnostic]:
    """A longer path is pointless where the next shorter one of the same host leads to the same service."""
    first: dict[tuple[str, str, str], build.Route] = {}
    for route in routes:
        first.setdefault(_what(route), route)
    for route in routes:
        side, host, path = _what(route)
        nearest = next((found for shorter in _shorter(path) if (found := first.get((side, host, shorter)))), None)
        if nearest is not None and nearest.service == route.service:
            message = f"the path {path} of service {route.service} never matters: {nearest.path} leads to the same service"
            yield diagnostics.warning("shadowed-route", message, route.origin, "remove the longer path")


def _shorter(path: str) -> Iterator[str]:
    """The paths that cover ``path`` too, the longest first: there are as many as it has segments, however many routes there are."""
    while path != "/":
        path = path.rpartition("/")[0] or "/"
        yield path
