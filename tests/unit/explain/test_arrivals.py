"""Where a connection may arrive."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hapilot.cli import explain as cli
from hapilot.compile import target
from hapilot.explain import arrivals, explain, probe
from hapilot.languages.haproxy.evaluate import connection
from hapilot.model import values
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
    header = connection.ProxyHeader(2, source=connection.endpoint("203.0.113.5:1"), destination=connection.endpoint("198.51.100.1:8443"))
    behind = explainer.explain(replace(probe.parse_target("https://shop.test/"), listener="proxied", proxy=header))
    assert (behind.service, behind.client_ip) == ("shop", "203.0.113.5")
    assert dict(behind.request_headers)["X-Forwarded-Port"] == "8443"


BALANCED = """
listeners:
  must: {bind: [":9443", "192.0.2.1:9444", "[2001:db8::1]:9444", "unix:/run/must.sock", "fd:3"], accept_proxy: required, trusted: TRUSTED}
  may: {bind: ":8443", accept_proxy: optional, trusted: TRUSTED}
services:
  shop: {host: shop.test, listener: [must, may], servers: [10.0.0.1:80]}
certificates: [{self_signed: [shop.test]}]
"""
FOUR, SIX, BOTH = "10.0.0.0/8", '"2001:db8:1::/48"', '10.0.0.0/8, 192.168.0.0/16, "2001:db8:1::/48"'


@pytest.fixture
def balanced(request: pytest.FixtureRequest, tmp_path: Path) -> pipeline.Prepared:
    path = tmp_path / "site.yaml"
    path.write_text(BALANCED.replace("TRUSTED", f"[{request.param}]"))
    made = pipeline.prepare(path, target.Target(), None, {})
    assert made.ok, made.diagnostics
    return made


def told(site: pipeline.Prepared, text: str, source: str, **more: object) -> list[tuple[str, str, str]]:
    """Where it arrives, who connects, and what the header says of both ends."""
    asked = replace(probe.parse_target(text, source=source), **more)
    arriving = arrivals.Arrivals(site.require()[0]).of(asked)
    headers = ((one, one.proxy) for one in arriving)
    return [
        (str(one.at), str(one.source and one.source.ip), f"{proxy.source.ip} > {proxy.destination}" if proxy and proxy.source else "bare")
        for one, proxy in headers
    ]


V4, V6 = "203.0.113.9", "2001:db8:5::9"


@pytest.mark.parametrize(
    ("balanced", "text", "source", "places"),
    [
        (FOUR, "https://shop.test:9443/", V4, [("10.0.0.0:9443", "10.0.0.0", f"{V4} > {V4}:9443")]),
        (FOUR, "https://shop.test:9443/", V6, [("10.0.0.0:9443", "10.0.0.0", f"{V6} > [{V6}]:9443")]),
        (SIX, "https://shop.test:9443/", V4, [("[2001:db8:1::]:9443", "2001:db8:1::", f"{V4} > {V4}:9443")]),
        (
            BOTH,
            "https://shop.test:9443/",
            V6,
            [("[2001:db8:1::]:9443", "2001:db8:1::", f"{V6} > [{V6}]:9443"), ("10.0.0.0:9443", "10.0.0.0", f"{V6} > [{V6}]:9443")],
        ),
        (
            FOUR,
            "https://shop.test:9444/",
            V4,
            [("192.0.2.1:9444", "10.0.0.0", f"{V4} > 192.0.2.1:9444"), ("[2001:db8::1]:9444", V4, "bare")],
        ),
        (BOTH, "https://192.0.2.1:9444/", V6, [("192.0.2.1:9444", "10.0.0.0", f"{V6} > [{V6}]:9444")]),
        (BOTH, "https://[2001:db8::7]:9443/", V6, [("[2001:db8::7]:9443", "2001:db8:1::", f"{V6} > [2001:db8::7]:9443")]),
        (BOTH, "https://192.0.2.2:9444/", V4, [("192.0.2.2:9444", V4, "bare")]),
        (
            SIX,
            "https://shop.test/",
            V4,
            [("unix@/run/must.sock", "None", f"{V4} > {V4}:443"), ("fd@3", "2001:db8:1::", f"{V4} > {V4}:443")],
        ),
        ('0.0.0.0/0, "::/0"', "https://192.0.2.1:9444/", V4, [("192.0.2.1:9444", "127.0.0.1", f"{V4} > 192.0.2.1:9444")]),
        ('0.0.0.0/0, "::/0"', "https://[2001:db8::1]:9444/", V4, [("[2001:db8::1]:9444", "::1", f"{V4} > {V4}:9444")]),
        (FOUR, "https://192.0.2.1:8443/", V4, [("192.0.2.1:8443", V4, "bare")]),
        (FOUR, "https://shop.test:8443/", V4, [(f"{V4}:8443", V4, "bare")]),
    ],
    indirect=["balanced"],
)
def test_behind_a_load_balancer_it_is_the_one_that_connects(
    balanced: pipeline.Prepared, text: str, source: str, places: list[tuple[str, str, str]]
) -> None:
    """The address that nobody trusted can reach has strangers only; ``optional`` has clients of its own."""
    assert told(balanced, text, source) == places


@pytest.mark.parametrize("balanced", [FOUR], indirect=True)
def test_the_client_may_be_meant_to_connect_itself(balanced: pipeline.Prepared) -> None:
    text = "https://shop.test:9443/"
    assert told(balanced, text, V4, behind_balancer=False) == [(f"{V4}:9443", V4, "bare")]
    own = connection.ProxyHeader(1, source=connection.endpoint("192.0.2.5:1"), destination=connection.endpoint("192.0.2.6:2"))
    assert told(balanced, text, V4, proxy=own) == [(f"{V4}:9443", V4, "192.0.2.5 > 192.0.2.6:2")]


@pytest.mark.parametrize("balanced", [FOUR], indirect=True)
def test_explain_says_whose_header_it_believes(balanced: pipeline.Prepared) -> None:
    explainer = explain.Explainer(balanced.require()[0])
    asked = probe.parse_target("https://shop.test:9443/", source=V6)
    answer = explainer.explain(asked)
    assert (answer.service, answer.client_ip, dict(answer.request_headers)["X-Forwarded-For"]) == ("shop", V6, V6)
    assert answer.as_json()["proxy"] == {"peer": "10.0.0.0", "source": V6, "destination": f"[{V6}]:9443"}
    assert f"  PROXY      a header from 10.0.0.0 says: client {V6}, port 9443" in list(cli.lines(answer))
    refused = explainer.explain(replace(asked, behind_balancer=False))
    assert (refused.outcome, refused.reason, refused.proxy) == ("reject", "only trusted addresses may connect", None)
    bare = explainer.explain(replace(asked, source="10.0.0.9", behind_balancer=False))
    assert (bare.outcome, bare.reason) == ("reject", "a PROXY header is required, and there is none")
    unix = explainer.explain(replace(asked, listener="must", port=1, host="other.test"))
    assert unix.outcome == "reject"
    assert unix.proxy is not None, "also where the answer is no"


@pytest.mark.parametrize("balanced", [FOUR], indirect=True)
def test_explain_says_that_a_unix_socket_has_no_address(balanced: pipeline.Prepared) -> None:
    answer = explain.Explainer(balanced.require()[0]).explain(probe.parse_target("https://shop.test/", source=V4))
    assert answer.as_json()["proxy"] == {"peer": None, "source": V4, "destination": f"{V4}:443"}
    assert f"  PROXY      a header from the unix socket's client says: client {V4}, port 443" in list(cli.lines(answer))


@pytest.mark.parametrize(
    ("trusted", "version", "address"),
    [
        ([], None, None),
        (["10.0.0.0/8"], 6, None),
        (["10.0.0.0/8", "192.168.1.0/24"], 4, "10.0.0.0"),
        (["10.0.0.0/8", "::1"], 6, "::1"),
        (["2001:db8::/32", "10.0.0.0/8"], None, "2001:db8::"),
        (["192.0.2.7"], 4, "192.0.2.7"),
        (["0.0.0.0/0"], 4, "127.0.0.1"),
        (["::/0"], 6, "::1"),
        (["0.0.0.0/8"], 4, "0.0.0.0"),
    ],
)
def test_the_load_balancer_is_the_first_that_is_trusted(trusted: list[str], version: int | None, address: str | None) -> None:
    found = arrivals.balancer([values.parse_network(one) for one in trusted], version)
    assert (None if found is None else str(found)) == address
