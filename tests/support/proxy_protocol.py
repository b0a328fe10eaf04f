"""PROXY protocol headers, versions 1 and 2, built and read byte by byte.

Comes in: addresses, or bytes from a connection. Goes out: header bytes, or a `Header`. Written from the specification
(haproxy/doc/proxy-protocol.txt) and independent of the product's code, so that the two can be held against each other.
Called by the stand-in servers, the clients and the tests.
"""

from __future__ import annotations

import ipaddress
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Endpoint = tuple[str, int]
"""Address and port; a unix socket is its path and port 0."""
Tlv = tuple[int, bytes]
Family = Literal["inet", "inet6", "unix", "unspec"]

SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
V1_LIMIT = 107
"""The longest version 1 line, with its CRLF (section 2.1)."""
TLV_ALPN, TLV_AUTHORITY, TLV_CRC32C, TLV_NOOP, TLV_UNIQUE_ID, TLV_SSL, TLV_NETNS = 1, 2, 3, 4, 5, 0x20, 0x30

_FAMILIES: dict[int, Family] = {0: "unspec", 1: "inet", 2: "inet6", 3: "unix"}
_NUMBERS: dict[Family, int] = {name: number for number, name in _FAMILIES.items()}
_SIZES: dict[Family, int] = {"unspec": 0, "inet": 12, "inet6": 36, "unix": 216}


@dataclass(frozen=True, slots=True)
class Header:
    """One PROXY header. ``source`` and ``destination`` are None for LOCAL, UNKNOWN and the unspecified family."""

    version: Literal[1, 2]
    command: Literal["PROXY", "LOCAL"] = "PROXY"
    family: Family = "unspec"
    source: Endpoint | None = None
    destination: Endpoint | None = None
    tlvs: tuple[Tlv, ...] = ()
    datagram: bool = False


class Malformed(ValueError):
    """The bytes start like a PROXY header and are none."""


def family_of(endpoint: Endpoint) -> Family:
    """The family of an address: unix if it is a path (or empty), else by its version."""
    host = endpoint[0]
    if not host or host.startswith(("/", "\0", "@")):
        return "unix"
    return "inet" if ipaddress.ip_address(host).version == 4 else "inet6"


def build_v1(source: Endpoint, destination: Endpoint) -> bytes:
    """``PROXY TCP4|TCP6 …`` (section 2.1). Both addresses must be of one IP family."""
    family = family_of(source)
    if family != family_of(destination) or family == "unix":
        raise ValueError(f"version 1 can't carry {source} to {destination}")
    word = "TCP4" if family == "inet" else "TCP6"
    return f"PROXY {word} {source[0]} {destination[0]} {source[1]} {destination[1]}\r\n".encode("ascii")


def build_v1_unknown(rest: str = "") -> bytes:
    """``PROXY UNKNOWN``, with anything that may follow it up to the end of the line."""
    return f"PROXY UNKNOWN{' ' + rest if rest else ''}\r\n".encode("ascii")


def build_v2(source: Endpoint, destination: Endpoint, *, tlvs: Sequence[Tlv] = (), command: Literal["PROXY", "LOCAL"] = "PROXY") -> bytes:
    """A version 2 header for a stream connection, with TLVs (section 2.2)."""
    family = family_of(source)
    if family != family_of(destination):
        raise ValueError(f"one header can't carry {source} to {destination}")
    return _frame(command, family, _pack(family, source, destination) + _pack_tlvs(tlvs))


def build_v2_local(tlvs: Sequence[Tlv] = ()) -> bytes:
    """A version 2 LOCAL header, as health checks send it: no addresses."""
    return _frame("LOCAL", "unspec", _pack_tlvs(tlvs))


def build_v2_unspec(tlvs: Sequence[Tlv] = ()) -> bytes:
    """A version 2 PROXY header of the unspecified family: no addresses."""
    return _frame("PROXY", "unspec", _pack_tlvs(tlvs))


def parse(data: bytes) -> tuple[Header, int] | None:
    """The header at the start of ``data`` and its length in bytes; None while more bytes could complete one.

    Raises Malformed when the bytes can't be (or become) a PROXY header. See `could_start` to only look.
    """
    if data[: len(SIGNATURE)] == SIGNATURE:
        return _parse_v2(data)
    if data[:6] == b"PROXY ":
        return _parse_v1(data)
    if could_start(data):
        return None
    raise Malformed(f"no PROXY header: {data[:16]!r}")


def could_start(data: bytes) -> bool:
    """Whether ``data`` (possibly empty) is the beginning of a PROXY header."""
    return any(data[: len(mark)] == mark[: len(data)] for mark in (SIGNATURE, b"PROXY "))


