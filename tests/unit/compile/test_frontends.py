"""Frontends stay as they are while services come and go: what decides about a request is in tables."""

from __future__ import annotations

from typing import Any

import pytest

from hapilot.compile import build, target
from hapilot.compile import compile as compiling
from hapilot.languages.haproxy import tree
from hapilot.model import expand, site, spec

SHOP = {"host": "shop.test", "servers": ["10.0.0.1:80"]}
BLOG = {"host": "blog.test", "servers": ["10.0.0.2:80"]}
VAULT = {"host": "vault.test", "tls": "passthrough", "servers": ["10.0.0.3:443"]}
MAIL = {"host": "mail.test", "protocol": "tcp", "tls": "edge", "listener": "mail", "servers": ["10.0.0.4:143"]}
LISTENERS = {"http": {"bind": ":80", "redirect": "https"}, "https": {"bind": ":443"}, "mail": {"bind": ":993"}}
Services = dict[str, dict[str, Any]]


def _made(services: Services, **said: Any) -> build.Build:
    canonical, _ = expand.expand(spec.SiteSpec.model_validate({"listeners": LISTENERS, "services": services, **said}), site.Origins())
    return compiling.compile_site(site.Site("site", canonical, site.Origins(), site.Materials()), target.Target())


def _others(made: build.Build) -> list[tuple[str, list[tuple[tree.Word, ...]]]]:
    """All sections but the backends of services."""
    backends = {use.backend for use in made.backends}
    return [
        (f"{section.kind} {section.name}", [line.words for line in section.lines])
        for section in made.config.sections
        if section.name not in backends
    ]


@pytest.mark.parametrize("log", [None, {"format": "json"}])
@pytest.mark.parametrize(
    ("before", "added"),
    [
        ({}, BLOG),
        ({}, {**BLOG, "host": ["blog.test", "b.test"]}),
        ({}, {**BLOG, "host": "*.test"}),
        ({}, {**BLOG, "path": "/blog"}),
        ({}, {**BLOG, "host": "shop.test", "path": ["/a", "/b/c"]}),
        ({}, {"servers": ["10.0.0.2:80"]}),
        ({"vault": VAULT}, BLOG),
        ({"vault": VAULT}, {**BLOG, "path": "/blog"}),
        ({"vault": VAULT}, {**VAULT, "host": "*.safe.test"}),
        ({"vault": VAULT}, {**VAULT, "host": ["a.test", "b.test"]}),
        ({"git": {"protocol": "ssh", "listener": "https", "servers": ["10.0.0.5:22"]}}, BLOG),
        ({"mail": MAIL}, {**MAIL, "host": "*.mail.test"}),
        ({"mail": MAIL}, {key: value for key, value in MAIL.items() if key != "host"}),
        ({"old": {**SHOP, "host": "old.test", "tls": "none", "listener": "http"}}, {**BLOG, "tls": "none", "listener": "http"}),
        ({"slow": {**SHOP, "host": "slow.test", "match": [{"method": "POST"}]}}, BLOG),
    ],
)
def test_a_service_more_changes_no_frontend(before: Services, added: dict[str, Any], log: dict[str, Any] | None) -> None:
    said = {"log": log} if log else {}
    fewer = _made({"shop": SHOP, **before}, **said)
    more = _made({"shop": SHOP, **before, "added": added}, **said)
    assert len(more.backends) == len(fewer.backends) + 1
    assert _others(more) == _others(fewer)


def test_a_kind_of_service_that_is_new_to_a_listener_changes_its_frontend() -> None:
    assert _others(_made({"shop": SHOP, "vault": VAULT})) != _others(_made({"shop": SHOP}))


def _rules(made: build.Build, frontend: str) -> list[tuple[tree.Word, ...]]:
    (section,) = [section for section in made.config.sections if section.kind == "frontend" and section.name == frontend]
    return [line.words for line in section.lines]


@pytest.mark.parametrize("services", [{"shop": SHOP}, {"every": {"servers": ["10.0.0.2:80"]}}, {"shop": SHOP, "vault": VAULT}])
def test_requests_that_are_let_through_have_all_their_headers(services: Services) -> None:
    """The rules behind change nothing that a server sees: they look, and answer."""
    rules = _rules(_made(services), "https.tls" if "vault" in services else "https")
    (place,) = [number for number, words in enumerate(rules) if words[:2] == ("http-request", "allow")]
    behind = [words for words in rules[place + 1 :] if words[0] == "http-request"]
    assert {str(words[1]).partition("(")[0] for words in behind} <= {"return", "set-var"}
    assert any(words[1:3] == ("add-header", "X-Forwarded-For") for words in rules[:place])


@pytest.mark.parametrize("own", [[], ["http-request set-header X-Own 1"]])
def test_the_users_own_rules_see_no_target_that_is_refused(own: list[str]) -> None:
    """Without any, it costs less to look at odd targets behind all others."""
    made = _made({"shop": SHOP}, raw={"listener": {"https": own}})
    rules = [" ".join(map(str, words)) for words in _rules(made, "https")]
    refused = [number for number, rule in enumerate(rules) if "400 Bad Request: the target" in rule]
    assert len(refused) == 2
    mine = [number for number, rule in enumerate(rules) if rule in own]
    assert all(number < mine[0] for number in refused) if own else rules[refused[0] - 1].startswith("http-request allow")
