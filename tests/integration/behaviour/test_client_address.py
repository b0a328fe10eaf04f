"""The heading "The client's address": headers that can't be forged, PROXY headers in and out, both IP families."""

from __future__ import annotations

import time
from typing import Any

import pytest

from integration.behaviour import sites, visits
from support import certificates, client, clienthello, proxy_protocol, servers
from support.client import Request, Tls
from support.outcome import Outcome

pytestmark = pytest.mark.haproxy

SITE = """
listeners:
  plain: {bind: ["127.0.0.1:${PLAIN}", "[::1]:${PLAIN}"]}
  https: {bind: "127.0.0.1:${STRANGERS}"}
  trusting: {bind: "127.0.0.1:${TRUSTING}", trusted: [127.0.0.8/31, 10.0.0.0/8, "2001:db8:1::/48"]}
  optional: {bind: "127.0.0.1:${OPTIONAL}", accept_proxy: optional, trusted: [127.0.0.9], sniff_timeout: 700ms}
  mixed: {bind: "127.0.0.1:${MIXED}", accept_proxy: optional, trusted: [127.0.0.9], sniff_timeout: 700ms}
  required: {bind: "127.0.0.1:${REQUIRED}", accept_proxy: required, trusted: [127.0.0.9]}
  demanding: {bind: "127.0.0.1:${DEMANDING}", accept_proxy: required, trusted: [127.0.0.9], sniff_timeout: 700ms}
  six: {bind: "[::1]:${SIX}"}
services:
  web: {host: web.example.test, servers: ["${web}"], listener: [https, trusting, optional, mixed, required, demanding, six]}
  told: {host: told.example.test, servers: ["${told}"], send_proxy: v2, listener: [https, trusting, optional, mixed, required, six]}
  told6: {host: told6.example.test, servers: ["${told6}"], send_proxy: v2, listener: [https, six]}
  old6: {host: old6.example.test, servers: ["${told6}"], send_proxy: v1, listener: [https, six]}
  clear: {host: clear.example.test, tls: none, servers: ["${web}"], listener: [plain, mixed]}
  vault: {host: vault.example.test, tls: passthrough, servers: ["${vault}"], send_proxy: v2, listener: [mixed, demanding]}
  vault1: {host: vault1.example.test, tls: passthrough, servers: ["${vault}"], send_proxy: v1, listener: mixed}
  git-ssh: {protocol: ssh, servers: ["${git}"], send_proxy: v2, listener: mixed}
certificates: [{file: "${PEM}"}]
defaults: {health: off}
"""

TRUSTED, STRANGER = "127.0.0.9", "127.0.0.77"
FRONT = ("192.0.2.1", 443)
FORGED = (
    ("X-Forwarded-For", "203.0.113.66"),
    ("X-Forwarded-Proto", "gopher"),
    ("X-Forwarded-Host", "evil.test"),
    ("X-Forwarded-Port", "1"),
    ("X-Forwarded-Prefix", "/evil"),
    ("X-Real-IP", "203.0.113.66"),
    ("Forwarded", "for=203.0.113.66"),
    ("X_Forwarded_For", "203.0.113.66"),
    ("X-Forwarded_For", "203.0.113.66"),
    ("X_Real_IP", "203.0.113.66"),
)

V4 = proxy_protocol.build_v1(("198.51.100.4", 40000), FRONT), "198.51.100.4"
V6 = proxy_protocol.build_v1(("2001:db8::4", 40000), ("2001:db8::1", 443)), "2001:db8::4"
HEADERS = {
    "v1 IPv4": V4,
    "v1 IPv6": V6,
    "v2 IPv4": (proxy_protocol.build_v2(("198.51.100.4", 40000), FRONT), "198.51.100.4"),
    "v2 IPv6": (proxy_protocol.build_v2(("2001:db8::4", 40000), ("2001:db8::1", 443)), "2001:db8::4"),
    "v2 with TLVs": (
        proxy_protocol.build_v2(("198.51.100.4", 40000), FRONT, tlvs=[(proxy_protocol.TLV_NOOP, bytes(300))]),
        "198.51.100.4",
    ),
    "v1 UNKNOWN": (proxy_protocol.build_v1_unknown(), TRUSTED),
    "v2 LOCAL": (proxy_protocol.build_v2_local(), TRUSTED),
}


