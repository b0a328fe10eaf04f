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


@pytest.mark.parametrize(
    ("sni", "certificate"),
    [
        ("shop.example.test", "self-signed *.example.test"),
        ("SHOP.example.test", "self-signed *.example.test"),
        ("shop.example.test.", None),
        ("a.shop.example.test", None),
        (None, None),
    ],
)
def test_the_certificate_that_is_shown(explainer: explain.Explainer, sni: str | None, certificate: str | None) -> None:
    """HAProxy ignores case, and takes a final dot for a part of the name."""
    answer = explainer.explain(probe.Probe("https", "shop.example.test", 443, sni=sni, without_sni=sni is None))
    assert (answer.tls.certificate if answer.tls else None) == certificate


def test_of_two_certificates_the_exact_and_first_is_shown(tmp_path: Path) -> None:
    names = '[{self_signed: ["*.example.test"]}, {self_signed: [shop.example.test, z.test]}, {self_signed: [a.test, shop.example.test]}]'
    path = tmp_path / "hapilot.yaml"
    path.write_text(SITE.partition("certificates:")[0] + f"certificates: {names}\n")
    loaded = load.load_site(path, environment={}, now=datetime.datetime.now(datetime.UTC), authority=self_signed.LocalAuthority(None))
    assert loaded.site
    answer = ask(explain.Explainer(compile.compile_site(loaded.site, target.Target())), "https://shop.example.test/")
    assert answer.tls
    assert answer.tls.certificate == "self-signed shop.example.test, z.test"


def test_a_host_with_two_names_is_refused(explainer: explain.Explainer) -> None:
    answer = explainer.explain(probe.Probe("https", "shop.example.test", 443, authority="evil.test,shop.example.test"))
    assert (answer.outcome, answer.status) == ("respond", 400)


def test_an_absolute_target_goes_on_as_it_came(explainer: explain.Explainer) -> None:
    answer = explainer.explain(probe.Probe("https", "shop.example.test", 443, path="https://shop.example.test:443/x?y"))
    assert (answer.service, answer.request_path) == ("shop", "https://shop.example.test/x?y")


def test_a_request_without_a_host(explainer: explain.Explainer) -> None:
    asked = probe.Probe("https", "shop.example.test", 443, version="1.0", without_host=True)
    assert explainer.explain(asked).status == 421


@pytest.mark.parametrize(("data", "status"), [(None, 408), (b"GET /", 408), (b"220 hello\r\n", 400)])
def test_bytes_and_silence_on_a_port_for_plain_http(explainer: explain.Explainer, data: bytes | None, status: int) -> None:
    assert explainer.explain(probe.Probe("tcp", "", 80, data=data)).status == status
