"""What a service's keys do to messages and to the choice of a server: headers, rewriting, redirects, sticky sessions, hashes."""

from __future__ import annotations

import pytest

from integration.behaviour import sites, visits
from support import client, servers, websocket
from support.client import Request
from support.outcome import Outcome

pytestmark = pytest.mark.haproxy

LONG = "a-long-policy; " * 250 + "end"

SITE = """
listeners:
  http: {bind: "127.0.0.1:${HTTP}"}
  https: {bind: "127.0.0.1:${HTTPS}"}
services:
  headers:
    host: headers.example.test
    servers: ["${headers}"]
    headers:
      request:
        remove: [X-Gone, Accept]
        set: {X-Set: "100% \\"ours\\", it's #1 $HOME %[src] if { }", X-Forwarded-Proto: ours}
        add: {X-Add: second}
      response:
        remove: X-Standin
        set: {Strict-Transport-Security: max-age=63072000, Content-Type: text/x-ours}
        add: {Link: "</a.css>; rel=preload"}
  refused: {host: refused.example.test, servers: ["${headers}"], deny: 0.0.0.0/0, headers: {response: {set: {X-Ours: always}}}}
  dead: {host: dead.example.test, servers: ["127.0.0.1:${DEAD}"], headers: {response: {set: {X-Ours: always}}}}
  long:
    host: long.example.test
    servers: ["${headers}"]
    headers: {request: {set: {X-Long: "${LONG}"}}, response: {set: {X-Long: "${LONG}"}}}
  strip: {host: strip.example.test, servers: ["${rewrite}"], rewrite: {strip_prefix: /a.b/c+}}
  prefix: {host: prefix.example.test, servers: ["${rewrite}"], rewrite: {prefix: /t$n}}
  both:
    host: both.example.test
    path: /api
    servers: ["${rewrite}"]
    rewrite: {strip_prefix: /api, prefix: /v2, host: "internal.test:8080"}
  moved: {host: moved.example.test, redirect: {to: "https://new.example.test{path}"}}
  named: {host: "*.apps.test", redirect: {to: "https://{host}:8443/100%25{path}?a={path}", code: 302}}
  inside: {host: inside.example.test, path: /old, redirect: {to: "/new{path}", code: 301}}
  sticky: {host: sticky.example.test, servers: ["${one}", "${two}", "${three}"], sticky: {cookie: SRV}}
  sticky-clear: {host: sticky.example.test, tls: none, listener: http, servers: ["${one}", "${two}"], sticky: {cookie: CLEAR}}
  by-header: {host: by-header.example.test, servers: ["${one}", "${two}", "${three}"], balance: {hash: {header: X-User}}}
  by-cookie: {host: by-cookie.example.test, servers: ["${one}", "${two}", "${three}"], balance: {hash: {cookie: ID}}}
  by-path: {host: by-path.example.test, servers: ["${one}", "${two}", "${three}"], balance: {hash: path}}
  weighted:
    host: weighted.example.test
    servers: [{address: "${one}", weight: 3}, {address: "${two}", weight: 1}, {address: "${three}", backup: true}]
  partly: {host: partly.example.test, servers: [{address: "${one}", maintenance: true}, {address: "${two}"}]}
certificates: [{file: "${PEM}"}]
defaults: {health: off, retries: 0}
"""


@pytest.fixture(scope="module")
def site(starter: sites.Starter, stand: servers.Stand, pem: str) -> sites.Running:
    names = ("headers", "rewrite", "one", "two", "three")
    return starter.start(SITE, {name: stand.http(name) for name in names}, PEM=pem, LONG=LONG)


def _both_versions(site: sites.Running, host: str, target: str = "/", headers: tuple[tuple[str, str], ...] = ()) -> list[Outcome]:
    """The same request over HTTP/1.1 and over HTTP/2."""
    request = Request(target=target, host=host, headers=headers)
    return [client.get(site.at("HTTPS"), request, tls=visits.hello(host)), *visits.http2(site.at("HTTPS"), host, [request])]


