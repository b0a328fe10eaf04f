"""What is by the client's address where that is an odd one, or none: lists of networks, rates, and the canary's share of both."""

from __future__ import annotations

from pathlib import Path

import pytest

from integration.behaviour import sites, visits
from support import client, proxy_protocol, servers
from support.client import Request

pytestmark = pytest.mark.haproxy

SITE = """
listeners:
  front: {bind: "127.0.0.1:${FRONT}", accept_proxy: required, trusted: 127.0.0.1}
  told: {bind: "127.0.0.1:${TOLD}", accept_proxy: optional, trusted: 127.0.0.1}
  sock: {bind: ["127.0.0.1:${PLAIN}", "unix:${SOCK}"]}
  db: {bind: ["127.0.0.1:${DB}", "unix:${DBSOCK}"]}
services:
  allow: {host: allow.example.test, tls: none, listener: front, servers: ["${web}"], allow: [10.0.0.0/8, 0.0.0.1]}
  deny: {host: deny.example.test, tls: none, listener: front, servers: ["${web}"], deny: [10.0.0.0/8, 0.0.0.0/8]}
  inside: {host: match.example.test, tls: none, listener: front, servers: ["${web}"], match: {client: 10.0.0.0/8}}
  outside: {host: match.example.test, tls: none, listener: front, servers: ["${other}"]}
  nobody: {host: nobody.example.test, tls: none, listener: [sock, told], servers: ["${web}"], deny: 192.0.2.1}
  known: {host: known.example.test, tls: none, listener: sock, servers: ["${web}"], allow: [0.0.0.0/0, "::/0"]}
  rated: {host: rated.example.test, tls: none, listener: sock, servers: ["${web}"], rate_limit: {requests: 2, per: 1h}}
  db: {protocol: tcp, listener: db, servers: ["${db}"], deny: 192.0.2.1}
  shop:
    host: shop.example.test
    tls: none
    listener: front
    servers: ["${web}"]
    rate_limit: {requests: 3, per: 1h}
    canary: {service: next, header: X-Next}
  next: {tls: none, servers: ["${other}"], rate_limit: {requests: 3, per: 1h}}
defaults: {health: off}
"""

INSIDE_6TO4 = "2002:a00:1::1"
"""6to4 for 10.0.0.1."""


@pytest.fixture(scope="module")
def site(starter: sites.Starter, stand: servers.Stand, tmp_path_factory: pytest.TempPathFactory) -> sites.Running:
    folder = tmp_path_factory.mktemp("sockets")
    known = {"web": stand.http("web"), "other": stand.http("other"), "db": stand.tcp("db")}
    return starter.start(SITE, known, SOCK=folder / "s", DBSOCK=folder / "d")


def _header(source: str) -> bytes:
    return proxy_protocol.build_v2((source, 4000), ("2001:db8::2" if ":" in source else "192.0.2.80", 80))


@pytest.mark.parametrize(
    ("source", "is_inside"),
    [
        ("10.1.2.3", True),
        ("::ffff:10.1.2.3", True),
        ("192.0.2.1", False),
        ("2001:db8::1", False),
        (INSIDE_6TO4, False),
        ("::10.0.0.1", False),
    ],
)
def test_an_ipv4_network_has_no_ipv6_client_in_it(site: sites.Running, source: str, is_inside: bool) -> None:
    """Not by the IPv4 address that is inside a 6to4 or IPv4-compatible one; a mapped one is IPv4 (RFC 4291, section 2.5.5)."""
    at, proxy = site.at("FRONT"), _header(source)
    assert visits.http(at, "allow.example.test", proxy=proxy).status == (200 if is_inside else 403)
    assert visits.http(at, "deny.example.test", proxy=proxy).status == (403 if is_inside else 200)
    assert visits.http(at, "match.example.test", proxy=proxy).standin == ("web" if is_inside else "other")


def test_ipv6_loopback_is_no_ipv4_address(site: sites.Running) -> None:
    """``::1`` would be 0.0.0.1 else."""
    assert visits.http(site.at("FRONT"), "allow.example.test", proxy=_header("::1")).status == 403
    assert visits.http(site.at("FRONT"), "deny.example.test", proxy=_header("::1")).status == 200


def test_who_has_no_address_is_denied_where_anybody_is(site: sites.Running) -> None:
    """On a unix socket: it could be anyone, also whom the list means; and where only known networks are allowed, too."""
    for host, status in (("nobody", 403), ("known", 403)):
        asked = Request(host=f"{host}.example.test")
        assert client.get(site.values["SOCK"], asked).status == status
        assert client.get(site.at("PLAIN"), asked).status == 200


@pytest.mark.parametrize("header", [proxy_protocol.build_v1_unknown(), proxy_protocol.build_v2_local(), proxy_protocol.build_v2_unspec()])
def test_who_is_told_without_an_address_is_denied(site: sites.Running, header: bytes) -> None:
    """A load balancer that says no address in its PROXY header is the client itself; where the header has to be handed on, because
    HAProxy has no Lua, nobody is."""
    told = visits.http(site.at("TOLD"), "nobody.example.test", proxy=header)
    assert told.status != 200 or site.servers["web"].last.all("x-forwarded-for") == ("127.0.0.1",)
    assert visits.http(site.at("TOLD"), "nobody.example.test", proxy=_header("10.0.0.1")).status == 200
    assert visits.http(site.at("TOLD"), "nobody.example.test").status == 200


def test_a_connection_without_an_address_is_denied(site: sites.Running) -> None:
    count = site.servers["db"].connections
    with client.connect(site.values["DBSOCK"]) as connection:
        connection.send(b"hello\n")
        assert connection.read().kind in ("closed", "reset")
    assert site.servers["db"].connections == count
    assert client.speak(site.at("DB"), b"hello\n").ok


def test_who_has_no_address_is_counted_with_the_others_who_have_none(site: sites.Running) -> None:
    asked = Request(host="rated.example.test")
    assert [client.get(site.values["SOCK"], asked).status for _ in range(3)] == [200, 200, 429]
    assert client.get(site.at("PLAIN"), asked).status == 200


def test_a_canary_counts_with_its_service(site: sites.Running) -> None:
    """Nobody gets the limit twice by asking for both."""
    at, proxy = site.at("FRONT"), _header("198.51.100.7")
    asked = [visits.http(at, "shop.example.test", headers=headers, proxy=proxy) for headers in ([], [("X-Next", "1")], []) * 2]
    assert [(one.status, one.standin) for one in asked[:3]] == [(200, "web"), (200, "other"), (200, "web")]
    assert {one.status for one in asked[3:]} == {429}
    assert visits.http(at, "shop.example.test", proxy=_header("198.51.100.8")).status == 200


def test_ipv4_networks_are_trusted_as_they_are_written(starter: sites.Starter, stand: servers.Stand, tmp_path: Path) -> None:
    """What an IPv6 client says of another is not believed because of the IPv4 address that is inside its own."""
    text = """
listeners: {web: {bind: "127.0.0.1:${WEB}", accept_proxy: required, trusted: [127.0.0.1, 10.0.0.0/8]}}
services: {web: {tls: none, servers: ["${web}"]}}
defaults: {health: off}
"""
    running = starter.start(text, {"web": stand.http("web")})
    said = [("X-Forwarded-For", "203.0.113.9")]
    for source, client_is in (("10.0.0.1", "203.0.113.9"), (INSIDE_6TO4, INSIDE_6TO4), ("::10.0.0.1", "::10.0.0.1")):
        visits.http(running.at("WEB"), "any.example.test", headers=said, proxy=_header(source))
        assert running.servers["web"].last.header("x-forwarded-for") == client_is
