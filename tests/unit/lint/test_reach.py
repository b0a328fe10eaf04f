"""Rules that are never reached, conditions that never hold, regexes that match too much, lines that a later one makes void."""

from __future__ import annotations

import pytest

from hapilot.lint.rules import patterns
from unit.lint.looking import HEAD, findings, lines, mended

FRONT = HEAD + "frontend f\n    bind :80\n"
BACKS = "    default_backend c\nbackend a\nbackend b\nbackend c\n"


def front(*rules: str) -> str:
    """A frontend whose rules begin in line 8."""
    return FRONT + "".join(f"    {rule}\n" for rule in rules) + BACKS


def test_behind_a_rule_that_ends_them_all() -> None:
    text = front(
        "http-request allow",
        "http-request set-header X y",
        "http-response set-header X y",
        "use_backend a",
        "use_backend b if TRUE",
    )
    assert lines(text, "rule-unreachable") == [9, 12]
    rest = front("http-request allow", "http-response set-header X y", "use_backend a")
    assert mended(text, "rule-unreachable") == rest


def test_each_kind_of_rules_has_its_own_end() -> None:
    text = front(
        "tcp-request connection accept", "tcp-request content reject if { src 10.0.0.1 }", "http-request deny deny_status 404 if TRUE"
    )
    assert lines(text, "rule-unreachable") == []


def test_defaults_may_end_them_too() -> None:
    text = "defaults base\n    mode http\n    http-request deny\nfrontend f from base\n    http-request set-header X y\n"
    assert lines(text, "rule-unreachable") == [5]


@pytest.mark.parametrize(
    ("rules", "shadowed"),
    [
        (("use_backend a if { path /x }", "use_backend b if { path /x }"), [9]),
        (("use_backend a if x", "use_backend b if y x"), [9]),
        (("use_backend a if x y", "use_backend b if x"), []),
        (("use_backend a if x or y", "use_backend b if y z"), [9]),
        (("use_backend a if x", "use_backend b if y or x"), []),
        (("use_backend a if !x", "use_backend b if x"), []),
        (("use_backend a unless x", "use_backend b unless x"), [9]),
        (("use_backend a if { rand(2) 0 }", "use_backend b if { rand(2) 0 }"), []),
        (("acl n sc0_inc_gpc0 gt 0", "use_backend a if n", "use_backend b if n"), []),
    ],
)
def test_a_wider_condition_above(rules: tuple[str, ...], shadowed: list[int]) -> None:
    assert lines(front(*rules), "use-backend-shadowed") == shadowed


def test_rules_to_the_default_backend_at_the_end() -> None:
    text = front("use_backend c if x", "use_backend a if y", "use_backend c if z", "use_backend c if w # d")
    assert lines(text, "use-backend-redundant") == [10, 11]
    assert mended(text, "use-backend-redundant") == front("use_backend c if x", "use_backend a if y", "# d")


def test_a_default_backend_from_defaults() -> None:
    text = f"{HEAD}    default_backend c\nfrontend f\n    use_backend c if x\nbackend c\n"
    assert lines(text, "use-backend-redundant") == [8]


@pytest.mark.parametrize(
    ("condition", "is_found"),
    [
        ("path_beg api", True),
        ("path_beg /api", False),
        ("path -m beg /a b", True),
        ("path -f /etc/paths", False),
        ("path_end .php", False),
        ("path *", False),
        ("path,lower api", False),
        ("hdr(host) Example.test", True),
        ("hdr(host) -i Example.test", False),
        ("hdr(host),lower Example.test", False),
        ("hdr(X-Other) Example", False),
        ("hdr_end(host) .Example.test", True),
        ("hdr(host) -m reg ^A", False),
        ("ssl_fc_sni a.test", True),
        ('path "${PREFIX}/x"', False),
    ],
)
def test_criteria_that_never_match(condition: str, is_found: bool) -> None:
    assert bool(lines(front(f"use_backend a if {{ {condition} }}"), "condition-never-holds")) is is_found


