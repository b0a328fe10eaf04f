"""PROXY headers as stand-ins read them, against another implementation that writes them."""

from __future__ import annotations

import pytest

from hapilot.trial import proxied
from support import proxy_protocol

FOUR = ("192.0.2.1", 5), ("192.0.2.2", 6)
SIX = ("2001:db8::1", 5), ("2001:db8::2", 6)


def read_v2(data: bytes) -> proxied.Told:
    """The whole header."""
    head = data[: proxied.HEAD_V2]
    return proxied.parse_v2(head, data[proxied.HEAD_V2 : proxied.HEAD_V2 + proxied.length_v2(head)])


@pytest.mark.parametrize(("ends", "client"), [(FOUR, "192.0.2.1"), (SIX, "2001:db8::1")])
def test_the_client_is_told(ends: tuple[proxy_protocol.Endpoint, proxy_protocol.Endpoint], client: str) -> None:
    assert proxied.parse_v1(proxy_protocol.build_v1(*ends).removesuffix(b"\r\n")) == proxied.Told("v1", client)
    assert read_v2(proxy_protocol.build_v2(*ends)) == proxied.Told("v2", client)
    assert read_v2(proxy_protocol.build_v2(*ends, tlvs=[(2, b"a.test")])) == proxied.Told("v2", client)


def test_headers_that_name_nobody() -> None:
    assert proxied.parse_v1(proxy_protocol.build_v1_unknown().removesuffix(b"\r\n")) == proxied.Told("v1", None)
    assert read_v2(proxy_protocol.build_v2_local()) == proxied.Told("v2", None)
    assert read_v2(proxy_protocol.build_v2_unspec()) == proxied.Told("v2", None)
    assert read_v2(proxy_protocol.build_v2(("/a", 0), ("/b", 0))) == proxied.Told("v2", None)


@pytest.mark.parametrize("line", [b"PROXY", b"PROXY TCP5 a b 1 2", b"PROXY TCP4 a b 1 2", b"HELLO TCP4", b"PROXY TCP4 \xff"])
def test_what_is_no_header(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        proxied.parse_v1(line)


def test_another_version_is_none() -> None:
    with pytest.raises(ValueError, match="version 3"):
        proxied.parse_v2(proxied.SIGNATURE + b"\x31\x11\x00\x00", b"")
