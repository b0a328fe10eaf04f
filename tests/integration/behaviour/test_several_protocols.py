"""The heading "Several protocols on one port": told apart by the first bytes, in any cut, or by saying nothing."""

from __future__ import annotations

import time

import pytest

from integration.behaviour import sites, visits
from support import certificates, client, client_http2, clienthello, servers, standin_tcp
from support.client import Request, Tls

pytestmark = pytest.mark.haproxy

SITE = """
listeners:
  https: {bind: "127.0.0.1:${ALL}", sniff_timeout: 700ms}
  ssh: {bind: "127.0.0.1:${SSH}"}
  mail: {bind: "127.0.0.1:${MAIL}"}
  rest: {bind: "127.0.0.1:${REST}", sniff_timeout: 700ms}
  one: {bind: "127.0.0.1:${ONE}"}
  redirecting: {bind: "127.0.0.1:${REDIRECTING}", plain_http: redirect}
  refusing: {bind: "127.0.0.1:${REFUSING}", plain_http: refuse, sniff_timeout: 700ms}
services:
  shop: {host: shop.example.test, servers: ["${shop}"], listener: [https, rest, one, redirecting, refusing]}
  vault: {host: vault.example.test, tls: passthrough, servers: ["${vault}"], listener: https}
  plain: {host: plain.example.test, tls: none, servers: ["${plain}"], listener: https}
  git-ssh: {protocol: ssh, servers: ["${git}"], listener: [ssh, https, refusing]}
  mail: {protocol: tcp, servers: ["${mail}"], listener: mail}
  rest: {protocol: tcp, servers: ["${mail}"], listener: rest}
certificates: [{file: "${PEM}"}]
defaults: {health: off}
"""


@pytest.fixture(scope="module")
def site(starter: sites.Starter, stand: servers.Stand, pem: str) -> sites.Running:
    named = {
        "shop": stand.http("shop"),
        "plain": stand.http("plain"),
        "git": stand.tcp("git", "ssh"),
        "mail": stand.tcp("mail", "silent-first"),
        "vault": stand.https("vault", certificates.authority().issue("vault.example.test")),
    }
    return starter.start(SITE, named, PEM=pem)


def test_ssh_beside_tls_reaches_the_ssh_service(site: sites.Running) -> None:
    """A client that begins with SSH- is an ssh client, also on 443."""
    outcome = client.ssh(site.at("ALL"))
    assert outcome.standin == "git"
    assert outcome.body.startswith(standin_tcp.BANNER)


def test_ssh_on_its_own_listener_takes_no_sniffing(site: sites.Running) -> None:
    """With nothing else on the port, the server's banner comes at once and nothing is looked at."""
    began = time.monotonic()
    assert client.silent(site.at("SSH"), 2).body == standin_tcp.BANNER
    assert time.monotonic() - began < 0.5
    assert [hop.kind for hop in site.explain("ssh://example.test:${SSH}").hops] == ["tcp"]


def test_tls_beside_the_others_reaches_its_service(site: sites.Running) -> None:
    """A ClientHello is TLS, ended here or passed on by its name."""
    for host, server in (("shop.example.test", "shop"), ("vault.example.test", "vault")):
        assert visits.https(site.at("ALL"), host).standin == server


def test_http1_in_clear_text_beside_the_others_reaches_its_service(site: sites.Running) -> None:
    """A request line is HTTP/1, whatever the method."""
    for method in ("GET", "POST", "PROPFIND", "OPTIONS"):
        outcome = client.get(site.at("ALL"), Request(method, "/x", "plain.example.test"))
        assert (outcome.standin, outcome.json()["method"]) == ("plain", method)


def test_http2_in_clear_text_beside_the_others_reaches_its_service(site: sites.Running) -> None:
    """So is the preface of HTTP/2 with prior knowledge."""
    outcomes = client_http2.requests(site.at("ALL"), [Request(host="plain.example.test"), Request(host="shop.example.test")])
    assert [(one.status, one.standin) for one in outcomes] == [(200, "plain"), (308, None)]


@pytest.mark.parametrize(
    ("first", "mark"),
    [(b"SSH-2.0-client\r\n", b"SSH-2.0-standin"), (b"GET / HTTP/1.1\r\nHost: plain.example.test\r\n\r\n", b"x-standin: plain")],
    ids=["ssh", "http"],
)
@pytest.mark.parametrize("size", [1, 3, 5])
def test_protocols_are_told_apart_in_small_segments(site: sites.Running, first: bytes, mark: bytes, size: int) -> None:
    """Never judged by bytes that only look complete."""
    with client.connect(site.at("ALL")) as connection:
        connection.send(first, size, pause=0.002)
        assert mark in connection.read_until(mark).body


def test_silence_lets_the_server_speak_first_after_the_sniff_timeout(site: sites.Running) -> None:
    """Some ssh clients wait for the server's banner: they get it, once it is clear that they say nothing."""
    began = time.monotonic()
    outcome = client.silent(site.at("ALL"), 3)
    assert outcome.body == standin_tcp.BANNER
    assert 0.6 < time.monotonic() - began < 2


