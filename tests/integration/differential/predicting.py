"""What the product says about a connection, as a `View`.

Comes in: a running site and a connection. Goes out: the View, from ``explain`` alone. Called by the experiment.
"""

from __future__ import annotations

import ipaddress

from hapilot.explain import explanation, probe
from hapilot.languages.haproxy.evaluate import connection
from integration.differential.lab import Running
from integration.differential.pool import CERTIFIED
from integration.differential.words import Connection, Proxy, View


def explain(site: Running, asked: Connection) -> explanation.Explanation:
    """The whole explanation."""
    return site.explainer.explain(_probe(site, asked))


def predict(site: Running, asked: Connection) -> View:
    """The part of it that can be compared."""
    found = explain(site, asked)
    if found.outcome != "forward" or found.service is None:
        shown = found.tls.certificate if found.tls and found.outcome != "reject" else None
        names = site.certificate(shown) if shown else None
        return View(found.outcome, found.status, found.location, found.service, certificate=names)
    return _forwarded(site, found, found.service)


def _forwarded(site: Running, found: explanation.Explanation, service: str) -> View:
    kind = site.kinds[service]
    if kind == "reencrypt" and not _certified(found.server_tls):
        # What explain can't know: the server's certificate has another name, so that HAProxy refuses the server.
        return View("respond", 503, certificate=_certificate(site, found))
    return View(
        "forward",
        service=service,
        certificate=_certificate(site, found) if kind != "passed" else (f"{site.servers[service].name}.test",),
        client=found.client_ip if found.send_proxy else None,
        send_proxy=found.send_proxy,
        server_name=found.server_tls,
        headers=in_order(found.request_headers) if found.request_path is not None else None,
        path=found.request_path,
    )


def in_order(headers: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """Headers by name; those of one name keep their order."""
    return tuple(sorted(((name.lower(), value) for name, value in headers), key=lambda pair: pair[0]))


def _certificate(site: Running, found: explanation.Explanation) -> tuple[str, ...] | None:
    return site.certificate(found.tls.certificate) if found.tls and found.tls.certificate else None


def _certified(name: str | None) -> bool:
    """Whether the stand-ins' certificate is for ``name``; without a name HAProxy checks the CA alone."""
    if name is None:
        return True
    label, _, parent = name.partition(".")
    return name in CERTIFIED or bool(label and f"*.{parent}" in CERTIFIED)


def _probe(site: Running, asked: Connection) -> probe.Probe:
    kind = "tcp" if asked.kind in ("silent", "bytes") else asked.kind
    return probe.Probe(
        kind=kind,
        host=asked.address,
        port=site.ports[asked.listener],
        path=asked.path,
        source=asked.source,
        headers=asked.headers,
        version=asked.version,
        method=asked.method,
        sni=asked.sni,
        without_sni=asked.sni is None,
        authority=asked.host,
        without_host=asked.host is None,
        proxy=None if asked.proxy is None else _header(asked.proxy),
        data=asked.data.encode("latin-1") if asked.kind == "bytes" else None,
    )


def _header(said: Proxy) -> connection.ProxyHeader:
    if said.kind != "proxy":
        return connection.ProxyHeader(said.version, said.kind)
    source, destination = (connection.Endpoint(ipaddress.ip_address(ip), port) for ip, port in (said.source, said.destination))
    return connection.ProxyHeader(said.version, said.kind, source, destination)
