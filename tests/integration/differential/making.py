"""The connection itself, byte by byte, and what came of it, as a `View`.

Comes in: a running site and a connection. Goes out: the View, from the client's side and from what the stand-in server
tells it saw. Nothing here knows what was predicted. Called by the experiment.
"""

from __future__ import annotations

import functools
import ssl
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from integration.differential import papers, predicting
from integration.differential.lab import Running
from integration.differential.words import Connection, Proxy, View
from support import certificates, client, client_http2, proxy_protocol
from support.outcome import Outcome

PATIENCE = 4.0
"""How long a client waits at most, in seconds: longer than every timeout of the sites."""
_ALERT = b"\x15\x03"
"""A TLS alert (RFC 8446, section 5.1)."""


class Puzzling(Exception):
    """The answer is of no kind that a View has."""


def make(site: Running, wanted: Connection) -> View:
    """Connects, speaks, and tells what came of it."""
    header = None if wanted.proxy is None else header_bytes(wanted.proxy)
    is_local = wanted.address == "unix"
    place = site.socket(wanted.listener) if is_local else (_address(wanted), site.ports[wanted.listener])
    # What nobody takes for a PROXY header is answered at once: the rest must not come when HAProxy has closed already.
    waits = header is not None and wanted.kind == "http" and wanted.version != "2" and predicting.in_front(site, wanted)
    first = None if waits else header
    with client.connect(place, proxy=first, source=None if is_local else wanted.source, timeout=PATIENCE) as connection:
        outcome = _request(connection, wanted, "http", header or b"") if waits else _speak(connection, wanted)
        view = _view(site, wanted, outcome)
        if outcome.ok and view.send_proxy and connection.failure is None and not is_local:
            _check_ends(site, wanted, connection.local, outcome.json()["proxy"])
        return view


def _address(wanted: Connection) -> str:
    return "127.0.0.1" if wanted.address == "fd" else wanted.address


def header_bytes(said: Proxy) -> bytes:
    """The PROXY header."""
    if said.kind == "unknown":
        return proxy_protocol.build_v1_unknown()
    if said.kind == "local":
        return proxy_protocol.build_v2_local()
    build = proxy_protocol.build_v1 if said.version == 1 else proxy_protocol.build_v2
    return build(said.source, said.destination)


def _speak(connection: client.Connection, wanted: Connection) -> Outcome:
    match wanted.kind:
        case "ssh":
            connection.send(b"SSH-2.0-OpenSSH_9.2\r\n")
            return _listen(connection)
        case "bytes":
            connection.send(wanted.data.encode("latin-1"))
            return _listen(connection)
        case "silent":
            return _listen(connection)
        case "https":
            how = client.Tls(_context(wanted), wanted.sni, wanted.records, wanted.segments, pause=0.001)
            shaken = connection.start_tls(how, PATIENCE)
            return _request(connection, wanted, "https") if shaken.ok else shaken
        case "http":
            return _request(connection, wanted, "http")


def _listen(connection: client.Connection) -> Outcome:
    """What a server says by itself: a line; one of SSH's tells what it saw once it has our banner."""
    first = connection.read_until(b"\n", PATIENCE)
    if first.ok and first.body.startswith(b"SSH-"):
        connection.send(b"SSH-2.0-client\r\n")
        return connection.read_until(b"\n", PATIENCE)
    return first


