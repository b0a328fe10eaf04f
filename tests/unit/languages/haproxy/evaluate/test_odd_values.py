"""Values that random connections found to be read otherwise than one would think; each is so in HAProxy 2.6 and 2.8."""

from __future__ import annotations

import ipaddress

import pytest

from hapilot.languages.haproxy.evaluate import values
from hapilot.languages.haproxy.evaluate.tables import Table


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("::a01:203", "::10.1.2.3"),
        ("::1", "::1"),
        ("::ffff", "::ffff"),
        ("::ffff:a01:203", "::ffff:10.1.2.3"),
        ("2001:db8::7", "2001:db8::7"),
    ],
)
def test_addresses_are_written_as_by_the_c_library(address: str, text: str) -> None:
    assert values.as_text(ipaddress.ip_address(address)) == text


@pytest.mark.parametrize("address", ["10.1.2.3", "::ffff:10.1.2.3", "::10.1.2.3", "2002:a01:203:77::1"])
def test_some_ipv6_addresses_are_found_among_ipv4_networks(address: str) -> None:
    networks = Table([("10.0.0.0/8", "ten")])
    assert networks.find("ip", ipaddress.ip_address(address)) == ("10.0.0.0/8", "ten")
    assert networks.find("ip", ipaddress.ip_address("2001:db8::a01:203")) is None


def test_a_text_ends_at_its_first_nul_unless_case_is_ignored() -> None:
    assert Table([("2", "two")]).find("str", "2\0x") == ("2", "two")
    assert Table([("2", "two")], ignore_case=True).find("str", "2\0x") is None
    assert Table([("2", "two")]).find("beg", "\x002") is None


@pytest.mark.parametrize(("text", "decoded"), [("YW5uOng=", b"ann:x"), ("YQ==YQ==", b"aa"), ("", b"")])
def test_base64_comes_in_groups_with_their_own_padding(text: str, decoded: bytes) -> None:
    assert values.from_base64(text) == decoded


@pytest.mark.parametrize("text", ["YW5uOng", "Ym9i=", "====", "Y===", "YW5u Ong="])
def test_other_base64_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        values.from_base64(text)
