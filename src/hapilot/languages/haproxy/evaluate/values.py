"""Sample values and how HAProxy turns one kind into another.

Comes in and goes out: Python values that stand for HAProxy's sample types (bool, signed integer, string, binary, IPv4 and IPv6 address).
Used by fetches, converters and matching. The casts are those of ``sample_casts`` in HAProxy's ``sample.c``.
"""

from __future__ import annotations

import binascii
import ipaddress
import re

from hapilot.languages.haproxy.evaluate.connection import Address

Value = bool | int | str | bytes | ipaddress.IPv4Address | ipaddress.IPv6Address

_LEADING_DIGITS = re.compile(r"[+-]?[0-9]+")


class Unknown(Exception):
    """The answer depends on something that the evaluator does not know. The text says on what."""


def as_text(value: Value) -> str:
    """A string; binary data ends at its first NUL."""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, bytes):
        return value.partition(b"\0")[0].decode("utf-8", "surrogateescape")
    return _ipv6(value) if isinstance(value, ipaddress.IPv6Address) else str(value)


def _ipv6(address: ipaddress.IPv6Address) -> str:
    """As the C library writes it: with dots where it holds an IPv4 address (glibc's inet_ntop)."""
    number = int(address)
    if number >> 32 == 0xFFFF:
        return f"::ffff:{ipaddress.IPv4Address(number & 0xFFFF_FFFF)}"
    return f"::{ipaddress.IPv4Address(number)}" if 0xFFFF < number < 1 << 32 else str(address)


def as_bytes(value: Value) -> bytes:
    """Binary data; addresses in network order, integers and booleans as 8 bytes."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, ipaddress.IPv4Address | ipaddress.IPv6Address):
        return value.packed
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape")
    return int(value).to_bytes(8, "big", signed=True)


def from_base64(text: str) -> bytes:
    """What ``base64dec`` makes of a text: groups of four characters, each with its own padding. Raises ValueError for anything else."""
    groups = (text[start : start + 4] for start in range(0, len(text), 4))
    return b"".join(binascii.a2b_base64(group, strict_mode=True) for group in groups)


def as_integer(value: Value) -> int | None:
    """An integer: the number that a text starts with, else zero; None for an empty text (``c_str2int``)."""
    if isinstance(value, bool | int):
        return int(value)
    if isinstance(value, str | bytes):
        text = as_text(value)
        found = _LEADING_DIGITS.match(text)
        return None if not text else int(found[0]) if found else 0
    return int(value) if value.version == 4 else None


def as_address(value: Value) -> Address | None:
    """An address, or None where a text is none."""
    if isinstance(value, ipaddress.IPv4Address | ipaddress.IPv6Address):
        return value
    if isinstance(value, str | bytes):
        return parse_address(as_text(value))
    return ipaddress.IPv4Address(int(value) & 0xFFFFFFFF)


def parse_address(text: str) -> Address | None:
    """An address from its text alone, without brackets or port."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
