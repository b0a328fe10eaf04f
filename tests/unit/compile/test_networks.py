"""Networks as HAProxy must see them."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hapilot.base.origin import BUILT_IN
from hapilot.compile import networks
from hapilot.languages.haproxy.evaluate import tables

ADDRESSES6 = st.ip_addresses(v=6)
ADDRESSES4 = st.ip_addresses(v=4)


@given(ADDRESSES6, st.integers(0, 128), ADDRESSES6, ADDRESSES4)
def test_an_ipv6_network_means_its_addresses_and_no_ipv4_ones(
    base: ipaddress.IPv6Address, size: int, other: ipaddress.IPv6Address, four: ipaddress.IPv4Address
) -> None:
    network = ipaddress.IPv6Network((int(base), size), strict=False)
    parts = list(networks.apart(network))
    mapped = ipaddress.IPv6Address(f"::ffff:{four}")
    for address in (base, other):
        if address.ipv4_mapped is None:
            assert any(address in part for part in parts) == (address in network)
    if size <= 80:
        assert not any(mapped in part for part in parts)


@pytest.mark.parametrize("text", ["0.0.0.0/0", "10.0.0.0/8", "2001:db8::/32", "::ffff:10.0.0.0/104", "::ffff:0:0/96", "fe80::/10"])
def test_other_networks_stay_as_they_are(text: str) -> None:
    """Who writes mapped addresses means them."""
    assert list(networks.apart(ipaddress.ip_network(text))) == [ipaddress.ip_network(text)]


@given(ADDRESSES4, st.integers(0, 32), st.one_of(ADDRESSES4, ADDRESSES6))
def test_an_ipv4_network_means_its_addresses_and_no_ipv6_ones(
    base: ipaddress.IPv4Address, size: int, other: ipaddress.IPv4Address | ipaddress.IPv6Address
) -> None:
    """As HAProxy finds them: not by what is inside 6to4 and ``::a.b.c.d`` addresses, but by what is inside mapped ones."""
    network = ipaddress.IPv4Network((int(base), size), strict=False)
    text = networks.written(network)
    assert ipaddress.ip_network(text).version == 6
    mapped = other.ipv4_mapped if isinstance(other, ipaddress.IPv6Address) else other
    for address, expected in (
        (base, True),
        (ipaddress.IPv6Address(f"::ffff:{base}"), True),
        (ipaddress.IPv6Address(int(base)), False),
        (ipaddress.IPv6Address(0x2002 << 112 | int(base) << 80 | 1), False),
        (other, mapped is not None and mapped in network),
    ):
        assert (tables.Table([(text, "")]).find("ip", address) is not None) is expected


def test_a_network_that_is_said_twice_is_one_entry() -> None:
    said = (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("::ffff:10.0.0.0/104"), ipaddress.ip_network("10.0.0.0/8"))
    assert [entry.key for entry in networks.entries((one, BUILT_IN) for one in said)] == ["::ffff:10.0.0.0/104"]
