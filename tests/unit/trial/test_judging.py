"""What came of a connection against what was expected and explained."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hapilot.base.origin import Origin
from hapilot.compile import build, target
from hapilot.explain import explanation
from hapilot.languages.haproxy import tree
from hapilot.model import expect, site, spec
from hapilot.runtime import attempt
from hapilot.trial import judging, proxied, talking

HERE = Origin("site.yaml", 1, 1)
SERVER = talking.Server(3, "shop", "10.0.0.1:80")
VISIT = talking.Visit(1, SERVER, "http/1.1", path="/", headers=(("Host", "a.test"), ("X-Forwarded-For", "192.0.2.77")))
OK = attempt.Seen("response", 200, (), ("a.test",))
SAID = explanation.Explanation(
    target="https://a.test/",
    outcome="forward",
    reason="a.test leads to service shop",
    tls=explanation.TlsFacts("edge", None, "a.test"),
    service="shop",
    backend="shop",
    servers=(explanation.ServerFacts("10.0.0.1:80", "10.0.0.1:80"),),
    client_ip="192.0.2.77",
    request_headers=(("host", "a.test"), ("x-forwarded-for", "192.0.2.77")),
    request_path="/",
)


def made(tls: str = "edge", protocol: str = "http") -> build.Build:
    """A build with one service."""
    said = spec.SiteSpec.model_validate({"services": {"shop": {"tls": tls, "protocol": protocol, "servers": ["10.0.0.1:80"]}}})
    servers = tuple(build.ServerUse(name, name, HERE) for name in ("10.0.0.1:80", "10.0.0.2:80"))
    use = build.BackendUse("shop", "shop", "edge", servers, HERE)
    whole = site.Site("site.yaml", said, site.Origins(), site.Materials())
    return build.Build(whole, target.Target(), tree.Config(()), (), (), (), (), (use,), ())


def expected(**stated: Any) -> expect.Expectation:
    """An expectation."""
    return expect.Expectation.model_validate({"url": "https://a.test/", **(stated or {"service": "shop"})})


def judge(said: explanation.Explanation, seen: attempt.Seen, visit: talking.Visit | None, **stated: Any) -> tuple[str, ...]:
    """What is wrong."""
    one = made()
    return judging.judge(one, expected(**stated), said, judging.really(one, seen, visit))


def test_all_is_well() -> None:
    assert judge(SAID, OK, VISIT, service="shop", tls="edge", outcome="forward") == ()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"outcome": "respond", "service": None, "status": 404}, "it said respond, seen: -> shop (edge), 10.0.0.1:80"),
        ({"service": "other"}, "it said service other, seen: shop"),
        ({"tls": explanation.TlsFacts("reencrypt", None, None)}, "it said tls reencrypt, seen: edge"),
        ({"servers": (explanation.ServerFacts("10.0.0.2:80", ""),)}, "it said one of 10.0.0.2:80, seen: 10.0.0.1:80"),
        ({"send_proxy": "v2"}, "it said PROXY v2, seen: none"),
        ({"client_ip": "192.0.2.1"}, "it said client 192.0.2.1, seen: 192.0.2.77"),
        ({"request_path": "/in/"}, "it said path /in/, seen: /"),
        ({"request_headers": (("host", "a.test"), ("x-forwarded-for", "192.0.2.77"), ("x-a", "1"))}, "it said header x-a 1, seen: none"),
        ({"request_headers": (("host", "a.test"),)}, "it said header x-forwarded-for none, seen: 192.0.2.77"),
    ],
)
def test_each_lie_of_explain_is_told(changes: dict[str, Any], reason: str) -> None:
    assert judge(replace(SAID, **changes), OK, VISIT, outcome="forward") == (f"not as explained: {reason}",)


@pytest.mark.parametrize(
    ("stated", "reason"),
    [
        ({"service": "vault"}, "service is shop, expected vault"),
        ({"tls": "passthrough"}, "tls is edge, expected passthrough"),
        ({"outcome": "reject"}, "outcome is forward, expected reject"),
        ({"status": 403}, "status is none, expected 403"),
        ({"redirect": "https://a.test/"}, "redirect is none, expected https://a.test/"),
    ],
)
def test_each_expectation_that_does_not_hold_is_told_with_the_explanation(stated: dict[str, Any], reason: str) -> None:
    assert judge(SAID, OK, VISIT, **stated) == (f"{reason} (explain: a.test leads to service shop)",)


def test_answers_of_haproxy_itself() -> None:
    moved = attempt.Seen("response", 308, (("Location", "https://a.test/"),))
    said = explanation.Explanation("", "redirect", "plain HTTP", status=308, location="https://a.test/")
    assert judge(said, moved, None, redirect="https://a.test:443/", status=308) == ()
    assert judge(replace(said, location="https://b.test/"), moved, None, status=308) == (
        "not as explained: it said location https://b.test/, seen: https://a.test/",
    )
    lost = explanation.Explanation("", "respond", "no route", status=404)
    assert judge(lost, attempt.Seen("response", 404), None, outcome="respond") == ()
    assert judge(lost, attempt.Seen("response", 304), None, outcome="respond") == ("not as explained: it said status 404, seen: 304",)
    closed = attempt.Seen("closed", problem="reset")
    assert judge(explanation.Explanation("", "reject", "no certificate"), closed, None, outcome="reject") == ()
    assert "seen: refused (reset)" in judge(lost, closed, None, outcome="respond")[1]


def test_a_rule_of_the_user_s_own_is_nothing_that_explain_knows() -> None:
    said = explanation.Explanation("", "respond", "decided by a raw rule", raw_line="http-request return status 418")
    assert judge(said, attempt.Seen("response", 418), None, status=418) == ()


@pytest.mark.parametrize(
    ("names", "over_tls", "tls", "protocol", "mode"),
    [
        (("a.test",), False, "edge", "http", "edge"),
        (("a.test",), True, "edge", "http", "reencrypt"),
        (("a.test", "3.standin.invalid"), True, "passthrough", "http", "passthrough"),
        (("a.test", "3.standin.invalid"), True, "none", "tcp", "none"),
        ((), False, "edge", "http", "none"),
    ],
)
def test_where_tls_ended(names: tuple[str, ...], over_tls: bool, tls: str, protocol: str, mode: str) -> None:
    visit = replace(VISIT, over_tls=over_tls)
    assert judging.really(made(tls, protocol), attempt.Seen("response", 200, (), names), visit).tls == mode


def test_the_client_as_the_server_knows_it() -> None:
    told = replace(VISIT, told=proxied.Told("v2", "192.0.2.5"))
    assert judging.really(made(), OK, told).as_json()["client_ip"] == "192.0.2.5"
    assert judging.really(made(), OK, VISIT).as_json()["client_ip"] == "192.0.2.77"
    assert judging.really(made(), OK, replace(VISIT, headers=())).as_json()["client_ip"] is None


def test_the_words_of_what_happened() -> None:
    assert judging.really(made(), OK, VISIT).words == "-> shop (edge), 10.0.0.1:80"
    assert judging.really(made(), attempt.Seen("response", 404), None).words == "404"
    assert judging.really(made(), attempt.Seen("data", data=b"220 hi\r\n"), None).words == "said '220 hi'"
    assert judging.really(made(), attempt.Seen("closed"), None).words == "refused"


def test_a_result_as_json_says_what_was_stated_only() -> None:
    result = judging.Result(expected(service="shop"), HERE, ("wrong",))
    assert result.as_json() == {
        "target": "https://a.test/",
        "ok": False,
        "expected": {"service": "shop"},
        "explained": None,
        "seen": None,
        "failures": ["wrong"],
        "origin": {"file": "site.yaml", "line": 1, "column": 1},
        "seconds": 0.0,
    }
