"""Short forms of the clients for this folder's tests: a browser's visit, a hello that is cut somewhere odd.

Comes in: an address, a host. Goes out: `Outcome`s. Certificates are looked at by tests and not by the client, unless a
test is about trust. Called by the tests.
"""

from __future__ import annotations

import ssl
from collections.abc import Sequence

from support import certificates, client, client_http2, clienthello, websocket
from support.client import Address, Connection, Request, Tls
from support.outcome import Outcome

HTTP2 = ("h2", "http/1.1")


def hello(sni: str | None, alpn: Sequence[str] = (), *, records: clienthello.Sizes = (), segments: clienthello.Sizes = ()) -> Tls:
    """TLS with that name, whatever certificate comes."""
    return Tls(certificates.trusting_nobody(alpn), sni, records, segments)


def https(
    address: Address,
    host: str,
    target: str = "/",
    *,
    headers: Sequence[tuple[str, str]] = (),
    source: str | None = None,
    proxy: bytes | None = None,
) -> Outcome:
    """GET over TLS with the host as SNI."""
    request = Request(target=target, host=host, headers=tuple(headers))
    return client.get(address, request, tls=hello(host), source=source, proxy=proxy)


def http(
    address: Address,
    host: str,
    target: str = "/",
    *,
    headers: Sequence[tuple[str, str]] = (),
    source: str | None = None,
    proxy: bytes | None = None,
) -> Outcome:
    """GET in clear text."""
    return client.get(address, Request(target=target, host=host, headers=tuple(headers)), source=source, proxy=proxy)


def http2(address: Address, sni: str, wanted: Sequence[Request]) -> list[Outcome]:
    """Requests over one HTTP/2 connection that was opened for ``sni``."""
    return client_http2.requests(address, wanted, tls=hello(sni, ("h2",)))


def start_of_message(sni: str) -> bytes:
    """A ClientHello of this machine's TLS library, to see where things are in it; each has the same layout."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = certificates.trusting_nobody().wrap_bio(incoming, outgoing, server_hostname=sni)
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        return outgoing.read()[5:]
    raise AssertionError("a handshake without a server")


def websocket_echo(connection: Connection, text: bytes) -> websocket.Frame:
    """Send one text frame; the frame that comes back."""
    connection.send(websocket.encode(websocket.Frame(websocket.TEXT, text), is_masked=True))
    data = connection.read_exactly(2 + len(text)).body
    decoded = websocket.decode(data)
    assert decoded is not None, data
    return decoded[0]


def open_websocket(connection: Connection, host: str) -> None:
    """Start TLS for ``host`` and change to WebSocket."""
    connection.start_tls(hello(host))
    assert connection.request(Request(host=host, headers=websocket.upgrade_headers())).status == 101
