"""WebSocket frames and the opening handshake's key (RFC 6455), for the stand-in servers and for clients.

Comes in: payloads or bytes. Goes out: frame bytes, or `Frame`. Extensions and fragments are left out.
"""

from __future__ import annotations

import base64
import hashlib
import os
import struct
from dataclasses import dataclass

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


@dataclass(frozen=True, slots=True)
class Frame:
    """One whole frame, unmasked."""

    opcode: int
    payload: bytes


def upgrade_headers() -> tuple[tuple[str, str], ...]:
    """The headers with which a client asks for a WebSocket."""
    key = base64.b64encode(os.urandom(16)).decode()
    return (
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", key),
    )


def accept_key(key: str) -> str:
    """What a server answers to ``Sec-WebSocket-Key``."""
    return base64.b64encode(hashlib.sha1(key.encode() + _GUID).digest()).decode()


def encode(frame: Frame, *, is_masked: bool) -> bytes:
    """A frame's bytes. Clients must mask, servers must not."""
    size = len(frame.payload)
    mask_bit = 0x80 if is_masked else 0
    if size < 126:
        head = struct.pack("!BB", 0x80 | frame.opcode, mask_bit | size)
    elif size < 65_536:
        head = struct.pack("!BBH", 0x80 | frame.opcode, mask_bit | 126, size)
    else:
        head = struct.pack("!BBQ", 0x80 | frame.opcode, mask_bit | 127, size)
    if not is_masked:
        return head + frame.payload
    mask = os.urandom(4)
    return head + mask + _xor(frame.payload, mask)


def decode(data: bytes) -> tuple[Frame, int] | None:
    """The first frame in ``data`` and its length in bytes; None while it is not whole."""
    if len(data) < 2:
        return None
    size, at = data[1] & 0x7F, 2
    if size > 125:
        at = 4 if size == 126 else 10
        if len(data) < at:
            return None
        size = int.from_bytes(data[2:at])
    mask = b""
    if data[1] & 0x80:
        mask, at = data[at : at + 4], at + 4
    if len(data) < at + size:
        return None
    payload = data[at : at + size]
    return Frame(data[0] & 15, _xor(payload, mask) if mask else payload), at + size


def _xor(payload: bytes, mask: bytes) -> bytes:
    repeated = (mask * (len(payload) // 4 + 1))[: len(payload)]
    return (int.from_bytes(payload) ^ int.from_bytes(repeated)).to_bytes(len(payload))
