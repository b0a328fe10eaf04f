"""Pass: every host that is terminated here has a certificate, and none invites browsers to the wrong host."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from hapilot.base import diagnostics
from hapilot.base.diagnostics import Diagnostic
from hapilot.compile import authorities, build
from hapilot.compile.draft import Draft, Entrance, Policy
from hapilot.model import site, values

LIST = "certs/list"
"""The crt-list of terminating frontends that need none of their own."""


def check_certificates(draft: Draft) -> Draft:
    """Report hosts without a certificate and certificates that cover passthrough hosts; make the list of certificates."""
    found: list[Diagnostic] = []
    row = draft.memory.row("certificates", draft.site.materials.certificates)
    firsts = draft.memory.once("first certificates", (row,), lambda: first_with(row))
    for entrance in draft.entrances:
        found += _uncovered(draft, entrance, firsts)
        found += _covering_passthrough(draft, entrance, firsts)
    entries = tuple(build.Entry(f"certs/{one.name}.pem", "", one.origin) for one in in_list_order(draft.site))
    lists = [build.Table(LIST, entries, "every certificate of the site")]
    lists += [_own_list(draft, entrance) for entrance in draft.entrances if list_path(entrance) != LIST]
    return replace(draft, tables=(*draft.tables, *lists)).noting(found)


def list_path(entrance: Entrance) -> str:
    """The crt-list of a listener: its own where hosts differ in what is asked of clients, or one certificate is for all other names."""
    own = entrance.policies or entrance.default_hosts
    return f"certs/{entrance.name}.list" if own else LIST


def _own_list(draft: Draft, entrance: Entrance) -> build.Table:
    """A line for each name and each certificate that covers it. HAProxy looks among exact names, then among wildcards, and may prefer
    another kind of key to an exact name; so a certificate has every name that it covers, and what is asked does not depend on which
    is shown. Names that a certificate has besides (its common name) do not count where a line has names. The very first line is for
    clients that say no name, or an unknown one, if anything is."""
    by_name: dict[values.HostPattern, list[site.LoadedCertificate]] = {}
    for one in in_list_order(draft.site):
        for name in one.hosts:
            by_name.setdefault(name, []).append(one)
    names = dict.fromkeys((*entrance.default_hosts, *(entrance.policies or map(str, by_name))))
    lines: dict[str, build.Entry] = {}
    for name in names:
        if name != build.ANY_HOST:
            asked = _asked(draft, entrance.policies.get(name))
            for one in (one for pattern in values.parse_host(name).coverers for one in by_name.get(pattern, ())):
                key = f"certs/{one.name}.pem{asked} {name}"
                lines[key] = build.Entry(key, "", one.origin)
    return build.Table(list_path(entrance), tuple(lines.values()), f"certificates on {entrance.name}, and what is asked of clients")


def _asked(draft: Draft, policy: Policy | None) -> str:
    if policy is None:
        return ""
    return f" [verify {'required' if policy.require else 'optional'} ca-file {authorities.path(draft.site, policy.ca)}]"


def in_list_order(made: site.Site) -> tuple[site.LoadedCertificate, ...]:
    """The certificates in the order of the list: of several for one name, HAProxy shows the first."""
    return tuple(sorted(made.materials.certificates, key=lambda one: one.name))


@dataclass(frozen=True, slots=True)
class First:
    """The first certificate with some name, and its place among the others."""

    place: int
    certificate: site.LoadedCertificate


def first_with(certificates: Iterable[site.LoadedCertificate]) -> dict[values.HostPattern, First]:
    """For each name in the certificates, the first that has it."""
    found: dict[values.HostPattern, First] = {}
    for place, one in enumerate(certificates):
        for name in one.hosts:
            found.setdefault(name, First(place, one))
    return found


def _uncovered(draft: Draft, entrance: Entrance, firsts: Mapping[values.HostPattern, First]) -> Iterator[Diagnostic]:
    ended = (*entrance.terminated, *entrance.streams)
    has_any = bool(draft.site.materials.certificates)
    hosts = [route.host for route in ended]
    covered = draft.memory.each(
        ("covered", entrance.name), hosts, lambda host: has_any if host is None else _covers(firsts, host), firsts, has_any
    )
    if all(covered):
        return
    hint = 'add it under certificates; for trying out: certificates: [{self_signed: ["NAME"]}]'
    seen: set[str] = set()
    for route in (route for route, is_covered in zip(ended, covered, strict=True) if not is_covered):
        if route.host is None:
            message = f"service {route.service} is terminated on listener {entrance.name}, and the site has no certificate"
            yield diagnostics.error("certificate-uncovered", message, route.origin, hint.replace("NAME", "*.example.test"))
        elif str(route.host) not in seen:
            seen.add(str(route.host))
            message = f"no certificate covers {route.host} of service {route.service}"
            yield diagnostics.error("certificate-uncovered", message, route.origin, hint.replace("NAME", str(route.host)))


def _covers(firsts: Mapping[values.HostPattern, First], host: values.HostPattern) -> bool:
    return any(name in firsts for name in host.coverers)


def _covering_passthrough(draft: Draft, entrance: Entrance, firsts: Mapping[values.HostPattern, First]) -> Iterator[Diagnostic]:
    """A browser may reuse a connection for every name in its certificate; the request then gets 421 and is sent again."""
    if not (entrance.terminated or entrance.streams):
        return
    hosts = [route.host for route in entrance.passed]
    covered = draft.memory.each(("passed on", entrance.name), hosts, lambda host: host is not None and _covers(firsts, host), firsts)
    for route in (route for route, is_covered in zip(entrance.passed, covered, strict=True) if is_covered):
        host = route.host
        if host is None:
            continue
        found = [firsts[name] for name in host.coverers if name in firsts]
        if found:
            one = min(found, key=lambda first: first.place).certificate
            message = f"the certificate {one.shown} covers {host}, which is passed through for service {route.service}"
            hint = "browsers may try it on an open connection and get 421 first; a certificate without the name avoids the detour"
            yield diagnostics.warning("certificate-covers-passthrough", message, route.origin, hint)
