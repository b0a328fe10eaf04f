"""The heading "HTTP": what passes without settings, redirects, how hosts and paths are matched, and dead ends."""

from __future__ import annotations

import time

import pytest

from integration.behaviour import sites, visits
from support import certificates, client, client_http2, servers, websocket
from support.client import Request

pytestmark = pytest.mark.haproxy

SITE = """
listeners:
  http: {bind: "127.0.0.1:${HTTP}", redirect: https}
  https: {bind: "127.0.0.1:${HTTPS}"}
  bare: {bind: "127.0.0.1:${BARE}", redirect: https}
services:
  shop: {host: [shop.example.test, acme.example.test], servers: ["${shop}"]}
  admin: {host: shop.example.test, path: [/admin, /a/b], servers: ["${admin}"]}
  whole: {host: whole.example.test, servers: ["${whole}"]}
  wild: {host: "*.example.test", path: /only, servers: ["${wild}"]}
  acme: {host: acme.example.test, path: /.well-known/acme-challenge, tls: none, listener: http, servers: ["${acme}"]}
  clear: {host: clear.example.test, tls: none, listener: http, servers: ["${clear}"]}
  dead: {host: dead.example.test, servers: ["127.0.0.1:${DEAD}"]}
  dead-checked: {host: dead-checked.example.test, servers: ["127.0.0.1:${DEAD}"], health: {every: 100ms, fall: 1}}
certificates: [{file: "${PEM}"}]
defaults: {health: off, retries: 0}
"""


@pytest.fixture(scope="module")
def site(starter: sites.Starter, stand: servers.Stand, pem: str) -> sites.Running:
    names = ("shop", "admin", "whole", "wild", "acme", "clear")
    return starter.start(SITE, {name: stand.http(name) for name in names}, PEM=pem)


# What passes without settings


def test_http1_and_http2_pass(site: sites.Running) -> None:
    """Bodies in both directions, over either version."""
    body = bytes(100_000)
    post = Request("POST", "/form", "shop.example.test", body=body, headers=(("Content-Length", str(len(body))),))
    for outcome in (
        client.get(site.at("HTTPS"), Request("POST", "/form", "shop.example.test", body=body), tls=visits.hello("shop.example.test")),
        client.get(
            site.at("HTTPS"), Request("POST", "/form", "shop.example.test", body=body, chunked=True), tls=visits.hello("shop.example.test")
        ),
        *visits.http2(site.at("HTTPS"), "shop.example.test", [post]),
    ):
        assert (outcome.standin, outcome.json()["body_size"], outcome.json()["target"]) == ("shop", len(body), "/form")
    big = visits.http2(site.at("HTTPS"), "shop.example.test", [Request(target="/big?bytes=300000", host="shop.example.test")])
    assert len(big[0].body) == 300_000


def test_websockets_pass(site: sites.Running) -> None:
    """An upgrade goes to the server, and frames go both ways."""
    with client.connect(site.at("HTTPS")) as connection:
        visits.open_websocket(connection, "shop.example.test")
        assert visits.websocket_echo(connection, b"hello") == websocket.Frame(websocket.TEXT, b"hello")


def test_websockets_pass_over_http2(site: sites.Running) -> None:
    """As a stream of HTTP/2 (RFC 8441) too: the server sees an upgrade of HTTP/1.1, and other tunnels stay refused."""
    host = "shop.example.test"
    with client.connect(site.at("HTTPS")) as connection:
        connection.start_tls(visits.hello(host, ("h2",)))
        engine, stream, status = client_http2.open_websocket(connection, host)
        assert status == 200
        sent = websocket.encode(websocket.Frame(websocket.TEXT, b"hello"), is_masked=True)
        back = client_http2.exchange(connection, engine, stream, sent)
        assert websocket.decode(back) == (websocket.Frame(websocket.TEXT, b"hello"), 7)


def test_server_sent_events_pass_one_by_one(site: sites.Running) -> None:
    """Events arrive when they are sent, not when the answer ends."""
    with client.connect(site.at("HTTPS")) as connection:
        connection.start_tls(visits.hello("shop.example.test"))
        began = time.monotonic()
        connection.send(b"GET /sse?count=3&interval=0.4 HTTP/1.1\r\nHost: shop.example.test\r\nAccept: text/event-stream\r\n\r\n")
        assert connection.read_until(b"data: 0").ok
        assert time.monotonic() - began < 0.35
        assert connection.read_until(b"data: 2").ok


