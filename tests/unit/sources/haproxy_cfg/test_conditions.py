"""use_backend lines as routes, and the acl lines that they make needless."""

from __future__ import annotations

from typing import Any

import pytest

from unit.sources.haproxy_cfg.taking import frontend


def routes(lines: str) -> Any:
    return frontend(lines).get("routes")


@pytest.mark.parametrize(
    ("condition", "keys"),
    [
        ("{ hdr(host) -i a.test b.test }", {"host": ["a.test", "b.test"]}),
        ("{ req.hdr(Host) -i a.test:80 }", {"host": ["a.test:80"]}),
        ("{ path_beg /api/ /v1 }", {"path": ["/api/", "/v1"]}),
        ("{ path_beg /api } { hdr(host) -i a.test }", {"host": ["a.test"], "path": ["/api"]}),
        ("{ hdr(host) a.test }", {"if": "{ hdr(host) a.test }"}),
        ("{ hdr(host) -i -m end .test }", {"if": "{ hdr(host) -i -m end .test }"}),
        ("{ hdr(host) -i -f hosts }", {"if": "{ hdr(host) -i -f hosts }"}),
        ("{ hdr_end(host) -i .test }", {"if": "{ hdr_end(host) -i .test }"}),
        ("{ path_beg -i /api }", {"if": "{ path_beg -i /api }"}),
        ("{ path_beg /a } { path_beg /b }", {"if": "{ path_beg /a } { path_beg /b }"}),
        ("!{ path_beg /a }", {"if": "!{ path_beg /a }"}),
        ("{ path_beg /a } or { path_beg /b }", {"if": "{ path_beg /a } or { path_beg /b }"}),
        ("{  path_beg\t/a } || x", {"if": "{ path_beg /a } || x"}),
        ('{ path_beg "$P" }', {"if": '{ path_beg "$P" }'}),
        ("TRUE", {"if": "TRUE"}),
    ],
)
def test_conditions(condition: str, keys: dict[str, Any]) -> None:
    assert routes(f" use_backend b if {condition}\n") == [{"service": "b", **keys}]


@pytest.mark.parametrize(
    "line", ["use_backend b", "use_backend b unless { src 10.0.0.1 }", "use_backend %[path] if x", 'use_backend "$B" if x']
)
def test_one_that_is_no_route_keeps_all(line: str) -> None:
    made = frontend(f" use_backend b if {{ path_beg /a }}\n {line}\n default_backend b\n")
    assert made == {"from": "main", "default": "b", "lines": ["use_backend b if { path_beg /a }", line]}


def test_named_conditions_of_one_kind_are_taken_over() -> None:
    made = frontend(
        " acl h hdr(host) -i a.test\n acl h hdr(host) -i b.test\n acl p path_beg /p\n use_backend b if h p\n use_backend c if h\n"
    )
    assert made["routes"] == [
        {"service": "b", "host": ["a.test", "b.test"], "path": ["/p"]},
        {"service": "c", "host": ["a.test", "b.test"]},
    ]
    assert made["lines"] == []


@pytest.mark.parametrize(
    "line",
    [
        "http-request deny if !h",
        "http-request set-var(txn.x) bool(1) if h",
        "use_backend c if h or x",
        "http-request deny if { src 10.0.0.1 } || h",
    ],
)
def test_a_condition_that_others_need_stays(line: str) -> None:
    made = frontend(f" acl h hdr(host) -i a.test\n acl other src 10.0.0.1\n {line}\n use_backend b if h\n")
    assert {"service": "b", "host": ["a.test"]} in made["routes"]
    assert made["lines"][:2] == ["acl h hdr(host) -i a.test", "acl other src 10.0.0.1"]


def test_a_condition_of_several_kinds_is_named() -> None:
    made = frontend(" acl h hdr(host) -i a.test\n acl h path_beg /x\n use_backend b if h\n")
    assert made["routes"] == [{"service": "b", "if": "h"}]
    assert made["lines"] == ["acl h hdr(host) -i a.test", "acl h path_beg /x"]


def test_a_condition_that_comes_later_is_none_for_haproxy() -> None:
    """HAProxy refuses that, and would go on to do so."""
    made = frontend(" use_backend b if h\n acl h src 10.0.0.1\n")
    assert made["routes"] == [{"service": "b", "if": "h"}]
