"""Lists of networks as HAProxy has to be told of them. Used by the passes that make such lists."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator

from hapilot.base.origin import Origin
from hapilot.compile import build
from hapilot.model import values

_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")
"""IPv4 addresses as IPv6 ones (RFC 4291, section 2.5.5.2)."""

COMMENT = "IPv4 networks are written as IPv6 ones, so that no IPv6 client is taken for one of theirs"


def entries(networks: Iterable[tuple[values.IPNetwork, Origin]]) -> tuple[build.Entry, ...]:
    """The lines of a list, each once."""
    found = {written(part): origin for network, origin in networks for part in apart(network)}
    return tuple(build.Entry(text, "", origin) for text, origin in found.items())


def written(network: values.IPNetwork) -> str:
    """The network as lists have it: one of IPv4 in its mapped form. Among IPv4 networks HAProxy looks for some IPv6 clients too: for
    6to4 addresses (``2002:a00:1::1`` would be 10.0.0.1) and for ``::a.b.c.d`` (so that ``::1`` would be 0.0.0.1). IPv4 clients are found
    in this form as well, and so are mapped ones (pat_match_ip in pattern.c, 2.6 and 2.8).

    >>> written(ipaddress.ip_network("10.0.0.0/8"))
    '::ffff:10.0.0.0/104'
    """
    if isinstance(network, ipaddress.IPv4Network):
        return f"::ffff:{network.network_address}/{_MAPPED.prefixlen + network.prefixlen}"
    inside = network.network_address.ipv4_mapped if network.prefixlen >= _MAPPED.prefixlen else None
    return f"::ffff:{inside}/{network.prefixlen}" if inside is not None else str(network)


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