def test_grpc_passes_to_a_passthrough_server_and_over_an_http2_front(
    site: sites.Running, starter: sites.Starter, stand: servers.Stand
) -> None:
    """gRPC needs HTTP/2 to the end and its trailers: passed on as it is. An HTTP/2 front hands the message over whole too."""
    grpc = {"content-type": "application/grpc", "te": "trailers"}
    message = b"\0\0\0\0\5hello"
    request = Request("POST", "/pkg.Service/Call", "rpc.example.test", tuple(grpc.items()), message)
    text = """
    listeners: {https: {bind: "127.0.0.1:${HTTPS}"}}
    services: {rpc: {host: rpc.example.test, tls: passthrough, servers: ["${rpc}"], health: off}}
    """
    server = stand.https("rpc", certificates.authority().issue("rpc.example.test"), alpn=("h2",))
    (outcome,) = visits.http2(starter.start(text, {"rpc": server}).at("HTTPS"), "rpc.example.test", [request])
    assert (outcome.standin, outcome.body, outcome.header("grpc-status")) == ("rpc", message, "0")
    fronted = Request("POST", "/pkg.Service/Call", "shop.example.test", tuple(grpc.items()), message)
    (outcome,) = visits.http2(site.at("HTTPS"), "shop.example.test", [fronted])
    seen = site.servers["shop"].last
    assert (outcome.status, seen.body, seen.header("content-type"), seen.header("te")) == (200, message, *grpc.values())


# Redirects


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE"])
def test_plain_http_is_redirected_with_308(site: sites.Running, method: str) -> None:
    """308 keeps the method; path and query stay as they were sent; the port is named where it is not 443."""
    outcome = client.get(site.at("HTTP"), Request(method, "/a%20b/c?d=e%26f&g", "shop.example.test"))
    port = site.at("HTTPS")[1]
    assert (outcome.status, outcome.header("location")) == (308, f"https://shop.example.test:{port}/a%20b/c?d=e%26f&g")


def test_the_redirect_names_no_port_for_443(tmp_path_factory: pytest.TempPathFactory) -> None:
    """https://host/ is what a person expects to see."""
    text = """
    services: {shop: {host: shop.example.test, servers: ["127.0.0.1:9"]}}
    certificates: [{self_signed: ["*.example.test"]}]
    """
    made = sites.compiled(text, tmp_path_factory.mktemp("site"))
    assert sites.explained(made, "http://shop.example.test/a?b").location == "https://shop.example.test/a?b"


def test_a_redirect_for_an_unknown_host_is_404(site: sites.Running) -> None:
    """Only hosts that https knows are sent there; no open redirect."""
    for host in ("stranger.test", "a.b.example.test", "example.test"):
        assert visits.http(site.at("HTTP"), host).status == 404
    assert client.get(site.at("HTTP"), Request(host=None)).status in (400, 404)


def test_the_acme_path_is_never_redirected_where_it_has_a_route(site: sites.Running) -> None:
    """An HTTP-01 challenge is answered in clear, where a service for it exists; all else of the host is redirected."""
    path = "/.well-known/acme-challenge/token"
    assert visits.http(site.at("HTTP"), "acme.example.test", path).standin == "acme"
    assert visits.http(site.at("HTTP"), "acme.example.test", "/other").status == 308
    assert visits.http(site.at("HTTP"), "shop.example.test", path).status == 308
    assert visits.http(site.at("BARE"), "acme.example.test", path).status == 308


# Hosts


@pytest.mark.parametrize(
    "host", ["shop.example.test", "SHOP.Example.TEST", "shop.example.test:8443", "shop.example.test.", "Shop.Example.Test.:1"]
)
def test_case_port_and_final_dot_of_a_host_do_not_matter(site: sites.Running, host: str) -> None:
    """Over HTTP/1.1, HTTP/2 and in clear; the server sees what the client wrote."""
    outcome = client.get(site.at("HTTPS"), Request(host=host), tls=visits.hello("shop.example.test"))
    assert outcome.standin == "shop"
    assert ["host", host] in [[name.lower(), value] for name, value in outcome.json()["headers"]]
    assert visits.http2(site.at("HTTPS"), "shop.example.test", [Request(host=host)])[0].standin == "shop"
    location = visits.http(site.at("HTTP"), host).header("location")
    assert location == f"https://shop.example.test:{site.at('HTTPS')[1]}/"


def test_case_of_the_sni_does_not_matter(site: sites.Running) -> None:
    """Names in a hello are names too (without a final dot, RFC 6066, section 3)."""
    for sni in ("SHOP.example.TEST", "shop.EXAMPLE.test"):
        assert client.get(site.at("HTTPS"), Request(host="shop.example.test"), tls=visits.hello(sni)).standin == "shop"


