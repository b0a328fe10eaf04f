"""What travels over a connection: PROXY headers in front of the client's first words, and all of it as bytes.

Comes in: the parts of a ``connection.Connection``. Goes out: the first bytes, as ``req.payload`` and ``req.len`` see them. Made by
``evaluator`` and, for each further layer, by ``servers``.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace

from hapilot.languages.haproxy.evaluate import connection

_V2_SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Wire:
    """``headers`` are PROXY headers that nobody has read yet, outermost first; ``first`` is what follows them."""

    headers: tuple[connection.ProxyHeader, ...]
    first: connection.First

    def without_header(self) -> Wire:
        """The rest, after the outermost PROXY header was read."""
        return replace(self, headers=self.headers[1:])

    def with_header(self, header: connection.ProxyHeader) -> Wire:
        """What a server sees that is sent ``header`` in front."""
        return replace(self, headers=(header, *self.headers))

    @property
    def payload(self) -> bytes:
        """The first flight of bytes."""
        return b"".join(header_bytes(header) for header in self.headers) + first_bytes(self.first)


def first_bytes(first: connection.First | connection.Request) -> bytes:
    """What the client sends first, as bytes."""
    match first:
        case connection.Tls():
            return client_hello(first.sni, first.alpn)
        case connection.Http():
            return _request_bytes(first.request)
        case connection.Ssh():
            return first.banner.encode() + b"\r\n"
        case connection.Raw():
            return first.data
        case connection.Request():
            return _request_bytes(first)
        case connection.Silent():
            return b""


def _request_bytes(request: connection.Request) -> bytes:
    """The head of a request; HTTP/2 starts with its preface (RFC 9113, section 3.4)."""
    if request.version == "2":
        return _PREFACE
    host = [("Host", request.host)] if request.host is not None else []
    lines = [f"{request.method} {request.path} HTTP/{request.version}", *(f"{name}: {value}" for name, value in [*host, *request.headers])]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")


def client_hello(sni: str | None, alpn: tuple[str, ...]) -> bytes:
    """A ClientHello in one record (RFC 8446, section 4.1.2), with the server name and the ALPN protocols, if there are any."""
    extensions = b""
    if sni is not None:
        name = sni.encode("idna" if not sni.isascii() else "ascii")
        extensions += _extension(0, struct.pack(">HBH", len(name) + 3, 0, len(name)) + name)
    if alpn:
        names = b"".join(bytes([len(name)]) + name.encode() for name in alpn)
        extensions += _extension(16, struct.pack(">H", len(names)) + names)
    extensions += _extension(43, b"\x02\x03\x04")  # supported_versions: TLS 1.3
    body = b"\x03\x03" + bytes(32) + b"\x00" + struct.pack(">HH", 2, 0x1301) + b"\x01\x00"
    body += struct.pack(">H", len(extensions)) + extensions
    handshake = b"\x01" + len(body).to_bytes(3, "big") + body
    return b"\x16\x03\x01" + struct.pack(">H", len(handshake)) + handshake


def _extension(kind: int, data: bytes) -> bytes:
    return struct.pack(">HH", kind, len(data)) + data


def header_bytes(header: connection.ProxyHeader) -> bytes:
    """The header as sent (HAProxy's doc/proxy-protocol.txt, sections 2.1 and 2.2)."""
    source, destination = header.source, header.destination
    if header.version == 1:
        if header.kind != "proxy" or source is None or destination is None:
            return b"PROXY UNKNOWN\r\n"
        return f"PROXY TCP{source.ip.version} {source.ip} {destination.ip} {source.port} {destination.port}\r\n".encode()
    if header.kind != "proxy" or source is None or destination is None:
        return _V2_SIGNATURE + b"\x20\x00\x00\x00"
    family = 0x11 if source.ip.version == 4 else 0x21
    addresses = source.ip.packed + destination.ip.packed + struct.pack(">HH", source.port, destination.port)
    if header.authority is not None:
        authority = header.authority.encode()
        addresses += struct.pack(">BH", 2, len(authority)) + authority
    return _V2_SIGNATURE + bytes([0x21, family]) + struct.pack(">H", len(addresses)) + addresses