def _frame(command: Literal["PROXY", "LOCAL"], family: Family, rest: bytes) -> bytes:
    transport = 0 if family == "unspec" else 1
    version_command = 0x20 | (command == "PROXY")
    return SIGNATURE + struct.pack("!BBH", version_command, _NUMBERS[family] << 4 | transport, len(rest)) + rest


def _pack(family: Family, source: Endpoint, destination: Endpoint) -> bytes:
    if family == "unix":
        return b"".join(endpoint[0].encode().ljust(108, b"\0") for endpoint in (source, destination))
    kind = socket.AF_INET if family == "inet" else socket.AF_INET6
    hosts = socket.inet_pton(kind, source[0]) + socket.inet_pton(kind, destination[0])
    return hosts + struct.pack("!HH", source[1], destination[1])


def _pack_tlvs(tlvs: Sequence[Tlv]) -> bytes:
    return b"".join(struct.pack("!BH", number, len(value)) + value for number, value in tlvs)


def _parse_v1(data: bytes) -> tuple[Header, int] | None:
    end = data.find(b"\r\n", 0, V1_LIMIT)
    if end < 0:
        if len(data) >= V1_LIMIT:
            raise Malformed("a version 1 line is longer than 107 bytes")
        return None
    words = data[:end].decode("latin-1").split(" ")
    if words[1:2] == ["UNKNOWN"]:
        return Header(1), end + 2
    families: dict[str, Family] = {"TCP4": "inet", "TCP6": "inet6"}
    if len(words) != 6 or words[1] not in families:
        raise Malformed(f"bad version 1 line: {data[:end]!r}")
    source, destination = _v1_endpoint(words[2], words[4]), _v1_endpoint(words[3], words[5])
    family = families[words[1]]
    if {family_of(source), family_of(destination)} != {family}:
        raise Malformed(f"addresses of another family: {data[:end]!r}")
    return Header(1, family=family, source=source, destination=destination), end + 2


def _v1_endpoint(host: str, port: str) -> Endpoint:
    try:
        address = ipaddress.ip_address(host)
    except ValueError as problem:
        raise Malformed(f"bad address in a version 1 line: {host!r}") from problem
    if not (port.isascii() and port.isdecimal() and int(port) < 65536) or (port[0] == "0" and port != "0"):
        raise Malformed(f"bad port in a version 1 line: {port!r}")
    return str(address), int(port)


def _parse_v2(data: bytes) -> tuple[Header, int] | None:
    if len(data) < 16:
        return None
    version_command, family_transport, length = struct.unpack("!BBH", data[12:16])
    if version_command >> 4 != 2 or version_command & 15 > 1:
        raise Malformed(f"bad version or command: {version_command:#x}")
    if family_transport >> 4 not in _FAMILIES or family_transport & 15 > 2:
        raise Malformed(f"bad family or transport: {family_transport:#x}")
    if len(data) < 16 + length:
        return None
    family = _FAMILIES[family_transport >> 4]
    rest = data[16 : 16 + length]
    if len(rest) < _SIZES[family]:
        raise Malformed(f"{len(rest)} bytes are too few for {family}")
    is_local = version_command & 15 == 0
    source, destination = (None, None) if is_local else _unpack(family, rest)
    header = Header(
        version=2,
        command="LOCAL" if is_local else "PROXY",
        family=family,
        source=source,
        destination=destination,
        tlvs=_unpack_tlvs(rest[_SIZES[family] :]),
        datagram=family_transport & 15 == 2,
    )
    return header, 16 + length


def _unpack(family: Family, rest: bytes) -> tuple[Endpoint | None, Endpoint | None]:
    if family == "unspec":
        return None, None
    if family == "unix":
        paths = [rest[at : at + 108].rstrip(b"\0").decode() for at in (0, 108)]
        return (paths[0], 0), (paths[1], 0)
    kind, size = (socket.AF_INET, 4) if family == "inet" else (socket.AF_INET6, 16)
    hosts = [socket.inet_ntop(kind, rest[at : at + size]) for at in (0, size)]
    ports = struct.unpack("!HH", rest[2 * size : 2 * size + 4])
    return (hosts[0], ports[0]), (hosts[1], ports[1])


def _unpack_tlvs(data: bytes) -> tuple[Tlv, ...]:
    tlvs: list[Tlv] = []
    while data:
        if len(data) < 3 or len(data) < 3 + int.from_bytes(data[1:3]):
            raise Malformed("a TLV is longer than the header")
        end = 3 + int.from_bytes(data[1:3])
        tlvs.append((data[0], data[3:end]))
        data = data[end:]
    return tuple(tlvs)