def test_silence_on_a_port_without_such_a_server_is_closed(
    site: sites.Running, starter: sites.Starter, stand: servers.Stand, pem: str
) -> None:
    """Nobody would speak first: after the sniff timeout the connection ends."""
    text = """
    listeners: {https: {bind: "127.0.0.1:${HTTPS}", sniff_timeout: 300ms, plain_http: redirect}}
    services: {shop: {host: shop.example.test, servers: ["127.0.0.1:9"], health: off}}
    certificates: [{file: "${PEM}"}]
    """
    running = starter.start(text, PEM=pem)
    began = time.monotonic()
    assert client.silent(running.at("HTTPS"), 3).kind in ("closed", "reset")
    assert time.monotonic() - began < 2


def test_what_is_no_known_protocol_is_closed(site: sites.Running) -> None:
    """Bytes of nothing that the port serves lead nowhere."""
    names = ("shop", "plain", "vault")  # ssh would show its banner below; it also sees who only looks whether the port is open
    before = [site.servers[name].connections for name in names]
    for data in (b"\x00\x01\x02\x03\x04\x05\x06\x07\x08", b"EHLO", b"\x16\x03\x01\x00", b"get / http/1.1\r\n\r\n"):
        with client.connect(site.at("ALL")) as connection:
            connection.send(data)
            outcome = connection.read_to_end(timeout=3)
        assert (outcome.kind in ("closed", "reset"), outcome.body) == (True, b""), data
    assert [site.servers[name].connections for name in names] == before


def test_other_tcp_takes_what_is_none_of_the_rest(site: sites.Running) -> None:
    """A tcp service beside TLS gets every other connection, those in silence after the sniff timeout."""
    assert visits.https(site.at("REST"), "shop.example.test").standin == "shop"
    with client.connect(site.at("REST")) as connection:
        connection.send(b"\x00\x01 something else\n")
        assert connection.read_until(b"\n").json()["greeting"] == "220 mail"
        assert connection.read_until(b"\n").body == b"\x00\x01 something else\n"
    assert client.silent(site.at("REST"), 3).json()["greeting"] == "220 mail"


def test_a_server_that_speaks_first_has_its_own_listener(site: sites.Running) -> None:
    """Mail and its like: greeted at once, by one TCP layer."""
    began = time.monotonic()
    assert client.silent(site.at("MAIL"), 2).json()["greeting"] == "220 mail"
    assert time.monotonic() - began < 0.5
    assert [hop.kind for hop in site.explain("tcp://:${MAIL}").hops] == ["tcp"]


def test_plain_http_on_a_sniffing_tls_port_is_redirected(site: sites.Running) -> None:
    """Who types http:// and the port gets a redirect to https, for terminated and for passed hosts."""
    port = site.at("ALL")[1]
    for host in ("shop.example.test", "vault.example.test"):
        outcome = visits.http(site.at("ALL"), host, "/a?b=c")
        assert (outcome.status, outcome.header("location")) == (308, f"https://{host}:{port}/a?b=c")
    assert visits.http(site.at("ALL"), "stranger.test").status == 404


def test_plain_http_on_a_one_layer_tls_port_is_refused(site: sites.Running) -> None:
    """One layer means that only TLS is understood: the connection ends, without an HTTP answer."""
    assert [hop.kind for hop in site.explain("https://shop.example.test:${ONE}/").hops] == ["tls"]
    asked = site.servers["shop"].request_count
    assert visits.http(site.at("ONE"), "shop.example.test").kind in ("closed", "reset", "garbage")
    assert site.servers["shop"].request_count == asked


def test_plain_http_redirect_asks_for_the_layer(site: sites.Running) -> None:
    """The redirect on a port that has only TLS otherwise: it works, costs a hop, and explain says so."""
    port = site.at("REDIRECTING")[1]
    outcome = visits.http(site.at("REDIRECTING"), "shop.example.test", "/x")
    assert (outcome.status, outcome.header("location")) == (308, f"https://shop.example.test:{port}/x")
    assert visits.https(site.at("REDIRECTING"), "shop.example.test").standin == "shop"
    hops = site.explain("https://shop.example.test:${REDIRECTING}/").hops
    assert [hop.kind for hop in hops] == ["sniff", "tls"]
    assert "plain HTTP" in hops[0].why


def test_plain_http_refuse_is_refused_on_a_sniffing_port(site: sites.Running) -> None:
    """A port that is looked into for ssh need not answer plain HTTP."""
    assert visits.http(site.at("REFUSING"), "shop.example.test").kind in ("closed", "reset")
    assert visits.https(site.at("REFUSING"), "shop.example.test").standin == "shop"
    assert client.ssh(site.at("REFUSING")).standin == "git"


@pytest.mark.parametrize("size", [1, 100])
def test_a_split_hello_beside_ssh_and_http_is_still_tls(site: sites.Running, size: int) -> None:
    """Records and segments at once, on the port that has everything."""
    for host, server in (("shop.example.test", "shop"), ("vault.example.test", "vault")):
        tls = Tls(certificates.trusting_nobody(), host, records=(3, 60), segments=size, pause=0)
        assert client.get(site.at("ALL"), Request(host=host), tls=tls).standin == server
    flight = clienthello.build(clienthello.Hello("shop.example.test", key_share_bytes=1600), (5, 900))
    assert client.raw_hello(site.at("ALL"), flight, size, pause=0).body[:2] == b"\x16\x03"