@pytest.fixture(scope="module")
def site(starter: sites.Starter, stand: servers.Stand, pem: str) -> sites.Running:
    named = {
        "web": stand.http("web"),
        "told": stand.http("told", proxy="required"),
        "told6": stand.http("told6", "::1", proxy="required"),
        "git": stand.tcp("git", "ssh", proxy="required"),
        "vault": stand.https("vault", certificates.authority().issue("vault.example.test", "vault1.example.test"), proxy="required"),
    }
    return starter.start(SITE, named, PEM=pem)


def _headers(outcome: Outcome, name: str) -> list[str]:
    """Every value of the request header that the server saw."""
    assert outcome.status == 200, outcome
    return [value for key, value in outcome.json()["headers"] if key.lower() == name]


def _client(outcome: Outcome) -> str:
    """The client's address, as the server was told in one header or another."""
    seen: dict[str, Any] = outcome.json()
    if seen["proxy"] is not None:
        return str(seen["proxy"]["src"][0])
    return ", ".join(_headers(outcome, "x-forwarded-for"))


def test_a_service_learns_client_scheme_host_and_port(site: sites.Running) -> None:
    """X-Forwarded-For, -Proto, -Host and -Port are set by us, once each, over TLS and in clear text."""
    for scheme, listener, host in (("https", "STRANGERS", "web.example.test"), ("http", "PLAIN", "clear.example.test")):
        outcome = (visits.https if scheme == "https" else visits.http)(site.at(listener), f"{host}", source=STRANGER)
        found = {name: _headers(outcome, f"x-forwarded-{name}") for name in ("for", "proto", "host", "port")}
        assert found == {"for": [STRANGER], "proto": [scheme], "host": [host], "port": [str(site.at(listener)[1])]}


def test_a_strangers_own_copies_are_removed(site: sites.Running) -> None:
    """Nobody outside can say who he is, in any spelling of the headers."""
    for listener in ("STRANGERS", "TRUSTING", "OPTIONAL", "MIXED"):
        outcome = visits.https(site.at(listener), "web.example.test", headers=FORGED, source=STRANGER)
        assert _headers(outcome, "x-forwarded-for") == [STRANGER]
        shown = str(outcome.json()["headers"])
        assert not [word for word in ("203.0.113.66", "evil", "gopher", "Prefix", "X_", "_For") if word in shown], shown


def test_a_strangers_copies_over_http2_are_removed(site: sites.Running) -> None:
    """The same over HTTP/2."""
    (outcome,) = visits.http2(site.at("STRANGERS"), "web.example.test", [Request(host="web.example.test", headers=FORGED)])
    assert _headers(outcome, "x-forwarded-for") == ["127.0.0.1"]
    assert "203.0.113.66" not in str(outcome.json()["headers"])


@pytest.mark.parametrize("named", ["X-Forwarded-For", "close, x-forwarded-proto", "X-Real-IP, close", "keep-alive, Forwarded"])
def test_connection_options_cannot_take_our_headers_away(site: sites.Running, named: str) -> None:
    """A proxy behind us takes out what ``Connection`` names (RFC 9110, section 7.6.1), so it may not name ours."""
    for listener in ("STRANGERS", "TRUSTING"):
        outcome = visits.https(site.at(listener), "web.example.test", headers=(("Connection", named),), source=STRANGER)
        assert outcome.status == 400
    assert visits.https(site.at("STRANGERS"), "web.example.test", headers=(("Connection", "close"),)).status == 200


def test_a_trusted_proxys_copies_are_kept_and_added_to(site: sites.Running) -> None:
    """What a trusted proxy says stays; its own address is appended."""
    given = (
        ("X-Forwarded-For", "203.0.113.5"),
        ("X-Forwarded-Proto", "http"),
        ("X-Forwarded-Host", "outer.test"),
        ("X-Real-IP", "203.0.113.5"),
    )
    outcome = visits.https(site.at("TRUSTING"), "web.example.test", headers=given, source=TRUSTED)
    assert ", ".join(_headers(outcome, "x-forwarded-for")) == f"203.0.113.5, {TRUSTED}"
    assert [_headers(outcome, name) for name in ("x-forwarded-proto", "x-forwarded-host", "x-real-ip")] == [
        ["http"],
        ["outer.test"],
        ["203.0.113.5"],
    ]


