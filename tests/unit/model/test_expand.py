"""Listeners that follow from services, defaults that flow into them, and printing that can be read again."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hapilot.model import expand, service, site, spec
from hapilot.sources.file import tree, yaml


def expanded(**sections: object) -> spec.SiteSpec:
    result, found = expand.expand(spec.SiteSpec.model_validate(sections), site.Origins())
    assert not found
    return result


def read_again(text: str) -> spec.SiteSpec:
    root, found = yaml.parse(text.encode(), "dump", {})
    assert not found
    assert root is not None
    result, problems = expand.expand(spec.SiteSpec.model_validate(tree.plain(root)), site.Origins())
    assert not problems
    return result


def listeners_of(said: spec.SiteSpec, name: str = "a") -> list[str]:
    return said.services[name].listener


@pytest.mark.parametrize(
    ("services", "names"),
    [
        ({}, []),
        ({"a": {"tls": "none"}}, ["http"]),
        ({"a": {}}, ["http", "https"]),
        ({"a": {"tls": "passthrough"}}, ["http", "https"]),
        ({"a": {"protocol": "tcp", "listener": "https"}}, ["http", "https"]),
        ({"a": {"protocol": "ssh", "listener": "http"}}, ["http"]),
    ],
)
def test_listeners_that_nobody_defines(services: dict[str, object], names: list[str]) -> None:
    assert list(expanded(services=services).listeners or {}) == names


def test_only_defined_listeners_count() -> None:
    said = expanded(listeners={"front": {"bind": ":8443"}}, services={"a": {}})
    assert list(said.listeners or {}) == ["front"]
    assert listeners_of(said) == ["front"]


@pytest.mark.parametrize(
    ("one", "names", "where"),
    [
        ({}, ["other", "https"], "https"),
        ({"tls": "none"}, ["https", "http"], "http"),
        ({"tls": "none"}, ["other"], "other"),
        ({"protocol": "ssh"}, ["https", "ssh"], "ssh"),
        ({"protocol": "ssh"}, ["other"], "other"),
        ({"protocol": "tcp"}, ["other"], "other"),
    ],
)
def test_where_a_service_is_that_says_nothing(one: dict[str, object], names: list[str], where: str) -> None:
    said = expanded(listeners={name: {"bind": f":{8000 + place}"} for place, name in enumerate(names)}, services={"a": one})
    assert listeners_of(said) == [where]


def test_a_redirecting_listener_is_not_where_a_service_is() -> None:
    said = expanded(listeners={"in": {"bind": ":80", "redirect": "https"}, "main": {"bind": ":443"}}, services={"a": {}})
    assert listeners_of(said) == ["main"]


@pytest.mark.parametrize("one", [{}, {"tls": "none"}, {"protocol": "ssh"}, {"protocol": "tcp"}])
def test_no_guessing_between_listeners(one: dict[str, object]) -> None:
    listeners = {"x": {"bind": ":1"}, "y": {"bind": ":2"}}
    result, found = expand.expand(spec.SiteSpec.model_validate({"listeners": listeners, "services": {"a": one}}), site.Origins())
    assert [each.code for each in found] == ["no-listener"]
    assert "x, y" in found[0].hint
    assert result.services == {}


def test_defaults_flow_into_services_and_do_not_win() -> None:
    said = expanded(
        defaults={"timeouts": {"connect": "1s", "server": "2s"}, "retries": 5, "balance": "first", "health": "off", "max_connections": 9},
        services={"a": {"timeouts": {"server": "9s"}, "balance": "source"}, "b": {"retries": 0, "health": {}, "max_connections": 1}},
    )
    a, b = said.services["a"], said.services["b"]
    assert a.timeouts == service.Timeouts.model_validate({"connect": "1s", "server": "9s"})
    assert (a.retries, a.balance, a.health, a.max_connections) == (5, "source", "off", 9)
    assert (b.retries, b.balance, b.health, b.max_connections) == (0, "first", service.Health(), 1)


def test_a_canary_without_routes_takes_no_listener() -> None:
    said = expanded(services={"a": {"host": "a.test", "canary": {"service": "b", "percent": 1}}, "b": {}})
    assert listeners_of(said, "b") == []


def test_passwords_are_stars() -> None:
    text = expand.dump(expanded(admin={"stats": {"bind": ":1", "users": {"x": {"password": "hunter2"}}}}))
    assert "hunter2" not in text
    assert "password: '***'" in text


TRICKY = st.sampled_from(
    ["on", "0o17", "1e3", "12:30", "null", "~", "-", "${X}", "$${X}", "$$${", "a: b", "# c", "'", '"', "é", "a\\n", " x ", "5"]
)
TEXTS = TRICKY | st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=12)
HEADER_VALUES = TEXTS.map(str.strip).filter(bool)
LABELS = st.from_regex(r"[a-z]([a-z0-9-]{0,5}[a-z0-9])?", fullmatch=True)
HOSTS = st.from_regex(r"(\*\.)?[a-z]([a-z0-9-]{0,5}[a-z0-9])?\.test", fullmatch=True)
ADDRESSES = st.sampled_from(
    ["10.0.0.1:80", "[2001:db8::1]:443", "name.test:80", "10.0.0.2", {"address": "x:1", "weight": 0, "backup": True}]
)
MATCHES: list[Any] = [[{"client": "10.0.0.0/8"}], {"method": "GET"}]
DURATIONS = st.sampled_from(["1s", "1500ms", "2m", "1d"])
SERVICE_KEYS: dict[str, st.SearchStrategy[Any]] = {
    "tls": st.sampled_from(["edge", "passthrough", "reencrypt", "none"]),
    "host": st.lists(HOSTS, min_size=1, max_size=3) | HOSTS,
    "path": st.sampled_from(["/", "/a/", "/a/b"]),
    "servers": st.lists(ADDRESSES, max_size=3),
    "health": st.sampled_from(["off", False]) | st.fixed_dictionaries({"every": DURATIONS}),
    "balance": st.sampled_from(["source", {"hash": "path"}, {"hash": {"header": "X-User"}}]),
    "timeouts": st.dictionaries(st.sampled_from(["connect", "server", "tunnel"]), DURATIONS),
    "headers": st.fixed_dictionaries({"request": st.fixed_dictionaries({"set": st.dictionaries(st.just("X-A"), HEADER_VALUES)})}),
    "allow": st.lists(st.sampled_from(["10.0.0.0/8", "2001:db8::/32"]), min_size=1),
    "errors": st.dictionaries(st.sampled_from([503, 404]), TEXTS.map("{}page.html".format)),
    "basic_auth": st.fixed_dictionaries({"users": st.dictionaries(LABELS, st.fixed_dictionaries({"password_env": TEXTS}), min_size=1)}),
    "match": st.sampled_from(MATCHES),
    "retries": st.integers(0, 100),
    "rewrite": st.sampled_from([{"strip_prefix": "/a/"}, {"prefix": "/b", "host": "Internal.test:80"}, {"host": "[2001:db8::1]:80"}]),
    "redirect": st.sampled_from([{"to": "https://{host}{path}"}, {"to": "/x", "code": 301}]),
    "sticky": st.just({"cookie": "SRV"}),
    "rate_limit": st.fixed_dictionaries({"requests": st.integers(1, 9), "per": DURATIONS}),
    "http2": st.sampled_from(["h2", "h2c"]),
    "maintenance": st.fixed_dictionaries({"body": TEXTS | st.just("several\nlines\n")}),
}
SERVICES: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries({}, optional=SERVICE_KEYS)
SITES: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"services": st.dictionaries(LABELS, SERVICES, max_size=4)},
    optional={
        "defaults": st.fixed_dictionaries(
            {}, optional={"retries": st.integers(0, 9), "timeouts": st.just({"queue": "5s"}), "health": st.just("off")}
        ),
        "listeners": st.just({"http": {"bind": ":80"}, "https": {"bind": [":443", "unix:/a b"], "trusted": "10.0.0.0/8"}}),
        "log": st.just({}),
        "raw": st.fixed_dictionaries({"global": st.lists(TEXTS, max_size=3)}),
        "expect": st.lists(st.fixed_dictionaries({"url": TEXTS, "status": st.just(404), "from": st.just("10.0.0.1")}), max_size=2),
    },
)


@settings(max_examples=150, deadline=None)
@given(SITES)
def test_expanding_and_printing_are_stable(sections: dict[str, Any]) -> None:
    once = expanded(**sections)
    again, found = expand.expand(once, site.Origins())
    assert not found
    assert again == once
    text = expand.dump(once)
    assert read_again(text) == once
    assert expand.dump(read_again(text)) == text