@pytest.mark.parametrize("target", ["https://shop.example.test/x", "http://shop.example.test/x"])
def test_a_whole_url_as_request_target_counts_as_its_host(site: sites.Running, target: str) -> None:
    """RFC 9112, section 3.2.2: the host of an absolute target is the one that counts; one that disagrees with Host is refused."""
    outcome = client.get(site.at("HTTPS"), Request(target=target, host="shop.example.test"), tls=visits.hello("shop.example.test"))
    assert (outcome.standin, outcome.json()["target"].removeprefix(target.removesuffix("/x"))) == ("shop", "/x")
    counts = site.servers["whole"].request_count
    other = client.get(site.at("HTTPS"), Request(target=target, host="whole.example.test"), tls=visits.hello("shop.example.test"))
    assert other.standin in ("shop", None)
    assert site.servers["whole"].request_count == counts


# Paths


@pytest.mark.parametrize(
    ("path", "server"),
    [
        ("/", "shop"),
        ("/admin", "admin"),
        ("/admin/", "admin"),
        ("/admin?x=/y", "admin"),
        ("/admin/users", "admin"),
        ("/administrator", "shop"),
        ("/admin.html", "shop"),
        ("/x/admin", "shop"),
        ("/Admin", "shop"),
        ("/a", "shop"),
        ("/a/b", "admin"),
        ("/a/bc", "shop"),
        ("/a/b/c", "admin"),
    ],
)
def test_paths_match_on_segment_borders(site: sites.Running, path: str, server: str) -> None:
    """/admin is /admin and below, not /administrator; the server gets the path as it was sent."""
    outcome = visits.https(site.at("HTTPS"), "shop.example.test", path)
    assert (outcome.standin, outcome.json()["target"]) == (server, path)


def test_a_wildcard_with_a_path_matches_below_it_only(site: sites.Running) -> None:
    """Host first, then the longest path in it."""
    assert visits.https(site.at("HTTPS"), "any.example.test", "/only/x").standin == "wild"
    assert visits.https(site.at("HTTPS"), "any.example.test", "/other").status == 404


DOTTED = (
    "/a/../admin", "/..", "/../admin", "/x/..", "/./admin", "/a/.", "/a/./b", "/x/%2e%2e/admin", "/x/%2E%2e/admin", "/x/.%2e/admin",
    "/%2e/admin", "/x%2f..%2fadmin", "/x/..%2fadmin", "/x/..%5cadmin", "/x/..\\admin", "/x\\..\\admin", "/x/..;/admin", "/x/..;a=b/admin",
    "/x/%2e%2e%3b/admin", "/x/..?q", "/x/%2e%2e",
)  # fmt: skip


@pytest.mark.parametrize("path", DOTTED)
def test_dot_segments_get_400(site: sites.Running, path: str) -> None:
    """What a server may read as another path reaches none, encoded or not, over either version of HTTP, on hosts with and
    without paths."""
    counts = [server.request_count for server in site.servers.values()]
    for host in ("shop.example.test", "whole.example.test"):
        assert visits.https(site.at("HTTPS"), host, path).status == 400
        assert visits.http2(site.at("HTTPS"), host, [Request(target=path, host=host)])[0].status == 400
    assert visits.http(site.at("HTTP"), "clear.example.test", path).status == 400
    assert [server.request_count for server in site.servers.values()] == counts


@pytest.mark.parametrize(
    "path", ["/a/../admin/%zz", "/x/%2e%2e/admin/%zz", "/%61dmin/%", "/admin/%4", "/a/.%00./admin", "/admin%00", "/%zz"]
)
def test_paths_that_cannot_be_decoded_get_400(site: sites.Running, path: str) -> None:
    """One broken escape must not switch off what looks at the decoded path; a NUL ends paths for some servers."""
    counts = [server.request_count for server in site.servers.values()]
    for host in ("shop.example.test", "whole.example.test"):
        assert visits.https(site.at("HTTPS"), host, path).status == 400
        assert visits.http2(site.at("HTTPS"), host, [Request(target=path, host=host)])[0].status == 400
    assert [server.request_count for server in site.servers.values()] == counts


@pytest.mark.parametrize(
    "path", ["/.well-known/x", "/a/..b", "/a/b..", "/...", "/a/.../b", "/.hidden", "/a?x=/../b", "/a?x=%2e%2e/", "/%252e%252e/x", "/a%20b"]
)
def test_harmless_dots_pass_untouched(site: sites.Running, path: str) -> None:
    """Dots in names and in queries are nobody's parent."""
    outcome = visits.https(site.at("HTTPS"), "shop.example.test", path)
    assert (outcome.standin, outcome.json()["target"]) == ("shop", path)