@pytest.mark.parametrize(
    ("forwarded", "client_ip"),
    [
        (["203.0.113.5"], "203.0.113.5"),
        (["198.51.100.1, 203.0.113.5"], "203.0.113.5"),
        (["198.51.100.1, 203.0.113.5, 10.1.1.1"], "203.0.113.5"),
        (["203.0.113.5", "10.1.1.1", "10.2.2.2"], "203.0.113.5"),
        (["203.0.113.5,10.1.1.1,127.0.0.8,2001:db8:1::1"], "203.0.113.5"),
        (["2001:db8:ffff::5, 10.1.1.1"], "2001:db8:ffff::5"),
        (["203.0.113.5, unknown"], "0.0.0.0"),
        (["10.1.1.1,"], "0.0.0.0"),
        (["203.0.113.5, unknown, 10.1.1.1"], "0.0.0.0"),
        ([], TRUSTED),
    ],
)
def test_the_client_is_the_right_most_untrusted_address(site: sites.Running, forwarded: list[str], client_ip: str) -> None:
    """Behind trusted proxies, the client is the last address that none of them vouches for as a proxy."""
    headers = [("X-Forwarded-For", value) for value in forwarded]
    outcome = visits.https(site.at("TRUSTING"), "told.example.test", headers=headers, source=TRUSTED)
    assert outcome.json()["proxy"]["src"][0] == client_ip


@pytest.mark.parametrize("kind", HEADERS)
@pytest.mark.parametrize("listener", ["OPTIONAL", "MIXED", "REQUIRED", "DEMANDING"])
def test_a_proxy_header_from_a_trusted_sender_is_believed(site: sites.Running, listener: str, kind: str) -> None:
    """Version 1 or 2, either family; LOCAL and UNKNOWN (how load balancers check) mean the sender itself."""
    header, expected = HEADERS[kind]
    outcome = visits.https(site.at(listener), "web.example.test", proxy=header, source=TRUSTED)
    assert _headers(outcome, "x-forwarded-for") == [expected]


@pytest.mark.parametrize("listener", ["OPTIONAL", "MIXED", "REQUIRED", "DEMANDING"])
def test_a_proxy_header_without_a_family_is_refused(site: sites.Running, listener: str) -> None:
    """The specification (section 2.2) lets a receiver refuse a version 2 header that says PROXY and no address."""
    outcome = visits.https(site.at(listener), "web.example.test", proxy=proxy_protocol.build_v2_unspec(), source=TRUSTED)
    assert outcome.kind in ("closed", "reset")


@pytest.mark.parametrize("kind", ["v1 IPv4", "v2 IPv4", "v2 LOCAL"])
@pytest.mark.parametrize("listener", ["OPTIONAL", "MIXED", "REQUIRED", "DEMANDING"])
def test_a_proxy_header_from_a_stranger_is_refused(site: sites.Running, listener: str, kind: str) -> None:
    """Whoever is not trusted can't borrow an address: no service sees the connection."""
    counts = [server.request_count for server in site.servers.values()]
    outcome = visits.https(site.at(listener), "web.example.test", proxy=HEADERS[kind][0], source=STRANGER)
    assert outcome.kind in ("closed", "reset")
    assert [server.request_count for server in site.servers.values()] == counts


@pytest.mark.parametrize("source", [TRUSTED, STRANGER])
@pytest.mark.parametrize("listener", ["OPTIONAL", "MIXED"])
def test_a_bare_connection_is_taken_where_the_header_is_optional(site: sites.Running, listener: str, source: str) -> None:
    """From anybody, with the address it comes from."""
    outcome = visits.https(site.at(listener), "web.example.test", source=source)
    assert _headers(outcome, "x-forwarded-for") == [source]


