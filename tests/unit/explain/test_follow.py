"""Servers, certificates and the way back: what an explanation has beside the route."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from hapilot.compile import compile, target  # noqa: A004 - the stage's name
from hapilot.explain import explain, probe
from hapilot.languages.haproxy.evaluate import connection, trace
from hapilot.sources.file import load, self_signed
from support import certificates

SITE = """
services:
  shop:
    host: shop.test
    servers: [{address: "10.0.0.1:80", maintenance: true}, {address: "10.0.0.2:80", name: two}, {address: "10.0.0.3:80", backup: true}]
    headers: {response: {set: {X-Frame-Options: DENY}}}
    sticky: {cookie: who}
  staff: {host: staff.test, client_certificates: {ca: staff.pem}, servers: [10.0.0.4:80]}
  old: {host: old.test, redirect: {to: "https://shop.test{path}"}}
certificates: [{self_signed: ["*.test"]}, {file: rsa.pem}]
"""


@pytest.fixture(scope="module")
def explainer(tmp_path_factory: pytest.TempPathFactory) -> explain.Explainer:
    folder: Path = tmp_path_factory.mktemp("site")
    (folder / "hapilot.yaml").write_text(SITE)
    certificates.authority().write(folder, "staff.pem")
    certificates.authority().issue("*.test", key="rsa").write(folder, "rsa")
    now = datetime.datetime.now(datetime.UTC)
    loaded = load.load_site(folder / "hapilot.yaml", environment={}, now=now, authority=self_signed.LocalAuthority(None))
    assert loaded.site
    return explain.Explainer(compile.compile_site(loaded.site, target.Target()))


def _ask(host: str, shown: connection.ClientCertificate | None = None) -> probe.Probe:
    return probe.Probe("https", host, 443, "/a?b", version="2", client_certificate=shown)


def test_only_servers_that_may_be_chosen_are_told(explainer: explain.Explainer) -> None:
    assert [server.name for server in explainer.explain(_ask("shop.test")).servers] == ["two"]


def test_the_certificate_with_the_ecdsa_key_is_shown(explainer: explain.Explainer) -> None:
    tls = explainer.explain(_ask("shop.test")).tls
    assert tls is not None
    assert tls.certificate == "self-signed *.test"


def test_the_servers_answer_is_followed_back_to_the_client(explainer: explain.Explainer) -> None:
    found = explainer.follow(_ask("shop.test"), trace.Answer(200, (("X-Frame-Options", "SAMEORIGIN"),), server="two"))
    assert found is not None
    assert found.answer is not None
    assert found.answer.header("x-frame-options") == "DENY"
    assert (found.answer.header("set-cookie") or "").startswith("who=")


def test_a_client_certificate_opens_what_asks_for_one(explainer: explain.Explainer) -> None:
    der = certificates.authority().issue("ann", usage="client").certificate.public_bytes(certificates.serialization.Encoding.DER)
    assert explainer.explain(_ask("staff.test")).outcome == "reject"
    assert explainer.explain(_ask("staff.test", connection.ClientCertificate(der))).outcome == "reject"
    trusted = connection.ClientCertificate(der, frozenset({"ca/0.pem"}))
    assert explainer.explain(_ask("staff.test", trusted)).service == "staff"


def test_a_redirecting_service_is_the_reason(explainer: explain.Explainer) -> None:
    answer = explainer.explain(_ask("old.test"))
    assert (answer.outcome, answer.location, answer.reason) == ("redirect", "https://shop.test/a?b", "the service redirects")


def test_nothing_to_follow_where_nobody_listens(explainer: explain.Explainer) -> None:
    assert explainer.follow(probe.Probe("http", "x.test", 1)) is None
