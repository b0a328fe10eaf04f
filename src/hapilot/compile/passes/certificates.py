"""Pass: every host that is terminated here has a certificate, and none invites browsers to the wrong host."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from hapilot.base import diagnostics
from hapilot.base.diagnostics import Diagnostic
from hapilot.compile import build
from hapilot.compile.draft import Draft, Entrance
from hapilot.model import site

LIST = "certs/list"
"""The crt-list that all terminating frontends use."""


def check_certificates(draft: Draft) -> Draft:
    """Report hosts without a certificate and certificates that cover passthrough hosts; make the list of certificates."""
    found: list[Diagnostic] = []
    for entrance in draft.entrances:
        found += _uncovered(draft, entrance)
        found += _covering_passthrough(draft, entrance)
    entries = tuple(build.Entry(f"certs/{one.name}.pem", "", one.origin) for one in in_list_order(draft.site))
    table = build.Table(LIST, entries, "every certificate of the site")
    return replace(draft, tables=(*draft.tables, table)).noting(found)


def in_list_order(made: site.Site) -> tuple[site.LoadedCertificate, ...]:
    """The certificates in the order of the list: of several for one name, HAProxy shows the first."""
    return tuple(sorted(made.materials.certificates, key=lambda one: one.name))


def _uncovered(draft: Draft, entrance: Entrance) -> Iterator[Diagnostic]:
    certificates = draft.site.materials.certificates
    hint = 'add it under certificates; for trying out: certificates: [{self_signed: ["NAME"]}]'
    seen: set[str] = set()
    for route in entrance.terminated:
        if route.host is None:
            if not certificates:
                message = f"service {route.service} is terminated on listener {entrance.name}, and the site has no certificate"
                yield diagnostics.error("certificate-uncovered", message, route.origin, hint.replace("NAME", "*.example.test"))
            continue
        host = route.host
        if str(host) in seen or any(name.covers(host) for one in certificates for name in one.hosts):
            continue
        seen.add(str(host))
        message = f"no certificate covers {host} of service {route.service}"
        yield diagnostics.error("certificate-uncovered", message, route.origin, hint.replace("NAME", str(host)))


def _covering_passthrough(draft: Draft, entrance: Entrance) -> Iterator[Diagnostic]:
    """A browser may reuse a connection for every name in its certificate; the request then gets 421 and is sent again."""
    if not entrance.terminated:
        return
    for route in entrance.passed:
        host = route.host
        if host is None:
            continue
        for one in draft.site.materials.certificates:
            if any(name.covers(host) for name in one.hosts):
                message = f"the certificate {one.shown} covers {host}, which is passed through for service {route.service}"
                hint = "browsers may try it on an open connection and get 421 first; a certificate without the name avoids the detour"
                yield diagnostics.warning("certificate-covers-passthrough", message, route.origin, hint)
                break
