"""Addresses as ``bind`` and ``server`` lines have them: family, host and port, and who can reach them.

Comes in: one address. Goes out: :class:`Address`. Called by rules. Configuration manual, section 11 ("Address formats"); ``str2sa_range``
in HAProxy's tools.c takes the text behind the last colon for the port, with or without brackets before it.
"""

from __future__ import annotations

import functools
import ipaddress
import re
from dataclasses import dataclass

_FAMILY = re.compile(
    r"(?:(?:mptcp|stream|dgram|quic|udp)\+)*(?P<name>ipv[46]|unix|abnsz?|fd|sockpair|rhttp|rev|(?:mp)?tcp[46]?|udp[46]?|quic[46])@"
)
_SOCKETS = frozenset({"unix", "abns", "abnsz", "fd", "sockpair", "rhttp", "rev"})
_PRIVATE = tuple(
    ipaddress.ip_network(each)
    for each in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "169.254.0.0/16",
        "127.0.0.0/8",
        "fc00::/7",
        "fe80::/10",
        "::1",
    )
)
_EVERYWHERE = frozenset({"", "*", "0.0.0.0", "::", "[::]"})  # noqa: S104 - recognised here, not bound


@dataclass(frozen=True, slots=True)
class Address:
    """``host`` is without brackets; ``family`` is what stands before the ``@``, or nothing."""

    family: str
    host: str
    port: str
    is_bracketed: bool = False

    @property
    def is_local(self) -> bool:
        """Whether only programs of this machine can connect: a socket file, an inherited socket, or loopback."""
        if self.family in _SOCKETS:
            return True
        parsed = self.ip
        return (parsed is not None and parsed.is_loopback) or self.host == "localhost"

    @property
    def is_everywhere(self) -> bool:
        """Whether it is every address of the machine."""
        return not self.is_local and self.host in _EVERYWHERE

    @property
    def is_public(self) -> bool:
        """Whether others than a private network may reach it, as far as the address itself tells."""
        parsed = self.ip
        return self.is_everywhere or (parsed is not None and not any(parsed in network for network in _PRIVATE))

    @property
    def ip(self) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
        """The host as an IP address, if it is one."""
        try:
            return None if self.family in _SOCKETS else ipaddress.ip_address(self.host)
        except ValueError:
            return None


@functools.lru_cache(maxsize=8192)
def parse(text: str) -> Address:
    """An address. Never raises: what is none has its text as host."""
    found = _FAMILY.match(text)
    family, rest = (found["name"], text[found.end() :]) if found else ("", text)
    if rest.startswith("/") and not family:
        return Address("unix", rest, "")
    if family in _SOCKETS:
        return Address(family, rest, "")
    host, colon, port = rest.rpartition(":")
    if not colon:
        host, port = rest, ""
    is_bracketed = host.startswith("[") and host.endswith("]")
    return Address(family, host[1:-1] if is_bracketed else host, port, is_bracketed)


def is_bare_ipv6(text: str) -> bool:
    """Whether an address is an IPv6 one with a port and without brackets: nobody sees where the port begins.

    >>> is_bare_ipv6("2001:db8::1:443"), is_bare_ipv6("[2001:db8::1]:443"), is_bare_ipv6(":::80"), is_bare_ipv6("*:80")
    (True, False, True, False)
    """
    address = parse(text)
    return not address.is_bracketed and ":" in address.host and isinstance(address.ip, ipaddress.IPv6Address)


def lost_group(text: str) -> str:
    """The last group of an IPv6 address without brackets and port, which HAProxy takes for the port; nothing where all is well.

    >>> lost_group("2001:db8::11"), lost_group("2001:db8::11:443"), lost_group("[2001:db8::11]")
    ('11', '', '')
    """
    address = parse(text)
    whole = f"{address.host}:{address.port}"
    if address.is_bracketed or ":" not in address.host or address.ip is not None or address.family in _SOCKETS:
        return ""
    return address.port if isinstance(Address("", whole, "").ip, ipaddress.IPv6Address) else ""