# Headers


def test_headers_of_requests_are_removed_set_and_added(site: sites.Running) -> None:
    """Values reach the server letter by letter, whatever HAProxy would read in them; also instead of our own headers."""
    sent = (("X-Gone", "1"), ("x-gone", "2"), ("Accept", "*/*"), ("X-Set", "theirs"), ("X-Add", "first"))
    for outcome in _both_versions(site, "headers.example.test", headers=sent):
        assert outcome.status == 200
        seen = site.servers["headers"].last
        assert (seen.all("x-gone"), seen.all("accept")) == ((), ())
        assert seen.all("x-set") == ('100% "ours", it\'s #1 $HOME %[src] if { }',)
        assert seen.all("x-add") == ("first", "second")
        assert seen.all("x-forwarded-proto") == ("ours",)


def test_headers_of_responses_are_removed_set_and_added(site: sites.Running) -> None:
    """What clients see, over either version."""
    for outcome in _both_versions(site, "headers.example.test"):
        assert outcome.header("x-standin") is None
        assert outcome.header("strict-transport-security") == "max-age=63072000"
        assert [value for name, value in outcome.headers if name.lower() == "content-type"] == ["text/x-ours"]
        assert outcome.header("link") == "</a.css>; rel=preload"


def test_headers_of_responses_are_on_our_own_answers_too(site: sites.Running) -> None:
    """A security header that errors lack is worth little."""
    refused, dead = (visits.https(site.at("HTTPS"), host) for host in ("refused.example.test", "dead.example.test"))
    assert (refused.status, refused.header("x-ours")) == (403, "always")
    assert (dead.status, dead.header("x-ours")) == (503, "always")


def test_long_headers_do_not_break_long_messages(site: sites.Running) -> None:
    """A body that fills HAProxy's buffer leaves little room for headers; the room grows with what a site adds."""
    answer = visits.https(site.at("HTTPS"), "long.example.test", "/big?bytes=300000")
    assert (answer.status, len(answer.body), answer.header("x-long")) == (200, 300_000, LONG)
    request = Request("POST", "/", "long.example.test", headers=(("Cookie", "c" * 12_000),), body=bytes(200_000))
    outcome = client.get(site.at("HTTPS"), request, tls=visits.hello("long.example.test"))
    assert (outcome.status, outcome.json()["body_size"]) == (200, 200_000)
    assert site.servers["headers"].last.header("x-long") == LONG


def test_websockets_pass_with_changed_headers(site: sites.Running) -> None:
    """Changes leave an upgrade what it is."""
    with client.connect(site.at("HTTPS")) as connection:
        visits.open_websocket(connection, "headers.example.test")
        assert visits.websocket_echo(connection, b"hello") == websocket.Frame(websocket.TEXT, b"hello")
    assert site.servers["headers"].last.header("x-add") == "second"


# Rewriting


@pytest.mark.parametrize(
    ("host", "path", "seen"),
    [
        ("strip", "/a.b/c+", "/"),
        ("strip", "/a.b/c+/", "/"),
        ("strip", "/a.b/c+/x/y?q=/a.b/c+", "/x/y?q=/a.b/c+"),
        ("strip", "/a.b/c+//x", "/x"),
        ("strip", "/a.b/c+/a.b/c+/x", "/a.b/c+/x"),
        ("strip", "/a.b/c+x", "/a.b/c+x"),
        ("strip", "/aXb/cc/x", "/aXb/cc/x"),
        ("strip", "/", "/"),
        ("strip", "/x/a.b/c+", "/x/a.b/c+"),
        ("prefix", "/", "/t$n/"),
        ("prefix", "/x?y=%20z", "/t$n/x?y=%20z"),
        ("both", "/api", "/v2/"),
        ("both", "/api/users?id=1", "/v2/users?id=1"),
    ],
)
def test_servers_see_the_rewritten_path(site: sites.Running, host: str, path: str, seen: str) -> None:
    """On segment borders, with the query kept, over either version; several slashes behind the prefix go with it."""
    for outcome in _both_versions(site, f"{host}.example.test", path):
        assert (outcome.status, outcome.json()["target"]) == (200, seen)