@pytest.mark.parametrize("source", [TRUSTED, STRANGER])
@pytest.mark.parametrize("listener", ["REQUIRED", "DEMANDING"])
def test_a_bare_connection_is_refused_where_the_header_is_required(site: sites.Running, listener: str, source: str) -> None:
    """Also from trusted senders."""
    assert visits.https(site.at(listener), "web.example.test", source=source).kind in ("closed", "reset")


@pytest.mark.parametrize("kind", HEADERS)
@pytest.mark.parametrize("listener", ["OPTIONAL", "MIXED"])
@pytest.mark.parametrize("sizes", [1, (3, 10), (14,), (16,), 5], ids=str)
def test_a_proxy_header_may_come_in_pieces(site: sites.Running, listener: str, kind: str, sizes: clienthello.Sizes) -> None:
    """However TCP cuts it, the header counts as a whole."""
    header, expected = HEADERS[kind]
    with client.connect(site.at(listener), source=TRUSTED) as connection:
        connection.send(header, sizes, pause=0.001)
        connection.start_tls(visits.hello("web.example.test"))
        assert _headers(connection.request(Request(host="web.example.test")), "x-forwarded-for") == [expected]


def test_a_proxy_header_before_every_protocol_of_the_port(site: sites.Running) -> None:
    """Optional headers stand before ended TLS, passed TLS, plain HTTP and ssh alike, or are left out."""
    header, expected = HEADERS["v2 IPv4"]
    for proxy, address in ((header, expected), (V4[0], V4[1]), (None, TRUSTED)):
        at = site.at("MIXED")
        assert _client(visits.https(at, "web.example.test", proxy=proxy, source=TRUSTED)) == address
        assert _client(visits.https(at, "vault.example.test", proxy=proxy, source=TRUSTED)) == address
        assert _client(visits.http(at, "clear.example.test", proxy=proxy, source=TRUSTED)) == address
        assert _client(client.ssh(at, proxy=proxy, source=TRUSTED)) == address


def test_a_second_proxy_header_is_not_believed(site: sites.Running) -> None:
    """A client behind a trusted sender can't bring a header of its own."""
    for listener in ("OPTIONAL", "MIXED"):
        outcome = visits.https(site.at(listener), "web.example.test", proxy=V4[0] + V6[0], source=TRUSTED)
        assert outcome.kind in ("closed", "reset", "garbage", "tls-alert")


def test_send_proxy_tells_an_edge_server_the_client(site: sites.Running) -> None:
    """The client's address and the address it connected to, for requests too."""
    outcome = visits.https(site.at("STRANGERS"), "told.example.test", source=STRANGER)
    proxy = outcome.json()["proxy"]
    assert (proxy["version"], proxy["command"], proxy["src"][0], proxy["dst"]) == (2, "PROXY", STRANGER, list(site.at("STRANGERS")))


@pytest.mark.parametrize(("host", "version"), [("vault.example.test", 2), ("vault1.example.test", 1)])
def test_send_proxy_tells_a_passthrough_server_the_client(site: sites.Running, host: str, version: int) -> None:
    """Version 1 and 2, in front of the client's own TLS."""
    with client.connect(site.at("MIXED"), source=STRANGER) as connection:
        connection.start_tls(visits.hello(host))
        proxy = connection.request(Request(host=host)).json()["proxy"]
        assert (proxy["version"], proxy["src"], proxy["dst"]) == (version, list(connection.local), list(site.at("MIXED")))


def test_requests_of_different_clients_never_share_a_told_connection(site: sites.Running) -> None:
    """A connection to a server belongs to the client that its PROXY header names."""
    for _ in range(3):
        for source in (STRANGER, TRUSTED, "127.0.0.78"):
            assert _client(visits.https(site.at("STRANGERS"), "told.example.test", source=source)) == source


@pytest.mark.parametrize(("host", "version"), [("told6.example.test", 2), ("old6.example.test", 1)])
def test_an_ipv4_client_stays_one_at_an_ipv6_server(site: sites.Running, host: str, version: int) -> None:
    """The header carries the family of the client's connection, not that of the server's."""
    proxy = visits.https(site.at("STRANGERS"), host, source=STRANGER).json()["proxy"]
    assert (proxy["version"], proxy["src"][0], proxy["dst"][0]) == (version, STRANGER, "127.0.0.1")


