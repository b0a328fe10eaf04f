"""PROXY headers as a server reads them: the first bytes of a connection in, the addresses out. Pure. ``talking`` calls it.

HAProxy's doc/proxy-protocol.txt, sections 2.1 and 2.2. What writes headers is ``languages.haproxy.evaluate.wire``.
"""

from __future__ import annotations

import ipaddress
import struct
from dataclasses import dataclass

SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
"""Of version 2; version 1 starts with ``PROXY ``."""
FIRST = b"PROXY "
LONGEST_V1 = 107
HEAD_V2 = 16
"""Bytes of version 2 before the addresses."""

_SIZES = {0x1: 4, 0x2: 16}


@dataclass(frozen=True, slots=True)
class Told:
    """What a header says. ``client`` is None where it names nobody, as those of health checks may."""

    version: str
    client: str | None


def may_start(data: bytes) -> bool:
    """Whether ``data`` are the first bytes of a header."""
    return bool(data) and (FIRST.startswith(data[: len(FIRST)]) or SIGNATURE.startswith(data[: len(SIGNATURE)]))


def length_v2(head: bytes) -> int:
    """The bytes that follow the first :data:`HEAD_V2`."""
    return int(struct.unpack(">H", head[14:16])[0])


def parse_v1(line: bytes) -> Told:
    """A line without its end. Raises ValueError."""
    words = line.decode("ascii").split(" ")
    if words[0] != "PROXY" or len(words) < 2 or words[1] not in ("TCP4", "TCP6", "UNKNOWN"):
        raise ValueError(f"{line!r} is not a PROXY header")
    return Told("v1", str(ipaddress.ip_address(words[2])) if words[1] != "UNKNOWN" else None)


def parse_v2(head: bytes, rest: bytes) -> Told:
    """The head and the :func:`length_v2` bytes behind it. Raises ValueError."""
    if head[12] >> 4 != 2:
        raise ValueError(f"the PROXY header has version {head[12] >> 4}")
    size = _SIZES.get(head[13] >> 4, 0)
    if head[12] & 0xF == 0 or not size:
        return Told("v2", None)
    return Told("v2", str(ipaddress.ip_address(rest[:size])))