def test_a_thing_and_its_opposite() -> None:
    assert lines(
        front("acl x path /", "use_backend a if x !x", "use_backend b unless x !x", "use_backend b if x or !x"), "condition-never-holds"
    ) == [9]


def test_the_name_asked_on_the_wrong_side_of_tls() -> None:
    ended = f"{HEAD}frontend f\n    bind :443 ssl crt a.pem\n    use_backend a if {{ req.ssl_sni a.test }}\n{BACKS}"
    assert lines(ended, "condition-never-holds") == [8]


@pytest.mark.parametrize(
    ("pattern", "dots"),
    [
        ("a.test", (1,)),
        ("^a\\.test$", ()),
        ("^.+\\.test", ()),
        ("^[a.b]\\.test", ()),
        ("^(.*)\\.a.test", (8,)),
        ("a.*b", ()),
        ("a.b.c", (1, 3)),
    ],
)
def test_dots(pattern: str, dots: tuple[int, ...]) -> None:
    assert patterns.bare_dots(pattern) == dots


@pytest.mark.parametrize(
    ("condition", "is_found"),
    [
        ("hdr_reg(host) ^a.test$", True),
        ("hdr_reg(Host) -i ^a.test$", True),
        ("req.ssl_sni -m reg a.test", True),
        ("hdr_reg(User-Agent) Mozilla.5", False),
        ("path_reg ^/a.html", False),
        ("hdr(host) a.test", False),
    ],
)
def test_only_regexes_of_host_names_count(condition: str, is_found: bool) -> None:
    found = [each for each in findings(front(f"acl x {condition}", "use_backend a if x")) if each.code == "regex-host-dot"]
    assert bool(found) is is_found
    assert all("write ^a\\.test$" in each.hint for each in found)


def test_what_a_later_line_replaces() -> None:
    text = front(
        "maxconn 10",
        "timeout client 5s",
        "maxconn 20 # c",
        "timeout client 5s",
        "option httplog",
        "option httplog",
        "acl a path /x",
        "acl a path /y",
    )
    assert lines(text, "line-overridden") == [8, 9, 12]
    assert mended(text, "line-overridden") == front(
        "maxconn 20 # c", "timeout client 5s", "option httplog", "acl a path /x", "acl a path /y"
    )


def test_routes_of_a_frontend_that_answers_everything() -> None:
    assert lines(front("http-request return status 200", "use_backend a if x"), "rule-unreachable") == [9]
    assert lines(front("http-request allow", "use_backend a if x"), "rule-unreachable") == []
    assert lines(front("redirect scheme https", "use_backend a if x"), "rule-unreachable") == [9]
    assert lines(front("http-request return status 200 if x", "use_backend a if x"), "rule-unreachable") == []


def test_rules_below_later_ones() -> None:
    text = front(
        "use_backend a if x", "http-request deny if y", "tcp-request inspect-delay 5s", "redirect location / if x", "use_backend b if z"
    )
    assert lines(text, "rule-order") == [9, 11]


def test_in_the_global_section_the_first_counts() -> None:
    text = "global\n    maxconn 10\n    maxconn 20\n    nbthread 1\n    nbthread 2\nglobal\n    maxconn 10 # c\n"
    assert lines(text, "line-overridden") == [3, 7]
    assert mended(text, "line-overridden") == "global\n    maxconn 10\n    nbthread 1\n    nbthread 2\nglobal\n    # c\n"


def test_acls_that_count_are_not_asked_less_often() -> None:
    assert lines(front("acl a sc0_inc_gpc0 gt 0", "acl a sc0_inc_gpc0 gt 0"), "line-overridden") == []


def test_what_matters_for_others_is_not_taken_out() -> None:
    capture = front("http-request allow", "http-request capture src len 9")
    mode = front("mode tcp", "option tcplog", "mode http")
    assert (lines(capture, "rule-unreachable"), mended(capture, "rule-unreachable")) == ([9], capture)
    assert (lines(mode, "line-overridden"), mended(mode, "line-overridden")) == ([8], mode)
