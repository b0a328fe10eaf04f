"""Explanations where conditions, canaries and streams decide: the winner's reason, and why the others lost."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from hapilot.compile import compile, target  # noqa: A004 - the stage's name
from hapilot.explain import explain, explanation, probe
from hapilot.sources.file import load, self_signed

SITE = """
listeners: {https: {bind: ":443"}}
services:
  shop: {host: shop.example.test, servers: [10.0.0.1:80], canary: {service: next, header: X-Next, percent: 0}}
  next: {servers: [10.0.0.2:80]}
  beta: {host: shop.example.test, match: {header: {X-Beta: "1"}}, servers: [10.0.0.3:80]}
  staff: {host: shop.example.test, match: {header: {X-Beta: "1"}, client: 10.0.0.0/8}, servers: [10.0.0.4:80]}
  imap: {protocol: tcp, tls: edge, host: imap.example.test, servers: [10.0.0.5:143]}
  old: {host: old.example.test, match: {method: POST}, redirect: {to: "https://shop.example.test{path}"}}
certificates: [{self_signed: ["*.example.test"]}]
"""


@pytest.fixture(scope="module")
def explainer(tmp_path_factory: pytest.TempPathFactory) -> explain.Explainer:
    path: Path = tmp_path_factory.mktemp("site") / "hapilot.yaml"
    path.write_text(SITE)
    loaded = load.load_site(path, environment={}, now=datetime.datetime.now(datetime.UTC), authority=self_signed.LocalAuthority(None))
    assert loaded.site
    return explain.Explainer(compile.compile_site(loaded.site, target.Target()))


def ask(explainer: explain.Explainer, text: str, *headers: tuple[str, str], source: str = "") -> explanation.Explanation:
    return explainer.explain(probe.parse_target(text, source=source, headers=headers), text)


def why(answer: explanation.Explanation) -> dict[str, str]:
    return {other.service: other.why for other in answer.considered}


def test_the_winner_with_most_conditions_and_the_losers(explainer: explain.Explainer) -> None:
    answer = ask(explainer, "https://shop.example.test/", ("X-Beta", "1"), source="10.1.1.1")
    assert answer.service == "staff"
    assert answer.reason == "shop.example.test with header X-Beta: 1 and client 10.0.0.0/8 leads to service staff"
    assert why(answer)["beta"] == "the other one has more conditions, and they hold: header X-Beta: 1 and client 10.0.0.0/8"
    assert why(answer)["shop"] == "the other one has more conditions, and they hold: header X-Beta: 1 and client 10.0.0.0/8"


def test_a_condition_that_does_not_hold(explainer: explain.Explainer) -> None:
    answer = ask(explainer, "https://shop.example.test/", ("X-Beta", "1"))
    assert answer.service == "beta"
    assert why(answer)["staff"] == "it is only for requests with header X-Beta: 1 and client 10.0.0.0/8"
    answer = ask(explainer, "https://shop.example.test/")
    assert answer.service == "shop"
    assert why(answer)["beta"] == "it is only for requests with header X-Beta: 1"


def test_a_canary_is_named_with_the_service_that_it_is_for(explainer: explain.Explainer) -> None:
    answer = ask(explainer, "https://shop.example.test/", ("X-Next", "yes"))
    assert (answer.service, answer.backend, answer.route and answer.route.match) == ("next", "next", "shop.example.test")
    assert answer.reason == "shop.example.test leads to service shop, and this request to its canary next"
    assert [server.address for server in answer.servers] == ["10.0.0.2:80"]


def test_who_says_never_stays(explainer: explain.Explainer) -> None:
    answer = ask(explainer, "https://shop.example.test/", ("X-Next", "never"))
    assert (answer.service, answer.reason) == ("shop", "shop.example.test leads to service shop")


def test_a_stream_shows_its_layer_and_no_request(explainer: explain.Explainer) -> None:
    answer = ask(explainer, "tls://imap.example.test")
    assert (answer.service, answer.tls and answer.tls.mode) == ("imap", "edge")
    assert [hop.kind for hop in answer.hops] == ["sniff", "stream"]
    assert (answer.request_headers, answer.request_path) == ((), None)


def test_other_sides_of_a_listener_are_told_apart(explainer: explain.Explainer) -> None:
    assert why(ask(explainer, "https://shop.example.test/"))["imap"] == "the host shop.example.test is not imap.example.test"
    assert why(ask(explainer, "http://shop.example.test:443/"))["imap"] == "it is for TLS that ends here and holds no HTTP"
    assert why(ask(explainer, "http://shop.example.test:443/"))["shop"] == "it is for requests over TLS that ends here"


def test_where_no_condition_holds_there_is_no_route(explainer: explain.Explainer) -> None:
    answer = ask(explainer, "https://old.example.test/")
    assert (answer.outcome, answer.status, answer.service) == ("respond", 404, None)
