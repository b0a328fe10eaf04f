"""Lists of networks as HAProxy has to be told of them. Used by the passes that make such lists."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator

from hapilot.base.origin import Origin
from hapilot.compile import build
from hapilot.model import values

_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")
"""IPv4 addresses as IPv6 ones (RFC 4291, section 2.5.5.2)."""


def entries(networks: Iterable[tuple[values.IPNetwork, Origin]]) -> tuple[build.Entry, ...]:
    """The lines of a list, each once."""
    found = {str(part): build.Entry(str(part), "", origin) for network, origin in networks for part in apart(network)}
    return tuple(found.values())


def apart(network: values.IPNetwork) -> Iterator[values.IPNetwork]:
    """The network without IPv4 addresses, if it is one of IPv6: HAProxy looks for an IPv4 client among IPv6 networks too, as a mapped
    address, so that ``::/0`` would mean everyone (pat_match_ip in pattern.c).

    >>> [str(one) for one in apart(ipaddress.ip_network("10.0.0.0/8"))]
    ['10.0.0.0/8']
    """
    if isinstance(network, ipaddress.IPv6Network) and network.supernet_of(_MAPPED) and network != _MAPPED:
        yield from sorted(network.address_exclude(_MAPPED))
    else:
        yield network
