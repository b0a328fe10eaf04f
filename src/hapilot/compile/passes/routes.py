"""Pass: from services to routes: which host and path on which listener leads to which backend."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from hapilot.base import diagnostics
from hapilot.base.diagnostics import Diagnostic
from hapilot.compile import build
from hapilot.compile.draft import BackendPlan, Draft
from hapilot.model.service import Service


def make_routes(draft: Draft) -> Draft:
    """Fill in ``routes``, most specific first within a listener, and the backends they lead to.

    >>> side_of(Service(tls="passthrough")), side_of(Service(protocol="ssh"))
    ('sni', 'ssh')
    """
    found: list[Diagnostic] = []
    routes: list[build.Route] = []
    plans: dict[str, BackendPlan] = {}
    for name, one in draft.services.items():
        ports, problems = _ports(draft, name, one)
        found += problems
        alone = len(set(ports.values())) == 1
        for listener in one.listener:
            if listener not in ports:
                continue
            plan = BackendPlan(name if alone else f"{name}.{ports[listener]}", name, ports[listener])
            plans[plan.name] = plan
            routes += _routes_of(draft, name, listener, plan.name)
    places = {listener: place for place, listener in enumerate(draft.listeners)}
    ordered = sorted(routes, key=lambda route: (places[route.listener], specificity(route)))
    return replace(draft, plans=tuple(plans.values())).routing(ordered).noting(found)


def side_of(one: Service) -> build.Side:
    """Where a listener decides about the service."""
    mode = one.tls_mode
    if mode == "passthrough":
        return "sni"
    if one.protocol == "http":
        return "plain" if mode == "none" else "tls"
    return one.protocol


def specificity(route: build.Route) -> tuple[int, int]:
    """Sorts the winner first: exact host, wildcard, every host; then longer paths."""
    host = 2 if route.host is None else int(route.host.wildcard)
    return host, -len(route.path)


def _routes_of(draft: Draft, name: str, listener: str, backend: str) -> Iterator[build.Route]:
    one = draft.services[name]
    origins = draft.site.origins
    for number, host in enumerate(one.host or [None]):
        origin = origins.at("services", name, "host", number) if host else origins.key("services", name)
        for path in dict.fromkeys(one.path or ["/"]):
            yield build.Route(listener, side_of(one), name, backend, one.tls_mode, host, path, origin)


def _ports(draft: Draft, name: str, one: Service) -> tuple[dict[str, int | None], list[Diagnostic]]:
    """For each listener of the service, the port that servers without one take (None: all of them say theirs)."""
    if all(server.address.port is not None for server in one.servers):
        return dict.fromkeys((name for name in one.listener if name in draft.listeners), None), []
    found: list[Diagnostic] = []
    ports: dict[str, int | None] = {}
    for listener in one.listener:
        if listener not in draft.listeners:
            continue
        choices = {bind.port for bind in draft.listeners[listener].bind if bind.kind == "tcp"}
        if len(choices) == 1:
            ports[listener] = choices.pop()
            continue
        index = next(i for i, server in enumerate(one.servers) if server.address.port is None)
        message = f"service {name}: the server {one.servers[index].address} has no port, and listener {listener} has not exactly one"
        found.append(diagnostics.error("no-port", message, draft.site.origins.at("services", name, "servers", index), "write host:port"))
    return ports, found
