"""The headings "match", "canary" and "default": which of several routes with one host and path a request takes."""

from __future__ import annotations

import ipaddress
import zlib

import pytest

from integration.behaviour import sites, visits
from support import client, servers
from support.client import Request
from support.standin import Server

pytestmark = pytest.mark.haproxy

SITE = """
listeners:
  https: {bind: "127.0.0.1:${HTTPS}", trusted: [127.0.0.50/32]}
  http: {bind: "127.0.0.1:${HTTP}", redirect: https, default: sorry}
  mixed: {bind: "127.0.0.1:${MIXED}", default: sorry, sniff_timeout: 1s}
services:
  shop: {host: shop.example.test, servers: ["${shop}"]}
  post: {host: shop.example.test, match: {method: [POST, PUT]}, servers: ["${post}"]}
  beta: {host: shop.example.test, path: [/, /api], match: [{header: {X-Beta: "1"}}, {query: {v: "2"}}], servers: ["${beta}"]}
  api: {host: shop.example.test, path: /api, match: {query: {v: "*"}}, servers: ["${api}"]}
  inside: {host: inside.example.test, match: {client: [127.0.0.8/29, "2001:db8::/32"]}, servers: ["${inside}"]}
  brace: {host: brace.example.test, match: {header: {X-Odd: "}"}}, servers: ["${beta}"]}
  empty: {host: brace.example.test, match: {query: {e: ""}}, servers: ["${api}"]}
  any: {host: "*.example.test", servers: ["${any}"]}
  main: {host: main.example.test, servers: ["${main}"], canary: {service: next, percent: 40, header: X-Next}}
  next: {servers: ["${next}"]}
  vault: {host: vault.apps.test, tls: passthrough, listener: mixed, servers: ["${shop}"]}
  sorry: {maintenance: {status: 503, body: sorry}}
certificates: [{file: "${PEM}"}]
defaults: {health: off}
"""


@pytest.fixture(scope="module")
def named(stand: servers.Stand) -> dict[str, Server]:
    return {name: stand.http(name) for name in ("shop", "post", "beta", "api", "inside", "any", "main", "next")}


@pytest.fixture(scope="module")
def site(starter: sites.Starter, named: dict[str, Server], pem: str) -> sites.Running:
    return starter.start(SITE, named, PEM=pem)


def _answer(site: sites.Running, host: str, target: str = "/", method: str = "GET", **headers: str) -> str | None:
    """Who answers, and explain says the same."""
    request = Request(method, target, host, tuple((name.replace("_", "-"), value) for name, value in headers.items()))
    return client.get(site.at("HTTPS"), request, tls=visits.hello(host)).standin


@pytest.mark.parametrize(
    ("method", "answers"), [("GET", "shop"), ("POST", "post"), ("PUT", "post"), ("post", "shop"), ("HEAD", "shop"), ("PURGE", "shop")]
)
def test_a_method_chooses(site: sites.Running, method: str, answers: str) -> None:
    """Methods have their case (RFC 9110, section 9.1); the service without conditions takes the rest."""
    assert _answer(site, "shop.example.test", method=method) == answers


def test_every_condition_must_hold(site: sites.Running) -> None:
    """A header and a parameter: one of them alone is not enough, nor is another value."""
    assert _answer(site, "shop.example.test", "/?v=2", X_Beta="1") == "beta"
    assert _answer(site, "shop.example.test", "/?v=2") == "shop"
    assert _answer(site, "shop.example.test", "/", X_Beta="1") == "shop"
    assert _answer(site, "shop.example.test", "/?v=2", X_Beta="11") == "shop"
    assert _answer(site, "shop.example.test", "/?v=22", X_Beta="1") == "shop"
    assert _answer(site, "shop.example.test", "/?a=1&v=%32", X_Beta="1") == "beta"


def test_most_conditions_come_first_and_the_rest_falls_through(site: sites.Running) -> None:
    """Of two services with a path, the one with more conditions; if none holds, the shorter path, whose own conditions count again."""
    assert _answer(site, "shop.example.test", "/api?v=2", X_Beta="1") == "beta"
    assert _answer(site, "shop.example.test", "/api/x?v=3", X_Beta="1") == "api"
    assert _answer(site, "shop.example.test", "/api/x") == "shop"
    assert _answer(site, "shop.example.test", "/api/x", method="POST") == "post"
    assert _answer(site, "shop.example.test", "/apix?v=1") == "shop"