def _request(connection: client.Connection, wanted: Connection, scheme: str, before: bytes = b"") -> Outcome:
    if wanted.version == "2" and (scheme == "http" or connection.alpn == "h2"):
        request = client.Request(wanted.method, wanted.path, wanted.host, wanted.headers)
        opened = client_http2.Http2(connection, scheme)
        if wanted.before is not None:
            opened.request(client.Request(host=wanted.before), PATIENCE)
        return opened.request(request, PATIENCE)
    version = "1.1" if wanted.version == "2" else wanted.version
    lines = [f"{wanted.method} {wanted.path} HTTP/{version}"]
    lines += [f"Host: {wanted.host}"] if wanted.host is not None else []
    lines += [f"{name}: {value}" for name, value in wanted.headers]
    sent = connection.send(before + ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
    if sent.kind not in ("bytes", "reset"):
        return sent
    return connection.read_response(timeout=PATIENCE)


@functools.cache
def _offering(protocols: tuple[str, ...], identity: str | None, old: bool) -> ssl.SSLContext:
    context = certificates.trusting_nobody(protocols)
    if old:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    if identity is not None:
        with tempfile.TemporaryDirectory() as folder:
            files = papers.leaf(identity).write(Path(folder))
            context.load_cert_chain(files.certificate, files.key)
    return context


def _context(wanted: Connection) -> ssl.SSLContext:
    usual = ("http/1.1",) if wanted.alpn else ()
    protocols = ("h2", "http/1.1") if wanted.version == "2" else usual
    filling = tuple(f"{number:0200}" for number in range(8)) if wanted.long_hello else ()
    return _offering((*protocols, *filling), wanted.identity, wanted.old_tls)


def _view(site: Running, wanted: Connection, outcome: Outcome) -> View:
    names = outcome.peer_names or None
    if outcome.kind == "response":
        return _answered(site, wanted, outcome, names)
    if outcome.kind == "bytes" and outcome.standin:
        return _forwarded(site, outcome.json(), None)
    if outcome.kind == "bytes" and outcome.body.startswith(b"HTTP/1."):
        return View("respond", int(outcome.body.split(b" ")[1]))
    if _is_reject(wanted, outcome):
        return View("reject")
    raise Puzzling(f"{outcome}")


def _is_reject(wanted: Connection, outcome: Outcome) -> bool:
    """Whether nobody spoke to the client: closed, an alert, or for TLS an answer in clear, which is the same to it."""
    if outcome.kind == "bytes":
        return outcome.body.startswith(_ALERT)
    if outcome.kind == "garbage":
        return wanted.kind == "https" and outcome.detail == "WRONG_VERSION_NUMBER"
    return outcome.kind in ("closed", "reset", "refused", "tls-alert")


def _answered(site: Running, wanted: Connection, outcome: Outcome, names: tuple[str, ...] | None) -> View:
    answer = predicting.in_order(pair for pair in outcome.headers if not pair[0].startswith(":"))
    if (told := _told(outcome)) is not None:
        view = _forwarded(site, told, names)
        if view.service is None or site.speaks_http(view.service):
            return replace(view, answer=answer)
        _check_untouched(wanted, outcome, told)
        return view
    location = outcome.header("location")
    kind = "redirect" if location and 300 <= outcome.status < 400 else "respond"
    return View(kind, outcome.status, location, certificate=names, answer=answer, body=outcome.body.decode("latin-1"))


def _told(outcome: Outcome) -> dict[str, Any] | None:
    """What a stand-in says that it saw; None for HAProxy's own answers. Headers of the answer do not tell: HAProxy may change them."""
    try:
        told = outcome.json()
    except ValueError:
        return None
    return told if isinstance(told, dict) and "server" in told else None  # pyright: ignore[reportUnknownVariableType]


def _forwarded(site: Running, told: dict[str, Any], names: tuple[str, ...] | None) -> View:
    header = told["proxy"]
    service, number = site.server(told["server"])
    is_request = bool(told["method"]) and site.speaks_http(service)
    headers = tuple((name, value) for name, value in told["headers"] if not name.startswith(":"))
    authority = tuple(("host", value) for name, value in told["headers"] if name == ":authority")
    return View(
        "forward",
        service=service,
        certificate=names,
        client=predicting.unmapped(header["src"][0]) if header and header["src"] else None,
        send_proxy=f"v{header['version']}" if header else None,
        server_name=told["tls"]["sni"] if told["tls"] and site.kinds[service] != "passed" else None,
        headers=predicting.in_order((*authority, *headers)) if is_request else None,
        path=told["target"] if is_request else None,
        server=number,
    )


def _check_untouched(wanted: Connection, outcome: Outcome, told: dict[str, Any]) -> None:
    """Raises Puzzling where HAProxy does not see requests and something of the request, or of the answer, is not as it was sent."""
    if told["version"].startswith("HTTP/2"):
        return
    sent = (*((("Host", wanted.host),) if wanted.host is not None else ()), *wanted.headers)
    came = tuple((name, value) for name, value in told["headers"])
    names = [name for name, _ in outcome.headers]
    if came != tuple((name, value.strip()) for name, value in sent) or names != ["Content-Type", "Content-Length", "X-Standin"]:
        raise Puzzling(f"{sent} came as {came}; the answer has {names}")


def _check_ends(site: Running, wanted: Connection, local: tuple[str, int], header: dict[str, Any]) -> None:
    """Raises Puzzling where the PROXY header has other ports, or another destination, than the client's connection.

    The client's port is its own as long as its address is: an address from X-Forwarded-For has none.
    """
    source, destination = local, (_address(wanted), site.ports[wanted.listener])
    if wanted.proxy is not None and wanted.proxy.kind == "proxy" and not predicting.in_front(site, wanted):
        source, destination = wanted.proxy.source, wanted.proxy.destination
    seen = [(predicting.unmapped(host), port) for host, port in (header["src"], header["dst"])]
    if seen[1] != destination or (seen[0][0] == source[0] and seen[0][1] != source[1]):
        raise Puzzling(f"the PROXY header says {seen}, and the connection is {[source, destination]}")
