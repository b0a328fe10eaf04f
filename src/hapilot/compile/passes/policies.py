"""Pass: what each listener asks of clients' certificates, by name. It is decided in the handshake, so by the name in the ClientHello.

HAProxy takes what it asks from the line of its list of certificates that has the name, an exact one before a wildcard. So the list of
a listener with policies has a line for every name that a certificate or a route has (``certificates``), and the table here has the same
names: what was asked of a connection can be looked up afterwards, and compared with what the service behind a request asks for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from hapilot.base import diagnostics
from hapilot.base.diagnostics import Diagnostic
from hapilot.base.origin import BUILT_IN
from hapilot.compile import build
from hapilot.compile.draft import Draft, Entrance, Policy
from hapilot.model import service, values

NONE = "0"
"""In tables: nothing is asked."""


def make_policies(draft: Draft) -> Draft:
    """Fill in the policies and their tables; report services that can't share a host.

    >>> list(_wider("a.b.test")), list(_wider("*.b.test"))
    (['*.b.test', '*'], ['*'])
    """
    asking = (one.client_certificates for one in draft.services.values() if one.client_certificates)
    said = sorted({(one.ca, one.require) for one in asking})
    if not said:
        return draft
    draft = replace(draft, policies={each: Policy(str(number), *each) for number, each in enumerate(said, 1)})
    found = [one for entrance in draft.entrances for one in _disagreements(draft, entrance)]
    entrances = tuple(replace(entrance, policies=_policies(draft, entrance)) for entrance in draft.entrances)
    tables = tuple(_table(entrance) for entrance in entrances if entrance.policies)
    return replace(draft, entrances=entrances, tables=(*draft.tables, *tables)).noting(found)


def table_path(entrance: Entrance) -> str:
    """From names to the names of their policies."""
    return f"maps/{entrance.name}.policy.map"


def policy_of(draft: Draft, one: service.Service) -> Policy | None:
    """What a service asks for."""
    said = one.client_certificates
    return None if said is None else draft.policies.get((said.ca, said.require))


def _policies(draft: Draft, entrance: Entrance) -> dict[str, Policy | None]:
    """For every name that a certificate or a route on the listener has: the policy of the most exact route that means it."""
    ended = (*entrance.terminated, *entrance.streams)
    by_route = {route.host_key: policy_of(draft, draft.services[route.service]) for route in ended}
    if not any(by_route.values()):
        return {}
    names = {str(name) for one in draft.site.materials.certificates for name in one.hosts} | set(by_route)
    return {name: _nearest(name, by_route) for name in sorted(names)}


def _nearest(name: str, by_route: Mapping[str, Policy | None]) -> Policy | None:
    return next((by_route[one] for one in (name, *_wider(name)) if one in by_route), None)


def _wider(host: str) -> Iterator[str]:
    """The less exact keys that mean a host too."""
    if host != build.ANY_HOST:
        yield from (str(one) for one in values.parse_host(host).coverers if str(one) != host)
        yield build.ANY_HOST


def _disagreements(draft: Draft, entrance: Entrance) -> Iterator[Diagnostic]:
    """Services that can be reached for the same name and ask for different certificates."""
    by_host: dict[str, list[build.Route]] = {}
    for route in (*entrance.terminated, *entrance.streams):
        by_host.setdefault(route.host_key, []).append(route)
    for host, routes in by_host.items():
        first = min(routes, key=lambda route: route.origin)
        yield from (_disagreement(entrance, route, first) for route in routes if not _alike(draft, route, first))
        # Where no route takes every request for the host, others fall to the next less exact one.
        last = routes[-1]
        if all(route.path != "/" or route.conditions for route in routes):
            nothing: list[build.Route] = []
            fallen = next((by_host[wider] for wider in _wider(host) if wider in by_host), nothing)
            other = next((one for one in fallen if not _alike(draft, one, last)), None)
            if other is not None:
                yield _disagreement(entrance, last, other)


def _alike(draft: Draft, one: build.Route, other: build.Route) -> bool:
    return draft.services[one.service].client_certificates == draft.services[other.service].client_certificates


def _disagreement(entrance: Entrance, route: build.Route, other: build.Route) -> Diagnostic:
    host = "every other host" if route.host is None else str(route.host)
    message = (
        f"services {other.service} ({other.origin.short}) and {route.service} are both reached for {host} on listener {entrance.name} "
        "and ask for different client certificates; the handshake comes before the path is known"
    )
    hint = "give both the same client_certificates, or one of them a host of its own"
    return diagnostics.error("conflict", message, route.origin, hint, (f"service {other.service}", f"service {route.service}"))


def _table(entrance: Entrance) -> build.Table:
    origins = {route.host_key: route.origin for route in (*entrance.terminated, *entrance.streams)}
    entries = tuple(
        build.Entry(name, policy.name if policy else NONE, origins.get(name, BUILT_IN)) for name, policy in entrance.policies.items()
    )
    return build.Table(table_path(entrance), entries, f"which client certificates are asked for on {entrance.name}")
