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
    if found.outcome in ("respond", "redirect") and not _understands(site, asked, found):
        return View("reject")
    if found.outcome != "forward" or found.service is None:
        shown = found.tls.certificate if found.tls and found.outcome != "reject" else None
        names = site.certificate(shown) if shown else None
        return View(found.outcome, found.status, found.location, found.service, certificate=names)
    return _forwarded(site, found, found.service)


def _understands(site: Running, asked: Connection, found: explanation.Explanation) -> bool:
    """Whether HAProxy's answer is one to this client. One in clear is noise to a TLS client, and HTTP/1, which a PROXY header that
    nobody reads is taken for, to one that speaks HTTP/2; both see a broken connection."""
    if asked.kind == "https":
        return bool(found.tls and found.tls.certificate)
    return asked.version != "2" or not in_front(site, asked)


def in_front(site: Running, asked: Connection) -> bool:
    """Whether a PROXY header travels on to the next reader, because the listener does not take it."""
    listener = (site.build.site.spec.listeners or {})[asked.listener]
    return asked.proxy is not None and listener.accept_proxy == "never"


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
    parent = name.partition(".")[2]
    return name in CERTIFIED or f"*.{parent}" in CERTIFIED


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