def test_a_prefix_is_no_part_of_the_asterisk(site: sites.Running) -> None:
    """OPTIONS * asks the server as a whole."""
    outcome = client.get(site.at("HTTPS"), Request("OPTIONS", "*", "prefix.example.test"), tls=visits.hello("prefix.example.test"))
    assert outcome.json()["target"] == "*"


def test_servers_see_the_rewritten_host(site: sites.Running) -> None:
    """One Host header over either version; X-Forwarded-Host keeps what the client asked for."""
    for outcome in _both_versions(site, "both.example.test", "/api"):
        assert outcome.status == 200
        seen = site.servers["rewrite"].last
        assert (seen.all("host"), seen.header("x-forwarded-host")) == (("internal.test:8080",), "both.example.test")


# Redirects


def test_a_redirect_answers_in_place_of_servers(site: sites.Running) -> None:
    """Path and query as they were sent; 308 unless another status was asked for."""
    for outcome in _both_versions(site, "moved.example.test", "/a%20b/c?d=e%26f&g"):
        assert (outcome.status, outcome.header("location")) == (308, "https://new.example.test/a%20b/c?d=e%26f&g")
    outcome = visits.https(site.at("HTTPS"), "inside.example.test", "/old/x?y")
    assert (outcome.status, outcome.header("location")) == (301, "/new/old/x?y")


def test_a_redirect_may_name_the_requested_host(site: sites.Running) -> None:
    """As routes know it: lower case, without port and final dot. All else is literal."""
    request = Request(target="/x", host="A.Apps.Test.:8443")
    outcome = client.get(site.at("HTTPS"), request, tls=visits.hello("a.apps.test"))
    assert (outcome.status, outcome.header("location")) == (302, "https://a.apps.test:8443/100%25/x?a=/x")


def test_no_request_makes_a_redirect_lead_elsewhere(site: sites.Running) -> None:
    """A path that starts with two slashes is still a path behind the host that the site file says."""
    for path in ("//evil.test", "/\\evil.test", "/@evil.test", "/%0d%0aX-Evil:%201"):
        for outcome in _both_versions(site, "moved.example.test", path):
            assert outcome.status in (308, 400)
            assert (outcome.header("location") or "https://new.example.test/").startswith("https://new.example.test/")
            assert outcome.header("x-evil") is None


@pytest.mark.parametrize(("method", "target"), [("OPTIONS", "*"), ("GET", "http://moved.example.test")])
def test_a_redirect_without_a_path_leads_to_the_start(site: sites.Running, method: str, target: str) -> None:
    """A request for the server as a whole, and one in absolute form that stops behind the host."""
    request = Request(method=method, target=target, host="moved.example.test")
    outcome = client.get(site.at("HTTPS"), request, tls=visits.hello("moved.example.test"))
    assert (outcome.status, outcome.header("location")) == (308, "https://new.example.test/")


# Sticky sessions


def _cookie(outcome: Outcome, name: str) -> str:
    """The value of the cookie that the answer sets; empty if it sets none."""
    said = next((value for key, value in outcome.headers if key.lower() == "set-cookie" and value.startswith(f"{name}=")), "")
    return said.removeprefix(f"{name}=").partition(";")[0]


