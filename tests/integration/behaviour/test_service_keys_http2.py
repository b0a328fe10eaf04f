"""HTTP/2 to servers: over TLS where it is agreed upon (h2), in clear with prior knowledge (h2c)."""

from __future__ import annotations

import time

import pytest

from integration.behaviour import sites, visits
from support import certificates, client, client_http2, servers, websocket
from support.client import Request

pytestmark = pytest.mark.haproxy

SITE = """
listeners:
  http: {bind: "127.0.0.1:${HTTP}"}
  https: {bind: "127.0.0.1:${HTTPS}"}
services:
  h2c: {host: h2c.example.test, servers: ["${clear}"], http2: h2c}
  h2c-plain: {host: h2c.example.test, tls: none, listener: http, servers: ["${clear}"], http2: h2c}
  h2c-checked: {host: h2c-checked.example.test, servers: ["${asked}"], http2: h2c, health: {http: /up, every: 100ms}}
  h2c-reached: {host: h2c-reached.example.test, servers: ["${quiet}"], http2: h2c, health: {every: 100ms}}
  h2: {host: h2.example.test, tls: reencrypt, servers: ["${only}"], verify: {ca: "${CA}"}, http2: h2}
  h2-checked:
    host: h2-checked.example.test
    tls: reencrypt
    servers: ["${tested}"]
    verify: {ca: "${CA}"}
    http2: h2
    health: {http: /up, every: 100ms}
  h2-reached:
    host: h2-reached.example.test
    tls: reencrypt
    servers: ["${silent}"]
    verify: {ca: "${CA}"}
    http2: h2
    health: {every: 100ms}
  both: {host: both.example.test, tls: reencrypt, servers: ["${both}"], verify: {ca: "${CA}"}, http2: h2}
  one: {host: one.example.test, tls: reencrypt, servers: ["${one}"], verify: {ca: "${CA}"}, http2: h2}
certificates: [{file: "${PEM}"}]
defaults: {retries: 0, health: off}
"""

GRPC = (("content-type", "application/grpc"), ("te", "trailers"))
MESSAGE = b"\0\0\0\0\5hello"


@pytest.fixture(scope="module")
def site(starter: sites.Starter, stand: servers.Stand, pem: str, ca: str) -> sites.Running:
    leaf = certificates.authority().issue("*.example.test")
    known = {
        "clear": stand.http("clear"),
        "only": stand.https("only", leaf, alpn=("h2",)),
        "both": stand.https("both", leaf, alpn=("h2", "http/1.1")),
        "asked": stand.http("asked"),
        "tested": stand.https("tested", leaf, alpn=("h2",)),
        "quiet": stand.http("quiet"),
        "silent": stand.https("silent", leaf, alpn=("h2", "http/1.1")),
        "one": stand.https("one", leaf, alpn=("http/1.1",)),
    }
    return starter.start(SITE, known, PEM=pem, CA=ca)


@pytest.mark.parametrize(("host", "server"), [("h2c", "clear"), ("h2", "only"), ("both", "both")])
def test_servers_are_spoken_to_over_http2(site: sites.Running, host: str, server: str) -> None:
    """Whatever the client speaks; bodies and headers arrive, the host as :authority."""
    name = f"{host}.example.test"
    body = bytes(100_000)
    headers = (("X-Hello", "a b"),)
    posted = client.get(site.at("HTTPS"), Request("POST", "/form?x", name, headers, body), tls=visits.hello(name))
    (got,) = visits.http2(site.at("HTTPS"), name, [Request(target="/form?x", host=name, headers=headers)])
    assert (posted.standin, posted.json()["body_size"], posted.json()["version"]) == (server, len(body), "HTTP/2")
    assert (got.standin, got.json()["target"], got.json()["version"]) == (server, "/form?x", "HTTP/2")
    seen = site.servers[server].last
    assert (seen.header(":authority") or seen.header("host"), seen.header("x-hello")) == (name, "a b")
    assert seen.header("x-forwarded-for") == "127.0.0.1"


