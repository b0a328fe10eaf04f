"""What the product says about a connection: a `Prediction`, which gives the `View` once it is known which server was chosen.

Comes in: a running site and a connection. Goes out: the Prediction, from ``explain`` alone. Called by the experiment.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import serialization

from hapilot.compile import authorities
from hapilot.explain import explanation, probe
from hapilot.languages.haproxy.evaluate import connection, trace
from integration.differential import papers
from integration.differential.lab import Running
from integration.differential.pool import CERTIFIED
from integration.differential.words import Connection, Proxy, View

_OF_ONE_HOP = frozenset({"connection", "content-length", "te", "transfer-encoding", "keep-alive"})
"""Headers of one hop, and the length, which follows from the body."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """What is foretold. ``view`` holds whichever of ``servers`` it is; ``said`` and ``trace`` are what explain said, and why."""

    site: Running
    asked: probe.Probe
    said: explanation.Explanation
    trace: trace.Trace | None
    view: View
    servers: tuple[int, ...] = ()

    def view_for(self, seen: int | None) -> View:
        """The View where the server that was seen answers, or the first that may be chosen, if it was none of these."""
        if not self.servers or self.view.service is None:
            return self.view
        number = seen if seen in self.servers else self.servers[0]
        service = self.view.service
        shown = self.view.certificate
        if self.site.kinds[service] == "passed":
            shown = (f"{self.site.servers[service, number].name}.test",)
        answer = self._served(service, number) if self.site.speaks_http(service) else None
        return replace(self.view, certificate=shown, server=number, answer=answer)

    def _served(self, service: str, number: int) -> tuple[tuple[str, str], ...] | None:
        """What the client gets of that server's answer."""
        place = service, number
        headers = (("content-type", "application/json"), ("x-standin", self.site.servers[place].name))
        served = trace.Answer(200, headers, server=self.site.labels[place])
        found = self.site.explainer.follow(self.asked, served)
        return None if found is None or found.answer is None else in_order(_sent(found.answer.headers))


def predict(site: Running, asked: Connection) -> Prediction:
    """All that can be said before the connection is made."""
    question = _probe(site, asked)
    said, found = site.explainer.explain(question), site.explainer.follow(question)
    view, servers = _view(site, asked, said, found)
    return Prediction(site, question, said, found, view, servers)


def _view(site: Running, asked: Connection, said: explanation.Explanation, found: trace.Trace | None) -> tuple[View, tuple[int, ...]]:
    if said.outcome in ("respond", "redirect") and not _understands(site, asked, said):
        return View("reject"), ()
    if said.outcome != "forward":
        return _answered(site, said, found), ()
    if said.service is None:
        # Our own metrics, of a hapilot that is not there.
        return View("respond", 503), ()
    if said.server_tls is not None and not _certified(said.server_tls):
        # What explain can't know: the server's certificate has another name, so that HAProxy refuses the server.
        return (View("respond", 503, certificate=_certificate(site, said)) if site.speaks_http(said.service) else View("reject")), ()
    servers = tuple(site.number(said.service, one.name) for one in said.servers)
    return _forwarded(site, said, said.service), servers


def _answered(site: Running, said: explanation.Explanation, found: trace.Trace | None) -> View:
    if said.outcome == "reject":
        return View("reject")
    answer = found.answer if found is not None else None
    return View(
        said.outcome,
        said.status,
        said.location,
        certificate=_certificate(site, said),
        answer=None if answer is None else in_order(_sent(answer.headers)),
        body=None if answer is None or answer.body is None else answer.body.decode("latin-1"),
    )


def _understands(site: Running, asked: Connection, found: explanation.Explanation) -> bool:
    """Whether HAProxy's answer is one to this client. One in clear is noise to a TLS client, and HTTP/1, which a PROXY header that
    nobody reads is taken for, to one that speaks HTTP/2; both see a broken connection."""
    if asked.kind == "https":
        return bool(found.tls and found.tls.certificate)
    return asked.version != "2" or not in_front(site, asked)


def in_front(site: Running, asked: Connection) -> bool:
    """Whether a PROXY header travels on to the next reader, because the listener does not take it."""
    listener = (site.build.site.spec.listeners or {}).get(asked.listener)
    return asked.proxy is not None and (listener is None or listener.accept_proxy == "never")


def _forwarded(site: Running, found: explanation.Explanation, service: str) -> View:
    return View(
        "forward",
        service=service,
        certificate=_certificate(site, found),
        client=unmapped(found.client_ip) if found.send_proxy and found.client_ip else None,
        send_proxy=found.send_proxy,
        server_name=found.server_tls,
        headers=in_order(_sent(found.request_headers)) if found.request_path is not None else None,
        path=found.request_path if found.request_path is None else _target(site, service, found.request_path),
    )


def unmapped(address: str) -> str:
    """The client's address. A PROXY header has room for one family, so an IPv4 client is mapped where the other end is IPv6."""
    parsed = ipaddress.ip_address(address)
    return str((parsed.version == 6 and parsed.ipv4_mapped) or parsed)


def _target(site: Running, service: str, said: str) -> str:
    """What stands in the request. In HTTP/2 an absolute target travels in parts; which version it will be, explain leaves open."""
    is_absolute = site.build.site.spec.services[service].http2 is not None and not said.startswith("/") and "://" in said
    return urlsplit(said)._replace(scheme="", netloc="").geturl() or "/" if is_absolute else said


def in_order(headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Headers by name, without those of one hop; those of one name keep their order. Blanks around a value are no part of it (RFC 9110,
    section 5.5); some releases leave those of HTTP/2 requests."""
    kept = ((name.lower(), value.strip(" ")) for name, value in headers if name.lower() not in _OF_ONE_HOP)
    return tuple(sorted(kept, key=lambda pair: pair[0]))


def _sent(headers: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    """Text of the site file as it travels, in UTF-8; clients and stand-ins read Latin-1."""
    return ((name, value.encode().decode("latin-1")) for name, value in headers)


def _certificate(site: Running, found: explanation.Explanation) -> tuple[str, ...] | None:
    return site.certificate(found.tls.certificate) if found.tls and found.tls.certificate else None


def _certified(name: str) -> bool:
    """Whether the stand-ins' certificate is for ``name``."""
    name = name.lower()
    return name in CERTIFIED or f"*.{name.partition('.')[2]}" in CERTIFIED


def _probe(site: Running, asked: Connection) -> probe.Probe:
    kind = "tcp" if asked.kind in ("silent", "bytes") else asked.kind
    by_name = asked.address in ("unix", "fd")
    return probe.Probe(
        kind=kind,
        host="127.0.0.1" if by_name else asked.address,
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
        listener=asked.listener if by_name else "",
        proxy=None if asked.proxy is None else _header(asked.proxy),
        data=asked.data.encode("latin-1") if asked.kind == "bytes" else None,
        client_certificate=None if asked.identity is None else _identity(site, asked.identity),
    )


def _identity(site: Running, name: str) -> connection.ClientCertificate:
    der = papers.leaf(name).certificate.public_bytes(serialization.Encoding.DER)
    file = papers.authority_file(name)
    loaded = site.build.site
    known = (authorities.path(loaded, said) for said in loaded.materials.authorities if said.rpartition("/")[2] == file)
    return connection.ClientCertificate(der, frozenset(known))


def _header(said: Proxy) -> connection.ProxyHeader:
    if said.kind != "proxy":
        return connection.ProxyHeader(said.version, said.kind)
    source, destination = (connection.Endpoint(ipaddress.ip_address(ip), port) for ip, port in (said.source, said.destination))
    return connection.ProxyHeader(said.version, said.kind, source, destination)