def test_a_client_keeps_its_server(site: sites.Running) -> None:
    """Whoever brings the cookie stays; whoever brings none, or a wrong one, gets the next server and a new one."""
    first = visits.https(site.at("HTTPS"), "sticky.example.test")
    mark = _cookie(first, "SRV")
    assert mark
    for _ in range(6):
        again = visits.https(site.at("HTTPS"), "sticky.example.test", headers=[("Cookie", f"a=b; SRV={mark}; c=d")])
        assert (again.standin, _cookie(again, "SRV")) == (first.standin, "")
    assert _cookie(visits.https(site.at("HTTPS"), "sticky.example.test", headers=[("Cookie", "SRV=ffffff")]), "SRV")
    found = {visits.https(site.at("HTTPS"), "sticky.example.test").standin for _ in range(6)}
    assert found == {"one", "two", "three"}


def test_the_cookie_is_ours_alone(site: sites.Running) -> None:
    """Out of reach of scripts and of other sites, over TLS only where the client speaks TLS; the server does not see it, and it says
    nothing of the server."""
    first = visits.https(site.at("HTTPS"), "sticky.example.test")
    attributes = {part.strip().lower() for part in (first.header("set-cookie") or "").split(";")[1:]}
    assert {"httponly", "secure", "samesite=lax"} <= attributes
    mark = _cookie(first, "SRV")
    assert len(mark) == 4
    again = visits.https(site.at("HTTPS"), "sticky.example.test", headers=[("Cookie", f"a=b; SRV={mark}; c=d")])
    assert site.servers[again.standin or ""].last.header("cookie") == "a=b; c=d"
    clear = visits.http(site.at("HTTP"), "sticky.example.test")
    assert _cookie(clear, "CLEAR")
    assert "secure" not in (clear.header("set-cookie") or "").lower()


def test_a_client_whose_server_is_gone_gets_another(site: sites.Running, starter: sites.Starter, pem: str) -> None:
    """And its cookie, so that it stays there."""
    text = """
    listeners: {https: {bind: "127.0.0.1:${HTTPS}"}}
    services:
      sticky:
        host: sticky.example.test
        servers: ["${one}", "127.0.0.1:${DEAD}"]
        sticky: {cookie: SRV}
        health: {every: 50ms, fall: 1}
    certificates: [{file: "${PEM}"}]
    """
    running = starter.start(text, {"one": site.servers["one"]}, PEM=pem)
    dead = next(
        str(line.words[-1]) for line in sites.lines_of(running.build, "sticky", "server") if running.values["DEAD"] in str(line.words[1])
    )
    outcome = visits.https(running.at("HTTPS"), "sticky.example.test", headers=[("Cookie", f"SRV={dead}")])
    assert (outcome.standin, bool(_cookie(outcome, "SRV"))) == ("one", True)
    assert _cookie(outcome, "SRV") != dead


# Which server


@pytest.mark.parametrize(
    ("host", "key"),
    [("by-header", "X-User"), ("by-cookie", "Cookie"), ("by-path", "")],
)
def test_the_same_value_goes_to_the_same_server(site: sites.Running, host: str, key: str) -> None:
    """Every value keeps its server, over either version, and different ones spread over all servers."""
    found: dict[str, str | None] = {}
    for user in (f"user{number}" for number in range(24)):
        headers = ((key, f"ID={user}" if key == "Cookie" else user),) if key else ()
        outcomes = _both_versions(site, f"{host}.example.test", "/" if key else f"/{user}", headers)
        assert len({outcome.standin for outcome in outcomes}) == 1
        found[user] = outcomes[0].standin
    assert set(found.values()) == {"one", "two", "three"}


def test_weights_divide_and_backups_wait(site: sites.Running) -> None:
    """Three of four requests go where the weight is 3; the backup has none while the others live."""
    found = [visits.https(site.at("HTTPS"), "weighted.example.test").standin for _ in range(8)]
    assert (found.count("one"), found.count("two"), found.count("three")) == (6, 2, 0)


def test_a_server_under_maintenance_gets_no_requests(site: sites.Running) -> None:
    """It is there, and out of service from the start."""
    assert {visits.https(site.at("HTTPS"), "partly.example.test").standin for _ in range(4)} == {"two"}
