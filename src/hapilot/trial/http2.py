"""As much of HTTP/2 as a server needs that gives everyone the same answer: frames in, frames out. Pure. ``talking`` calls it.

RFC 9113 and RFC 7541. The headers of requests stay compressed, since nothing here depends on them; those of answers are written as
literals that are never indexed, so that there is no state on either side.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
FRAME_HEAD = 9

_DATA, _HEADERS, _SETTINGS, _PING, _GOAWAY, _WINDOW_UPDATE, _CONTINUATION = 0, 1, 4, 6, 7, 8, 9
_END_STREAM, _ACK, _END_HEADERS = 0x1, 0x1, 0x4
_STATUS = b"\x08"
"""A literal that is not indexed, with the name of index 8, ``:status`` (RFC 7541, section 6.2.2 and appendix A)."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame (RFC 9113, section 4.1)."""

    kind: int
    flags: int
    stream: int
    payload: bytes = b""

    def packed(self) -> bytes:
        """As sent."""
        return struct.pack(">I", len(self.payload))[1:] + bytes([self.kind, self.flags]) + struct.pack(">I", self.stream) + self.payload


SETTINGS = Frame(_SETTINGS, 0, 0).packed()
"""A server's first frame; nothing is asked for."""


def head(data: bytes) -> tuple[Frame, int]:
    """The :data:`FRAME_HEAD` bytes of a frame as a frame without payload, and how many bytes of payload follow."""
    return Frame(data[3], data[4], struct.unpack(">I", data[5:9])[0] & 0x7FFFFFFF), int.from_bytes(data[:3], "big")


def replies(frame: Frame) -> bytes:
    """What has to be sent because of ``frame`` whatever it is about."""
    if frame.kind == _SETTINGS and not frame.flags & _ACK:
        return Frame(_SETTINGS, _ACK, 0).packed()
    if frame.kind == _PING and not frame.flags & _ACK:
        return Frame(_PING, _ACK, 0, frame.payload).packed()
    if frame.kind == _DATA and frame.payload:
        more = struct.pack(">I", len(frame.payload))
        return Frame(_WINDOW_UPDATE, 0, 0, more).packed() + Frame(_WINDOW_UPDATE, 0, frame.stream, more).packed()
    return b""


def ends(frame: Frame) -> bool:
    """Whether the client has said goodbye."""
    return frame.kind == _GOAWAY


class Requests:
    """Tells when a request is complete: its headers have ended, and nothing follows them any more."""

    def __init__(self) -> None:
        self._last: set[int] = set()

    def completed(self, frame: Frame) -> bool:
        """Whether ``frame`` is the last one of a request."""
        if frame.kind in (_HEADERS, _DATA) and frame.flags & _END_STREAM:
            self._last.add(frame.stream)
        ended = frame.kind == _DATA or (frame.kind in (_HEADERS, _CONTINUATION) and bool(frame.flags & _END_HEADERS))
        done = ended and frame.stream in self._last
        if done:
            self._last.discard(frame.stream)
        return done


def answer(stream: int, status: int, headers: tuple[tuple[str, str], ...], body: bytes) -> bytes:
    """A whole answer; ``body`` has at most 16,384 bytes, which fit into one frame of every client."""
    block = _STATUS + _text(str(status)) + b"".join(b"\x00" + _text(name.lower()) + _text(value) for name, value in headers)
    if not body:
        return Frame(_HEADERS, _END_HEADERS | _END_STREAM, stream, block).packed()
    return Frame(_HEADERS, _END_HEADERS, stream, block).packed() + Frame(_DATA, _END_STREAM, stream, body).packed()


def _text(text: str) -> bytes:
    """A string literal without Huffman coding (RFC 7541, section 5.2)."""
    data = text.encode()
    return _number(len(data)) + data


def _number(value: int) -> bytes:
    """With a prefix of 7 bits (RFC 7541, section 5.1)."""
    if value < 0x7F:
        return bytes([value])
    found = [0x7F]
    value -= 0x7F
    while value >= 0x80:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])