@pytest.mark.parametrize(("host", "server"), [("h2c", "clear"), ("h2", "only"), ("both", "both")])
def test_grpc_passes_with_its_trailers(site: sites.Running, host: str, server: str) -> None:
    """HTTP/2 to the end, ``te: trailers`` on the way there and ``grpc-status`` on the way back."""
    name = f"{host}.example.test"
    (outcome,) = visits.http2(site.at("HTTPS"), name, [Request("POST", "/pkg.Service/Call", name, GRPC, MESSAGE)])
    assert (outcome.standin, outcome.status, outcome.body, outcome.header("grpc-status")) == (server, 200, MESSAGE, "0")
    seen = site.servers[server].last
    assert (seen.version, seen.header("te"), seen.header("content-type")) == ("HTTP/2", "trailers", "application/grpc")


def test_grpc_passes_from_clear_to_clear(site: sites.Running) -> None:
    """A plain listener, prior knowledge on both sides."""
    request = Request("POST", "/pkg.Service/Call", "h2c.example.test", GRPC, MESSAGE)
    (outcome,) = client_http2.requests(site.at("HTTP"), [request])
    assert (outcome.standin, outcome.body, outcome.header("grpc-status")) == ("clear", MESSAGE, "0")


def test_a_server_that_knows_no_http2_over_tls_is_spoken_to_over_http1(site: sites.Running) -> None:
    """ALPN decides."""
    outcome = visits.https(site.at("HTTPS"), "one.example.test")
    assert (outcome.standin, outcome.json()["version"]) == ("one", "HTTP/1.1")


@pytest.mark.parametrize(("host", "server"), [("h2c", "clear"), ("both", "both")])
def test_websockets_take_a_connection_of_their_own(site: sites.Running, host: str, server: str) -> None:
    """Over HTTP/1.1, which every server with WebSockets knows, also while connections over HTTP/2 are open."""
    assert visits.https(site.at("HTTPS"), f"{host}.example.test").json()["version"] == "HTTP/2"
    with client.connect(site.at("HTTPS")) as connection:
        visits.open_websocket(connection, f"{host}.example.test")
        assert visits.websocket_echo(connection, b"hello") == websocket.Frame(websocket.TEXT, b"hello")
    assert site.servers[server].last.version == "HTTP/1.1"


def _status_becomes(site: sites.Running, host: str, wanted: int) -> bool:
    """Whether requests get this status soon."""
    end = time.monotonic() + 10
    while visits.https(site.at("HTTPS"), host).status != wanted:
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


@pytest.mark.parametrize(("host", "server"), [("h2c-checked", "asked"), ("h2-checked", "tested")])
def test_health_checks_speak_http2_too(site: sites.Running, host: str, server: str) -> None:
    """A server is up or down by what it answers to them, over the version that requests take."""
    standin = site.servers[server]
    name = f"{host}.example.test"
    assert _status_becomes(site, name, 200)
    standin.answers["/up"] = 500
    try:
        assert _status_becomes(site, name, 503)
    finally:
        standin.answers.clear()
    assert _status_becomes(site, name, 200)
    checks = [seen for seen in standin.requests if seen.target == "/up"]
    assert {seen.version for seen in checks} == {"HTTP/2"}
    assert {seen.header(":authority") or seen.header("host") for seen in checks} == {name}


@pytest.mark.parametrize(("host", "server"), [("h2c-reached", "quiet"), ("h2-reached", "silent")])
def test_connection_checks_ask_nothing_of_http2(site: sites.Running, host: str, server: str) -> None:
    """Who connects is up, who does not is down."""
    standin = site.servers[server]
    name = f"{host}.example.test"
    assert _status_becomes(site, name, 200)
    standin.stop()
    try:
        assert _status_becomes(site, name, 503)
    finally:
        standin.start()
    assert _status_becomes(site, name, 200)
