"""Pass: from services to routes: which host, path and conditions on which listener lead to which backend."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from hapilot.base import diagnostics
from hapilot.base.diagnostics import Diagnostic
from hapilot.compile import build
from hapilot.compile.draft import BackendPlan, Draft
from hapilot.compile.rules import conditions
from hapilot.model import fitting
from hapilot.model.listener import Listener
from hapilot.model.service import Match, Service


@dataclass(frozen=True, slots=True)
class _Ways:
    """What leads to one service: the backend for each listener, the backends to make, and the routes, of which none has a canary."""

    backends: Mapping[str, str]
    plans: tuple[BackendPlan, ...]
    routes: tuple[build.Route, ...]
    found: tuple[Diagnostic, ...]


def make_routes(draft: Draft) -> Draft:
    """Fill in ``routes``, most specific first within a listener, and the backends they lead to.

    >>> side_of(Service(tls="passthrough")), side_of(Service(protocol="ssh"))
    ('sni', 'ssh')
    """
    ways = _ways(draft)
    known = draft.memory
    canaries = {name: _with_canary(draft, name, ways) for name, one in draft.services.items() if one.canary is not None}
    with_canary = known.same_of("routes with a canary", canaries)
    usual = (draft.services.get(listener.default or "") for listener in draft.listeners.values())
    inputs = (known.row("ways in order", ways.values()), *with_canary.values(), *_listeners(draft), *usual)
    plans, routes, found = known.once("routes in order", inputs, lambda: _collected(draft, ways, with_canary))
    # Backends are the same when only places have changed.
    alike = known.same_of("plans by name", {plan.name: plan for plan in plans})
    draft = replace(draft, plans=known.row("plans", alike.values())).routing(routes)
    return draft.noting([*found, *_in_clear(draft)])


def _collected(
    draft: Draft, ways: Mapping[str, _Ways], with_canary: Mapping[str, tuple[build.Route, ...]]
) -> tuple[tuple[BackendPlan, ...], tuple[build.Route, ...], tuple[Diagnostic, ...]]:
    """All backends, all routes in their order, and what is wrong with them."""
    found = [one for way in ways.values() for one in way.found]
    plans = {plan.name: plan for way in ways.values() for plan in way.plans}
    routes = [route for name, way in ways.items() for route in with_canary.get(name) or way.routes]
    routes += [route for name in draft.listeners for route in _defaults_of(draft, name, ways, routes)]
    places = {listener: place for place, listener in enumerate(draft.listeners)}
    ordered = tuple(sorted(routes, key=lambda route: (places[route.listener], specificity(route))))
    return tuple(plans.values()), ordered, (*found, *_too_many(ordered))


def _listeners(draft: Draft) -> tuple[object, ...]:
    """The listeners and their names, as inputs for the memory."""
    return draft.memory.same("names of listeners in order", tuple(draft.listeners)), *draft.listeners.values()


def _ways(draft: Draft) -> Mapping[str, _Ways]:
    """The ways to each service."""
    each = draft.memory.each("ways", draft.parts, lambda part: _ways_to(draft, part.name, part.service.listener), *_listeners(draft))
    found = dict(zip(draft.services, each, strict=True))
    found.update((name, _ways_to(draft, name, listeners)) for name, listeners in _from_elsewhere(draft).items())
    # A service that has changed usually has the routes that it had.
    return draft.memory.same_of("ways of services", found)


def _ways_to(draft: Draft, name: str, reached: Iterable[str]) -> _Ways:
    """The ways to the service ``name``, which is ``reached`` from these listeners."""
    ports, problems = _ports(draft, name, [listener for listener in reached if listener in draft.listeners])
    alone = len(set(ports.values())) == 1
    plans = {listener: BackendPlan(name if alone else f"{name}.{port}", name, port) for listener, port in ports.items()}
    backends = {listener: plan.name for listener, plan in plans.items()}
    different = {plan.name: plan for plan in plans.values()}
    return _Ways(backends, tuple(different.values()), tuple(_routes_of(draft, name, backends, {})), tuple(problems))


def _with_canary(draft: Draft, name: str, ways: Mapping[str, _Ways]) -> tuple[build.Route, ...]:
    """The routes of a service that has a canary; nothing if there is no such service."""
    canary = draft.services[name].canary
    if canary is None or canary.service not in ways:
        return ()
    return tuple(_routes_of(draft, name, ways[name].backends, ways[canary.service].backends))


def side_of(one: Service) -> build.Side:
    """Where a listener decides about the service."""
    mode = one.tls_mode
    if mode == "passthrough":
        return "sni"
    if one.protocol == "http":
        return "plain" if mode == "none" else "tls"
    return "stream" if one.protocol == "tcp" and mode != "none" else one.protocol


def specificity(route: build.Route) -> tuple[int, int, int]:
    """Sorts the winner first: exact host, wildcard, every host; then longer paths; then more conditions."""
    host = 2 if route.host is None else int(route.host.wildcard)
    return host, -len(route.path), -len(route.conditions)


def _from_elsewhere(draft: Draft) -> dict[str, list[str]]:
    """The listeners from which each service is reached that is reached from more than its own: those whose default it is, and those of
    services whose canary it is."""
    found: dict[str, dict[str, None]] = {}
    for name, listener in draft.listeners.items():
        if listener.default is not None and listener.default in draft.services:
            found.setdefault(listener.default, dict.fromkeys(draft.services[listener.default].listener))[name] = None
    for name, one in draft.services.items():
        if one.canary is not None and one.canary.service in draft.services:
            other = one.canary.service
            found.setdefault(other, dict.fromkeys(draft.services[other].listener)).update(found.get(name) or dict.fromkeys(one.listener))
    return {name: list(listeners) for name, listeners in found.items()}


def _routes_of(draft: Draft, name: str, backends: Mapping[str, str], canaries: Mapping[str, str]) -> Iterator[build.Route]:
    """``backends`` and ``canaries``: the backends of the service and of its canary, by listener."""
    one = draft.services[name]
    origins = draft.site.origins
    further = tuple(_conditions(one.match))
    for listener in one.listener:
        backend = backends.get(listener)
        if backend is None:
            continue
        canary = canaries.get(listener, "")
        for number, host in enumerate(one.host or [None]):
            origin = origins.at("services", name, "host", number) if host else origins.key("services", name)
            for path in dict.fromkeys(one.path or ["/"]):
                yield build.Route(listener, side_of(one), name, backend, one.tls_mode, host, path, origin, further, canary)


def _conditions(match: Iterable[Match]) -> Iterator[build.Condition]:
    """What must hold besides host and path, the cheapest to ask first."""
    for one in match:
        if one.method:
            yield build.Condition("method", "", tuple(one.method))
        yield from (build.Condition("header", name, (value,)) for name, value in one.header.items())
        yield from (build.Condition("query", name, (value,)) for name, value in one.query.items())
        if one.client:
            yield build.Condition("client", "", tuple(str(network) for network in one.client))


def _too_many(routes: Iterable[build.Route]) -> Iterator[Diagnostic]:
    """Conditions that do not fit into one rule, once for each service."""
    long = (one for one in routes if one.conditions and len(conditions.words(one)) > conditions.WORD_LIMIT)
    for route in {one.service: one for one in long}.values():
        message = f"service {route.service} has more conditions than fit into one HAProxy rule"
        yield diagnostics.error("too-many-conditions", message, route.origin, "leave some out, or give it a host of its own")


def _defaults_of(draft: Draft, name: str, ways: Mapping[str, _Ways], routes: Iterable[build.Route]) -> Iterator[build.Route]:
    """Routes of every host to the listener's default service."""
    listener = draft.listeners[name]
    way = ways.get(listener.default or "")
    backend = way.backends.get(name) if way is not None else None
    if listener.default is None or backend is None:
        return
    one = draft.services[listener.default]
    origin = draft.site.origins.at("listeners", name, "default")
    present: set[build.Side] = {route.side for route in routes if route.listener == name}
    for side in _default_sides(one, listener, present):
        canary = ways[one.canary.service].backends.get(name, "") if one.canary is not None and one.canary.service in ways else ""
        yield build.Route(name, side, listener.default, backend, one.tls_mode, None, "/", origin, (), canary)


