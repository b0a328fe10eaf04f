"""Pass: what each listener asks of clients' certificates, by host. It is decided in the handshake, so by the name in the ClientHello."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from hapilot.base import diagnostics
from hapilot.base.diagnostics import Diagnostic
from hapilot.compile import build
from hapilot.compile.draft import Draft, Entrance, Policy
from hapilot.model import values
from hapilot.model.service import ClientCertificates

NONE = "0"
"""In tables: nothing is asked."""


def make_policies(draft: Draft) -> Draft:
    """Fill in the entrances' ``policies`` and their tables; report services that can't share a host."""
    said = sorted(
        {(one.client_certificates.ca, one.client_certificates.require) for one in draft.services.values() if one.client_certificates}
    )
    policies = {each: Policy(str(number), *each) for number, each in enumerate(said, 1)}
    if not policies:
        return draft
    found = [one for entrance in draft.entrances for one in _disagreements(draft, entrance)]
    entrances = tuple(replace(entrance, policies=_policies(draft, entrance, policies)) for entrance in draft.entrances)
    tables = tuple(_table(entrance) for entrance in entrances if entrance.policies)
    return replace(draft, entrances=entrances, tables=(*draft.tables, *tables)).noting(found)


def table_path(entrance: Entrance) -> str:
    """From hosts to the names of their policies."""
    return f"maps/{entrance.name}.policy.map"


def _policies(draft: Draft, entrance: Entrance, known: Mapping[tuple[str, bool], Policy]) -> dict[str, Policy | None]:
    def of(said: ClientCertificates | None) -> Policy | None:
        return None if said is None else known[said.ca, said.require]

    ended = (*entrance.terminated, *entrance.streams)
    found = {route.host_key: of(draft.services[route.service].client_certificates) for route in ended}
    return {host: policy for host, policy in found.items() if policy is not None or _excepted(host, found)}


def _excepted(host: str, policies: Mapping[str, Policy | None]) -> bool:
    """Whether a host without a policy is covered by a less exact one that has one."""
    wider = () if host == build.ANY_HOST else (*(str(one) for one in values.parse_host(host).coverers if str(one) != host), build.ANY_HOST)
    return next((policies[one] for one in wider if one in policies), None) is not None


def _disagreements(draft: Draft, entrance: Entrance) -> Iterator[Diagnostic]:
    first: dict[str, build.Route] = {}
    for route in (*entrance.terminated, *entrance.streams):
        other = first.setdefault(route.host_key, route)
        if draft.services[route.service].client_certificates != draft.services[other.service].client_certificates:
            host = "every other host" if route.host is None else str(route.host)
            message = (
                f"services {other.service} ({other.origin.short}) and {route.service} share {host} on listener {entrance.name} "
                "and ask for different client certificates; the handshake comes before the path is known"
            )
            yield diagnostics.error(
                "conflict", message, route.origin, "give both the same client_certificates, or one of them a host of its own"
            )


def _table(entrance: Entrance) -> build.Table:
    origins = {route.host_key: route.origin for route in (*entrance.terminated, *entrance.streams)}
    entries = tuple(build.Entry(host, policy.name if policy else NONE, origins[host]) for host, policy in sorted(entrance.policies.items()))
    return build.Table(table_path(entrance), entries, f"which client certificates hosts on {entrance.name} ask for")