AMBIGUOUS = (
    "/%61dmin",
    "//admin",
    "/admin%2fx",
    "/%61dmin/x",
    "//a//b",
    "/a//b",
    "/a%2fb",
    "/x/..%2f",
    "/a/%62",
    "/\\admin",
    "/a\\b",
    "/%2fadmin",
    "/admin;x=1",
    "/admin;x=1/y",
    "/;/admin",
    "/;x=1/admin",
)


@pytest.mark.parametrize("path", AMBIGUOUS)
def test_ambiguous_paths_get_400(site: sites.Running, path: str) -> None:
    """Where a server that decodes or joins slashes would see a path of another route: neither of the two gets it."""
    assert visits.https(site.at("HTTPS"), "shop.example.test", path).status == 400
    assert visits.http2(site.at("HTTPS"), "shop.example.test", [Request(target=path, host="shop.example.test")])[0].status == 400


@pytest.mark.parametrize(
    ("path", "server"),
    [("/x%2fy", "shop"), ("//x", "shop"), ("/admin//x", "admin"), ("/admin/%61", "admin"), ("/caf%C3%A9", "shop")],
)
def test_odd_paths_of_one_route_pass_untouched(site: sites.Running, path: str, server: str) -> None:
    """Where both readings lead to the same service, it gets what the client sent."""
    outcome = visits.https(site.at("HTTPS"), "shop.example.test", path)
    assert (outcome.standin, outcome.json()["target"]) == (server, path)


# Dead ends


def test_an_unknown_host_gets_404_never_the_first_service(site: sites.Running) -> None:
    """The name was in the certificate and in the hello, but no service has it."""
    counts = [server.request_count for server in site.servers.values()]
    assert visits.https(site.at("HTTPS"), "example.test").status == 404
    assert visits.https(site.at("HTTPS"), "any.example.test").status == 404
    assert [server.request_count for server in site.servers.values()] == counts


def test_an_unknown_host_over_a_reused_connection_gets_421(site: sites.Running) -> None:
    """The client may have more luck with a connection of its own."""
    for host in ("stranger.test", "example.test"):
        outcomes = visits.http2(site.at("HTTPS"), "shop.example.test", [Request(host=name) for name in ("shop.example.test", host)])
        assert [outcome.status for outcome in outcomes] == [200, 421]
        with client.connect(site.at("HTTPS")) as connection:
            connection.start_tls(visits.hello("shop.example.test"))
            assert connection.request(Request(host=host)).status == 421


def test_a_request_without_a_host_gets_no_service(site: sites.Running) -> None:
    """HTTP/1.0 knew none; there is no first service to fall back to."""
    counts = [server.request_count for server in site.servers.values()]
    with client.connect(site.at("HTTPS")) as connection:
        connection.start_tls(visits.hello("shop.example.test"))
        connection.send(b"GET / HTTP/1.0\r\n\r\n")
        assert connection.read_response().status in (400, 404, 421)
    assert [server.request_count for server in site.servers.values()] == counts


@pytest.mark.parametrize("host", ["dead.example.test", "dead-checked.example.test"])
def test_a_dead_service_gives_503_and_its_neighbours_go_on(site: sites.Running, host: str) -> None:
    """A plain page that says so, over either version; the connection stays good for other services."""
    outcomes = visits.http2(site.at("HTTPS"), host, [Request(host=host), Request(host="shop.example.test")])
    assert [outcome.status for outcome in outcomes] == [503, 200]
    outcome = visits.https(site.at("HTTPS"), host)
    assert outcome.status == 503
    assert b"503" in outcome.body


def test_a_service_that_comes_back_is_served_again(site: sites.Running) -> None:
    """503 while its server is gone, 200 after."""
    server = site.servers["whole"]
    server.stop()
    try:
        assert visits.https(site.at("HTTPS"), "whole.example.test").status == 503
    finally:
        server.start()
    assert visits.https(site.at("HTTPS"), "whole.example.test").status == 200


def test_http2_in_clear_text_is_spoken_on_a_plain_listener(site: sites.Running) -> None:
    """Prior knowledge, without an upgrade."""
    outcomes = client_http2.requests(site.at("HTTP"), [Request(host="clear.example.test"), Request(host="stranger.test")])
    assert [outcome.status for outcome in outcomes] == [200, 404]