def _in_clear(draft: Draft) -> Iterator[Diagnostic]:
    """Defaults of listeners for plain HTTP that must not be served there."""
    for name, listener in draft.listeners.items():
        one = draft.services.get(listener.default or "")
        if one is not None and listener.redirect is not None and not _default_sides(one, listener, set()):
            message = f"listener {name} redirects plain HTTP, and its default {listener.default} is for TLS (tls: {one.tls_mode})"
            hint = "name a service with tls: none, or one that answers by itself (maintenance, redirect)"
            yield diagnostics.error("conflict", message, draft.site.origins.at("listeners", name, "default"), hint)


def _default_sides(one: Service, listener: Listener, present: set[build.Side]) -> list[build.Side]:
    """Requests of every kind that the listener takes anyway."""
    if fitting.kind_of(one) not in fitting.REQUESTS:
        return [side_of(one)]
    over_tls = bool(present & {"tls", "sni", "stream"})
    # What is meant for TLS is never served in clear; a page or a redirect of our own is.
    in_clear = one.tls_mode == "none" or not one.servers
    plain = in_clear and ("plain" in present or listener.redirect is not None)
    if not (over_tls or plain):
        return [] if listener.redirect is not None else [side_of(one)]
    return [*(["tls"] if over_tls else []), *(["plain"] if plain else [])]


def _ports(draft: Draft, name: str, listeners: Iterable[str]) -> tuple[dict[str, int | None], list[Diagnostic]]:
    """For each listener of the service, the port that servers without one take (None: all of them say theirs)."""
    one = draft.services[name]
    if all(server.address.port is not None for server in one.servers):
        return dict.fromkeys(listeners), []
    found: list[Diagnostic] = []
    ports: dict[str, int | None] = {}
    for listener in listeners:
        choices = {bind.port for bind in draft.listeners[listener].bind if bind.kind == "tcp"}
        if len(choices) == 1:
            ports[listener] = choices.pop()
            continue
        index = next(i for i, server in enumerate(one.servers) if server.address.port is None)
        message = f"service {name}: the server {one.servers[index].address} has no port, and listener {listener} has not exactly one"
        found.append(diagnostics.error("no-port", message, draft.site.origins.at("services", name, "servers", index), "write host:port"))
    return ports, found
