"""Networks as HAProxy must see them."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hapilot.compile import networks

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
