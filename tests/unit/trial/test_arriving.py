"""Which door a connection takes, and what it is told there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hapilot.compile import private
from hapilot.explain import explanation, probe
from hapilot.trial import arriving

FOUR = private.Door("web", "0.0.0.0", 443)
SIX = private.Door("web", "::", 443)
ONE = private.Door("far", "192.0.2.1", 443)
OTHER = private.Door("api", "0.0.0.0", 6443)
SOCKET = private.Door("local", "", None, bare=True, is_unix=True)
DOORS = (FOUR, SIX, ONE, OTHER, SOCKET)


def said(listener: str | None) -> explanation.Explanation:
    """An explanation that names a listener."""
    return explanation.Explanation("", "forward", "", listener=listener)


@pytest.mark.parametrize(
    ("target", "source", "listener", "door"),
    [
        ("https://a.test/", "", "web", FOUR),
        ("https://a.test/", "2001:db8::7", "web", SIX),
        ("https://a.test/", "", "far", ONE),
        ("https://a.test/", "2001:db8::7", "far", ONE),
        ("https://192.0.2.1/", "", "far", ONE),
        ("https://192.0.2.2/", "", "web", FOUR),
        ("https://[2001:db8::1]/", "", "web", SIX),
        ("https://a.test:6443/", "2001:db8::7", "api", OTHER),
        ("http://a.test:99/", "", "local", SOCKET),
        ("http://192.0.2.1:99/", "", None, None),
        ("https://[2001:db8::1]:6443/", "", None, None),
    ],
)
def test_the_door(target: str, source: str, listener: str | None, door: private.Door | None) -> None:
    found = arriving.chosen(DOORS, probe.parse_target(target, source=source), said(listener))
    assert (None if found is None else DOORS[found]) == door


@pytest.mark.parametrize(
    ("target", "source", "door", "client", "there"),
    [
        ("https://a.test/", "", FOUR, "192.0.2.77", "192.0.2.77:443"),
        ("https://a.test/", "2001:db8::7", SIX, "2001:db8::7", "[2001:db8::7]:443"),
        ("https://a.test/", "198.51.100.1", ONE, "198.51.100.1", "192.0.2.1:443"),
        ("https://192.0.2.9/", "", FOUR, "192.0.2.77", "192.0.2.9:443"),
        ("https://[2001:db8::1]/", "198.51.100.1", SIX, "198.51.100.1", "198.51.100.1:443"),
    ],
)
def test_the_client_is_told_as_it_is(target: str, source: str, door: private.Door, client: str, there: str) -> None:
    header = arriving.header(door, probe.parse_target(target, source=source), said("web"))
    assert header is not None
    assert header.source is not None
    assert (header.version, str(header.source.ip), str(header.destination)) == (2, client, there)


BALANCED = tuple(private.Door("must", host, 9443, balanced=True) for host in ("0.0.0.0", "::"))


@pytest.mark.parametrize("source", ["203.0.113.9", "2001:db8::7"])
@pytest.mark.parametrize(("peer", "door"), [("10.0.0.0", 0), ("2001:db8:1::", 1)])
def test_a_load_balancer_comes_to_the_door_of_its_own_ip_version(source: str, peer: str, door: int) -> None:
    asked = probe.parse_target("https://a.test:9443/", source=source)
    behind = replace(said("must"), proxy=explanation.ProxyFacts(peer, source, "unused"))
    assert arriving.chosen(BALANCED, asked, behind) == door
    header = arriving.header(BALANCED[door], asked, behind)
    assert header is not None
    assert header.source is not None
    assert str(header.source.ip) == source


def test_nothing_is_sent_where_nobody_says_it() -> None:
    asked = probe.parse_target("https://a.test:9443/")
    assert arriving.header(SOCKET, asked, said("local")) is None
    assert arriving.header(BALANCED[0], asked, said("must")) is None, "explained without a load balancer that could come here"
