"""Explanations of one small site."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from hapilot.compile import compile, target  # noqa: A004 - the stage's name
from hapilot.explain import explain, explanation, probe
from hapilot.sources.file import load, self_signed

SITE = """
services:
  shop: {host: shop.example.test, path: [/, /cart/secret], servers: [10.0.0.1:80]}
  cart: {host: shop.example.test, path: /cart, servers: [10.0.0.2:80]}
  vault: {host: vault.example.test, tls: passthrough, servers: [10.0.0.3:443], send_proxy: v2}
certificates: [{self_signed: ["*.example.test"]}]
"""


@pytest.fixture(scope="module")
def explainer(tmp_path_factory: pytest.TempPathFactory) -> explain.Explainer:
    path: Path = tmp_path_factory.mktemp("site") / "hapilot.yaml"
    path.write_text(SITE)
    loaded = load.load_site(path, environment={}, now=datetime.datetime.now(datetime.UTC), authority=self_signed.LocalAuthority(None))
    assert loaded.site
    return explain.Explainer(compile.compile_site(loaded.site, target.Target()))


def ask(explainer: explain.Explainer, text: str, source: str = "") -> explanation.Explanation:
    return explainer.explain(probe.parse_target(text, source=source), text)


def test_the_losers_say_why(explainer: explain.Explainer) -> None:
    answer = ask(explainer, "https://shop.example.test/cart/x")
    assert answer.service == "cart"
    why = {(other.match, other.service): other.why for other in answer.considered}
    assert why["shop.example.test", "shop"] == "/cart is the longer path"
    assert why["vault.example.test", "vault"] == "the host shop.example.test is not vault.example.test"
    assert why["shop.example.test/cart/secret", "shop"] == "the path /cart/x is not below /cart/secret"


def test_the_nearest_misses_come_first(explainer: explain.Explainer) -> None:
    assert [other.service for other in ask(explainer, "https://shop.example.test/cart/x").considered] == ["shop", "shop", "vault"]


def test_json_has_all_that_is_promised(explainer: explain.Explainer) -> None:
    shape = ask(explainer, "https://shop.example.test/").as_json()
    promised = "outcome listener protocol tls hops route service servers client_ip request_headers status location reason considered"
    assert set(promised.split()) <= set(shape)
    assert {"mode", "certificate"} <= set(shape["tls"])
    assert {"match", "origin"} <= set(shape["route"])


def test_a_passed_connection_shows_no_headers(explainer: explain.Explainer) -> None:
    answer = ask(explainer, "https://vault.example.test/", "203.0.113.9")
    assert (answer.service, answer.request_headers, answer.send_proxy, answer.client_ip) == ("vault", (), "v2", "203.0.113.9")


def test_a_coalesced_request_for_a_passed_host_is_misdirected(explainer: explain.Explainer) -> None:
    answer = explainer.explain(probe.Probe("https", "shop.example.test", 443, version="2", authority="vault.example.test"))
    assert (answer.outcome, answer.status) == ("respond", 421)
    assert "passed through" in answer.reason


def test_a_port_without_a_listener(explainer: explain.Explainer) -> None:
    answer = ask(explainer, "https://shop.example.test:9999/")
    assert (answer.outcome, answer.reason) == ("reject", "no listener accepts connections at port 9999")


def test_the_client_sees_only_what_is_asked(explainer: explain.Explainer) -> None:
    assert ask(explainer, "http://shop.example.test/a?b=c").location == "https://shop.example.test/a?b=c"
    assert ask(explainer, "http://nowhere.test/").status == 404