def test_without_any_condition_that_holds_the_wildcard_answers(site: sites.Running) -> None:
    """A host that is served under conditions only falls through like a host without a matching path."""
    assert _answer(site, "inside.example.test") == "any"
    outcome = visits.https(site.at("HTTPS"), "inside.example.test", source="127.0.0.9")
    assert outcome.standin == "inside"


def test_the_client_is_the_one_behind_trusted_proxies(site: sites.Running) -> None:
    """What a trusted proxy says of its client counts for conditions too; from strangers it does not."""
    forwarded = (("X-Forwarded-For", "127.0.0.10"),)
    assert visits.https(site.at("HTTPS"), "inside.example.test", headers=forwarded, source="127.0.0.50").standin == "inside"
    assert visits.https(site.at("HTTPS"), "inside.example.test", headers=forwarded, source="127.0.0.51").standin == "any"
    six = (("X-Forwarded-For", "2001:db8::7"),)
    assert visits.https(site.at("HTTPS"), "inside.example.test", headers=six, source="127.0.0.50").standin == "inside"


def test_odd_values_stay_values(site: sites.Running) -> None:
    """A brace and nothing at all are values like any other."""
    assert _answer(site, "brace.example.test", X_Odd="}") == "beta"
    assert _answer(site, "brace.example.test", "/?e=") == "api"
    assert _answer(site, "brace.example.test", "/?e=1") == "any"
    assert _answer(site, "brace.example.test") == "any"


def test_an_odd_path_with_conditions_has_one_reading(site: sites.Running) -> None:
    """Doubled slashes: refused where another reading would take another route, conditions included."""
    host = "shop.example.test"
    assert visits.https(site.at("HTTPS"), host, "/x//y?v=2").status == 200
    assert visits.https(site.at("HTTPS"), host, "//api?v=2").status == 400
    assert visits.https(site.at("HTTPS"), host, "//api").standin == "shop"


def test_explain_tells_why_others_did_not_win(site: sites.Running) -> None:
    """The routes with conditions are told, with what they ask for."""
    told = site.explain("https://shop.example.test:${HTTPS}/")
    assert (told.service, told.route and told.route.match) == ("shop", "shop.example.test")
    assert any("method POST or PUT" in one.why for one in told.considered)


def _is_canary(address: str) -> bool:
    """The rule in Python: HAProxy's crc32 of the address's bytes, of which hundredths go to the canary."""
    return zlib.crc32(ipaddress.ip_address(address).packed) % 100 < 40


def test_a_canary_gets_its_share_of_clients_and_keeps_them(site: sites.Running, named: dict[str, Server]) -> None:
    """The same client always gets the same of the two; the share of clients is about what was said."""
    shares = {"main": 0, "next": 0}
    for number in range(1, 101):
        source = f"127.0.3.{number}"
        seen = {visits.https(site.at("HTTPS"), "main.example.test", source=source).standin for _ in range(2)}
        assert seen == {"next" if _is_canary(source) else "main"}
        shares[seen.pop() or ""] += 1
    assert 25 <= shares["next"] <= 55


def test_a_header_leads_to_the_canary_or_away(site: sites.Running) -> None:
    """Whoever has the header gets the canary; with ``never`` it does not, whatever its share would be."""
    inside = next(f"127.0.3.{number}" for number in range(1, 100) if _is_canary(f"127.0.3.{number}"))
    outside = next(f"127.0.3.{number}" for number in range(1, 100) if not _is_canary(f"127.0.3.{number}"))
    for value, source, answers in (("1", outside, "next"), ("1", inside, "next"), ("never", inside, "main"), ("never", outside, "main")):
        outcome = visits.https(site.at("HTTPS"), "main.example.test", headers=(("X-Next", value),), source=source)
        assert outcome.standin == answers


def test_explain_knows_the_canary(site: sites.Running) -> None:
    """A canary is told as such."""
    inside = next(f"127.0.3.{number}" for number in range(1, 100) if _is_canary(f"127.0.3.{number}"))
    told = sites.explained(site.build, f"https://main.example.test:{site.values['HTTPS']}/", source=inside)
    assert (told.service, "canary" in told.reason) == ("next", True)


def test_the_default_takes_what_nothing_else_matches(site: sites.Running) -> None:
    """Plain requests for unknown hosts, and requests over TLS, get the listener's default; known ones do not."""
    assert visits.http(site.at("HTTP"), "unknown.test").status == 503
    assert visits.http(site.at("HTTP"), "shop.example.test").status == 308
    other = visits.https(site.at("MIXED"), "other.example.test")
    assert (other.status, other.body) == (503, b"sorry")
    assert visits.http(site.at("MIXED"), "other.example.test").status == 308
