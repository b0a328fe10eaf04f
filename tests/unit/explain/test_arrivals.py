"""Where a connection may arrive."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hapilot.compile import target
from hapilot.explain import arrivals, explain, probe
from hapilot.languages.haproxy.evaluate import connection
from hapilot.reconcile import pipeline

SITE = """
listeners:
  web: {bind: [":443", "192.0.2.1:8443"]}
  local: {bind: ["unix:/run/x.sock", "fd:3"]}
  proxied: {bind: "192.0.2.2:9000", accept_proxy: required, trusted: [0.0.0.0/0]}
services:
  shop: {host: shop.test, listener: [web, local, proxied], servers: [10.0.0.1:80]}
  wiki: {host: wiki.test, listener: local, servers: [10.0.0.2:80]}
certificates: [{self_signed: [shop.test, wiki.test]}]
"""


@pytest.fixture
def site(tmp_path: Path) -> pipeline.Prepared:
    path = tmp_path / "site.yaml"
    path.write_text(SITE)
    made = pipeline.prepare(path, target.Target(), None, {})
    assert made.ok, made.diagnostics
    return made


def places(site: pipeline.Prepared, text: str, listener: str = "", source: str = "") -> list[tuple[str, str, str]]:
    """Where it arrives, and what HAProxy sees of both ends."""
    asked = replace(probe.parse_target(text, source=source), listener=listener)
    made = site.require()[0]
    return [(str(one.at), str(one.source), str(one.target)) for one in arrivals.Arrivals(made).of(asked)]


CLIENT = f"{probe.CLIENT}:{arrivals.CLIENT_PORT}"


def test_an_address_of_the_port(site: pipeline.Prepared) -> None:
    assert places(site, "https://shop.test/") == [(f"{probe.CLIENT}:443", CLIENT, f"{probe.CLIENT}:443")]
    assert places(site, "https://shop.test:8443/") == [("192.0.2.1:8443", CLIENT, "192.0.2.1:8443")]
    assert places(site, "https://192.0.2.1:8443/") == [("192.0.2.1:8443", CLIENT, "192.0.2.1:8443")]


def test_a_port_of_nobody_may_mean_the_sockets_that_have_none(site: pipeline.Prepared) -> None:
    assert places(site, "https://shop.test:9443/") == [
        ("unix@/run/x.sock", "None", "None"),
        ("fd@3", CLIENT, f"{probe.CLIENT}:9443"),
    ]
    assert places(site, "https://192.0.2.9:9443/") == [("192.0.2.9:9443", CLIENT, "192.0.2.9:9443")], "an address is an address"


def test_a_listener_that_is_named_is_meant_whatever_the_port(site: pipeline.Prepared) -> None:
    assert places(site, "https://shop.test/", "local")[0] == ("unix@/run/x.sock", "None", "None")
    assert [at for at, _, _ in places(site, "https://shop.test/", "web", "2001:db8::7")] == ["[2001:db8::7]:443", "192.0.2.1:8443"]
    assert places(site, "https://shop.test/", "none") == []


def test_explain_names_the_listener(site: pipeline.Prepared) -> None:
    explainer = explain.Explainer(site.require()[0])
    asked = probe.parse_target("https://wiki.test/")
    assert explainer.explain(asked).outcome == "respond", "on web, where it is not"
    there = explainer.explain(replace(asked, listener="local"))
    assert (there.service, there.listener) == ("wiki", "local")
    assert explainer.explain(replace(asked, listener="none")).reason == "no listener accepts connections at listener none"


def test_on_a_unix_socket_no_client_is_known_unless_a_proxy_header_says_it(site: pipeline.Prepared) -> None:
    explainer = explain.Explainer(site.require()[0])
    answer = explainer.explain(probe.parse_target("https://shop.test:9443/"))
    assert (answer.service, answer.client_ip) == ("shop", None)
    assert dict(answer.request_headers)["X-Forwarded-Port"] == "443"
    assert "X-Forwarded-For" not in dict(answer.request_headers)
    told = connection.ProxyHeader(2, source=connection.endpoint("203.0.113.5:1"), destination=connection.endpoint("198.51.100.1:8443"))
    behind = explainer.explain(replace(probe.parse_target("https://shop.test/"), listener="proxied", proxy=told))
    assert (behind.service, behind.client_ip) == ("shop", "203.0.113.5")
    assert dict(behind.request_headers)["X-Forwarded-Port"] == "8443"
