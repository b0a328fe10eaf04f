"""PROXY headers: what is built is read back, in whole and in parts, and broken ones are refused."""

from __future__ import annotations

import ipaddress
from typing import Literal

import hypothesis
import pytest
from hypothesis import strategies

from support import proxy_protocol
from support.proxy_protocol import Endpoint, Header, Malformed, Tlv

_PORTS = strategies.integers(0, 65535)
_PATHS = strategies.text("abcdefghijklmnopqrstuvwxyz/._-", max_size=107).map(lambda text: ("/" + text, 0))


def _endpoints(version: Literal[4, 6]) -> strategies.SearchStrategy[Endpoint]:
    return strategies.tuples(strategies.ip_addresses(v=version).map(str), _PORTS)


def _pairs(*kinds: strategies.SearchStrategy[Endpoint]) -> strategies.SearchStrategy[tuple[Endpoint, Endpoint]]:
    return strategies.one_of(*(strategies.tuples(kind, kind) for kind in kinds))


_TLVS = strategies.lists(strategies.tuples(strategies.integers(0, 255), strategies.binary(max_size=300)), max_size=4)


def _same(endpoint: Endpoint | None, other: Endpoint) -> bool:
    if endpoint is None or other[0].startswith("/"):
        return endpoint == other
    return ipaddress.ip_address(endpoint[0]) == ipaddress.ip_address(other[0]) and endpoint[1] == other[1]


@hypothesis.given(_pairs(_endpoints(4), _endpoints(6)), strategies.binary(max_size=20))
def test_version_1_round_trip(pair: tuple[Endpoint, Endpoint], rest: bytes) -> None:
    data = proxy_protocol.build_v1(*pair)
    found = proxy_protocol.parse(data + rest)
    assert found is not None
    header, used = found
    assert used == len(data) <= proxy_protocol.V1_LIMIT
    assert (header.version, header.command, header.family) == (1, "PROXY", proxy_protocol.family_of(pair[0]))
    assert _same(header.source, pair[0])
    assert _same(header.destination, pair[1])


@hypothesis.given(_pairs(_endpoints(4), _endpoints(6), _PATHS), _TLVS, strategies.binary(max_size=20))
def test_version_2_round_trip(pair: tuple[Endpoint, Endpoint], tlvs: list[Tlv], rest: bytes) -> None:
    data = proxy_protocol.build_v2(*pair, tlvs=tlvs)
    found = proxy_protocol.parse(data + rest)
    assert found is not None
    header, used = found
    assert used == len(data)
    assert (header.version, header.command, header.tlvs) == (2, "PROXY", tuple(tlvs))
    assert _same(header.source, pair[0])
    assert _same(header.destination, pair[1])


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"PROXY TCP4 192.0.2.1 192.0.2.2 1000 443\r\n",
         Header(1, "PROXY", "inet", ("192.0.2.1", 1000), ("192.0.2.2", 443))),
        (proxy_protocol.build_v1_unknown("what ever"), Header(1)),
        (proxy_protocol.build_v2_local(((4, b"x"),)), Header(2, "LOCAL", tlvs=((4, b"x"),))),
        (proxy_protocol.build_v2_unspec(), Header(2)),
        (b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\2\1\xc0\0\2\2\3\xe8\1\xbb",
         Header(2, "PROXY", "inet", ("192.0.2.1", 1000), ("192.0.2.2", 443))),
        (proxy_protocol.build_v2(("192.0.2.1", 1), ("192.0.2.2", 2), command="LOCAL"), Header(2, "LOCAL", "inet")),
    ],
)  # fmt: skip
def test_known_headers(data: bytes, expected: Header) -> None:
    assert proxy_protocol.parse(data) == (expected, len(data))
    assert [proxy_protocol.parse(data[:size]) for size in range(len(data))] == [None] * len(data)


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n",
        b"SSH-2.0-x\r\n",
        b"PROXY TCP4 192.0.2.1 2001:db8::1 1 2\r\n",
        b"PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n",
        b"PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n",
        b"PROXY TCP5 192.0.2.1 192.0.2.2 1 2\r\n",
        b"PROXY TCP4 " + b"1" * 100,
        proxy_protocol.SIGNATURE + b"\x11\x11\0\0",
        proxy_protocol.SIGNATURE + b"\x21\x11\0\x04abcd",
        proxy_protocol.build_v2_unspec(((1, b"abc"),))[:-4] + b"\0\xffab",
    ],
)
def test_no_header(data: bytes) -> None:
    with pytest.raises(Malformed):
        proxy_protocol.parse(data)


def test_families_are_not_mixed() -> None:
    with pytest.raises(ValueError, match="can't carry"):
        proxy_protocol.build_v2(("192.0.2.1", 1), ("2001:db8::1", 1))
