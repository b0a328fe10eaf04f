"""HTTP/2 frames as bytes, right or wrong, and the frames of an answer.

Comes in: fields as bytes. Goes out: bytes that no HTTP/2 library would write, such as upper-case names, line ends in values or a
header block without its end (RFC 9113; field blocks are RFC 7541 literals that need no table). `answers` reads what comes back.
Called by the vectors and floods of behaviour under abuse; client_http2 is for all that a library can send.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import hpack

from support.client import Connection

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 2, 3, 4, 6, 7, 8, 9
END_STREAM = ACK = 0x1
END_HEADERS = 0x4
HEAD = 9
"""Bytes of a frame's head."""
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
CANCEL = 8

Fields = Sequence[tuple[bytes, bytes]]


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """One frame (RFC 9113, section 4.1)."""
    return len(payload).to_bytes(3) + bytes((kind, flags)) + stream.to_bytes(4) + payload


def settings(*pairs: tuple[int, int]) -> bytes:
    """A SETTINGS frame."""
    return frame(SETTINGS, 0, 0, b"".join(number.to_bytes(2) + value.to_bytes(4) for number, value in pairs))


def block(fields: Fields) -> bytes:
    """A field block of literals without indexing (RFC 7541, section 6.2.2): the bytes of names and values as they are."""
    return b"".join(b"\x00" + _string(name) + _string(value) for name, value in fields)


def headers(stream: int, fields: Fields, *, ends: bool = True) -> bytes:
    """A whole field block in one HEADERS frame; ``ends`` closes the stream."""
    return frame(HEADERS, END_HEADERS | (END_STREAM if ends else 0), stream, block(fields))


def continued(stream: int, fields: Fields, size: int) -> bytes:
    """A whole field block that closes the stream, in a HEADERS frame and CONTINUATION frames of ``size`` bytes."""
    content = block(fields)
    pieces = [content[at : at + size] for at in range(0, len(content), size)]
    wire = frame(HEADERS, END_STREAM, stream, pieces[0])
    wire += b"".join(frame(CONTINUATION, 0, stream, piece) for piece in pieces[1:-1])
    return wire + frame(CONTINUATION, END_HEADERS, stream, pieces[-1])


def data(stream: int, content: bytes, *, ends: bool = True) -> bytes:
    """A DATA frame."""
    return frame(DATA, END_STREAM if ends else 0, stream, content)


def reset(stream: int, code: int = CANCEL) -> bytes:
    """A RST_STREAM frame."""
    return frame(RST_STREAM, 0, stream, code.to_bytes(4))


def request(
    method: bytes = b"GET", path: bytes = b"/first", authority: bytes = b"web.example.test", scheme: bytes = b"https"
) -> list[tuple[bytes, bytes]]:
    """The pseudo-header fields of a request."""
    return [(b":method", method), (b":scheme", scheme), (b":authority", authority), (b":path", path)]


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame that came."""

    kind: int
    flags: int
    stream: int
    payload: bytes


def received(connection: Connection, timeout: float = 5.0) -> Iterator[Frame]:
    """The frames that come until the connection ends or nothing comes for ``timeout`` seconds."""
    while (head := connection.read_exactly(HEAD, timeout)).ok:
        size = int.from_bytes(head.body[:3])
        payload = connection.read_exactly(size, timeout).body if size else b""
        yield Frame(head.body[3], head.body[4], int.from_bytes(head.body[5:9]) & 0x7FFF_FFFF, payload)


def answers(connection: Connection, stream: int, timeout: float = 5.0) -> list[str]:
    """What comes up to the end of ``stream``: each status on any stream, then ``reset``, ``goaway`` or ``closed`` if that ends it."""
    decoder = hpack.Decoder()
    said: list[str] = []
    for one in received(connection, timeout):
        if one.kind == HEADERS:
            said.append(str(dict(decoder.decode(one.payload, raw=True))[b":status"], "ascii"))
        if one.kind == GOAWAY:
            return [*said, "goaway"]
        if one.kind == RST_STREAM and one.stream == stream:
            return [*said, "reset"]
        if one.kind in (HEADERS, DATA) and one.stream == stream and one.flags & END_STREAM:
            return said
    return [*said, "closed"]


def _string(text: bytes) -> bytes:
    """Its length in seven bits and more (RFC 7541, section 5.1), then the bytes as they are."""
    length = len(text)
    if length < 0x7F:
        return bytes((length,)) + text
    length -= 0x7F
    head = bytearray((0x7F,))
    while length >= 0x80:
        head.append(length & 0x7F | 0x80)
        length >>= 7
    return bytes((*head, length)) + text