def test_an_ipv6_client_stays_one_at_either_server(site: sites.Running) -> None:
    """IPv6 in front, IPv4 or IPv6 behind."""
    for host in ("told.example.test", "told6.example.test"):
        proxy = visits.https(site.at("SIX", "::1"), host).json()["proxy"]
        assert (proxy["src"][0], proxy["dst"]) == ("::1", list(site.at("SIX", "::1")))
    assert _headers(visits.https(site.at("SIX", "::1"), "web.example.test"), "x-forwarded-for") == ["::1"]


def test_an_address_of_every_family_is_seen_in_its_own(site: sites.Running, starter: sites.Starter, pem: str) -> None:
    """A listener on every address takes both families, and an IPv4 client is no mapped IPv6 address."""
    text = """
    listeners: {http: {bind: ":${HTTP}"}}
    services: {web: {tls: none, servers: ["${web}"], health: off}}
    """
    running = starter.start(text, {"web": site.servers["web"]})
    for host in ("127.0.0.1", "::1"):
        assert _headers(visits.http(running.at("HTTP", host), "web.example.test"), "x-forwarded-for") == [host]


CHECKED = """
listeners: {https: {bind: "127.0.0.1:${HTTPS}", sniff_timeout: 700ms}}
services:
  v1: {host: v1.example.test, servers: ["${v1}"], send_proxy: v1, health: {http: /healthy, every: 100ms, fall: 1}}
  v2: {host: v2.example.test, servers: ["${v2}"], send_proxy: v2, health: {http: /healthy, every: 100ms, fall: 1}}
  vault: {host: vault.example.test, tls: passthrough, servers: ["${vault}"], send_proxy: v2, health: {every: 100ms, fall: 1}}
certificates: [{file: "${PEM}"}]
"""


@pytest.fixture(scope="module")
def checked(starter: sites.Starter, stand: servers.Stand, pem: str) -> sites.Running:
    leaf = certificates.authority().issue("vault.example.test")
    named = {name: stand.http(name, proxy="required") for name in ("v1", "v2")}
    return starter.start(CHECKED, {**named, "vault": stand.https("vault", leaf, proxy="required")}, PEM=pem)


def test_health_checks_send_the_proxy_header_too(checked: sites.Running) -> None:
    """A server that expects PROXY gets it from checks, so it stays up; in the version that it gets otherwise."""
    for name, version in (("v1", 1), ("v2", 2)):
        server = checked.servers[name]
        seen = [one for one in server.wait_for(3) if one.target == "/healthy"]
        assert [one.proxy.version for one in seen if one.proxy] == [version] * len(seen)
        assert server.refusals == ()
    for host in ("v1.example.test", "v2.example.test", "vault.example.test"):
        assert visits.https(checked.at("HTTPS"), host).status == 200


def test_connection_checks_of_a_passed_service_send_it_too(checked: sites.Running) -> None:
    """A check that only connects brings a whole header all the same: the server sees a connection that ends after it."""
    vault = checked.servers["vault"]
    before = vault.connections
    end = time.monotonic() + 5
    while vault.connections < before + 3:
        assert time.monotonic() < end, "no checks"
        time.sleep(0.02)
    assert not [reason for reason in vault.refusals if "PROXY" in reason], vault.refusals


def test_a_proxy_header_and_a_hello_in_one_segment(site: sites.Running) -> None:
    """What follows the header in the same packet is not lost."""
    with client.connect(site.at("MIXED"), source=TRUSTED) as connection:
        connection.send(V4[0] + b"GET /one HTTP/1.1\r\nHost: clear.example.test\r\n\r\n")
        assert _headers(connection.read_response(), "x-forwarded-for") == [V4[1]]
    tls = Tls(certificates.trusting_nobody(), "vault.example.test", records=(3, 80), segments=7, pause=0)
    assert _client(client.get(site.at("MIXED"), Request(host="vault.example.test"), tls=tls, proxy=V6[0], source=TRUSTED)) == V6[1]
