"""Routes that earlier ones take, and conditions that can't hold: what lint says of random rules is compared with what they do."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hapilot.lint import run
from unit.lint.looking import HEAD, findings, lines, mended

FRONT = HEAD + "frontend f\n    bind :80\n"
BACKS = "    default_backend z\n"
PATHS = ["/", "/a", "/a/b", "/A", "/ab", "/b"]
HOSTS = ["a.test", "b.a.test", "A.test", "xa.test"]


@dataclass(frozen=True)
class Asked:
    """A criterion: its fetch, how it compares, whether letters' case counts, its patterns, and whether it is negated."""

    fetch: str
    method: str
    ignores_case: bool
    patterns: tuple[str, ...]
    negated: bool

    def written(self) -> str:
        flags = f"{'-i ' if self.ignores_case else ''}{f'-m {self.method} ' if self.method else ''}"
        return f"{'!' if self.negated else ''}{{ {self.fetch} {flags}{' '.join(self.patterns)} }}"

    def holds(self, path: str, host: str) -> bool:
        value = path if self.fetch == "path" else host
        compare = {"": str.__eq__, "beg": str.startswith, "end": str.endswith}[self.method]
        found = any(compare(value.lower(), pattern.lower()) if self.ignores_case else compare(value, pattern) for pattern in self.patterns)
        return found != self.negated


def asked(fetch: str, patterns: list[str]) -> st.SearchStrategy[Asked]:
    chosen = st.lists(st.sampled_from(patterns), min_size=1, max_size=2).map(tuple)
    return st.builds(
        Asked, st.just(fetch), st.sampled_from(["", "beg", "end"]), st.booleans(), chosen, st.sampled_from([False, False, True])
    )


CRITERIA = asked("path", PATHS) | asked("hdr(host)", HOSTS)
RULES = st.lists(st.lists(st.lists(CRITERIA, min_size=1, max_size=2), min_size=1, max_size=2), min_size=1, max_size=6)
"""Rules of groups of criteria: all of one group must hold."""


def text_of(rules: list[list[list[Asked]]]) -> str:
    conditions = [" or ".join(" ".join(each.written() for each in group) for group in rule) for rule in rules]
    return FRONT + "".join(f"    use_backend b{number} if {condition}\n" for number, condition in enumerate(conditions)) + BACKS


def chosen(rules: list[list[list[Asked]]], kept: set[int], path: str, host: str) -> int:
    """The number of the rule that decides; -1 for none."""
    holding = (
        number
        for number, rule in enumerate(rules)
        if number in kept and any(all(each.holds(path, host) for each in group) for group in rule)
    )
    return next(holding, -1)


@settings(deadline=None)
@given(RULES)
def test_what_goes_never_decided_anything(rules: list[list[list[Asked]]]) -> None:
    everything = set(range(len(rules)))
    text = text_of(rules)
    after = mended(text, "use-backend-shadowed")
    kept = {number for number in everything if f"use_backend b{number} " in after}
    void = {each.line - 8 for each in findings(text) if each.code == "condition-never-holds" and "both terms" in each.message}
    for path in PATHS:
        for host in HOSTS:
            decided = chosen(rules, everything, path, host)
            assert decided == chosen(rules, kept, path, host)
            if decided in void:
                assert len(rules[decided]) > 1, "another group of the rule holds"


@pytest.mark.parametrize(
    ("first", "second", "is_shadowed"),
    [
        ("{ path_beg /a }", "{ path_beg /a/b }", True),
        ("{ path_beg /a }", "{ path /a/b }", True),
        ("{ path_beg /a }", "{ path -m sub /a/b }", False),
        ("{ path_beg /a/b }", "{ path_beg /a }", False),
        ("{ path_beg /a }", "{ path_beg -i /a }", False),
        ("{ path_beg -i /A }", "{ path_beg /a/x }", True),
        ("{ path_beg /a }", "{ path_beg /a/b /c }", False),
        ("{ path_beg /a /c }", "{ path_beg /a/b /c/d }", True),
        ("{ hdr_end(host) .a.test }", "{ req.hdr(host) x.a.test }", True),
        ("{ hdr_end(host) .a.test }", "{ hdr(host),lower x.a.test }", False),
        ("{ hdr_end(host) .a.test }", "{ hdr_end(x) x.a.test }", False),
        ("{ hdr_reg(host) ^a }", "{ hdr_reg(host) ^a } { path /x }", True),
        ("{ hdr_reg(host) ^a }", "{ hdr_reg(host) -i ^a }", False),
        ("{ src 10.0.0.1 }", "{ src 10.0.0.1 } { path /x }", True),
        ("{ dst_port gt 5 6 }", "{ dst_port gt 5 }", False),
        ("{ path_beg -f list }", "{ path_beg /a }", False),
        ('{ path_beg "$A" }', '{ path_beg "${A}b" }', False),
        ("{ path_beg /a } { src 10.0.0.1 }", "{ path_beg /a/b }", False),
        ("!{ path_beg /a/b }", "!{ path_beg /a }", False),
        ("one", "other", True),
    ],
)
def test_what_an_earlier_route_takes(first: str, second: str, is_shadowed: bool) -> None:
    acls = "    acl one path_beg /one\n    acl other path /one/x\n    acl other path_beg /one/y\n"
    text = f"{FRONT}{acls}    use_backend a if {first}\n    use_backend b if {second}\n{BACKS}"
    assert lines(text, "use-backend-shadowed") == ([12] if is_shadowed else [])


def test_several_routes_together_take_all() -> None:
    text = (
        FRONT
        + "    use_backend a if { path_beg /a }\n    use_backend b if { path_beg /b }\n    use_backend c if { path /a/x /b/y }\n"
        + BACKS
    )
    assert lines(text, "use-backend-shadowed") == [10]


@pytest.mark.parametrize(
    ("condition", "never"),
    [
        ("{ hdr(host) a.test } { hdr(host) b.test }", True),
        ("{ hdr(host) a.test } or { hdr(host) b.test }", False),
        ("{ hdr(host) a.test } { hdr(host) -i A.test }", False),
        ("{ path_beg /a } { path_beg /a/b }", False),
        ("{ path_beg /a } { path_end .png }", False),
        ("{ path_beg /a } { path /b }", True),
        ("{ path_end .png } { path /a.png }", False),
        ("{ path_end .png } { path_end .jpg }", True),
        ("{ path -m sub a } { path -m sub b }", False),
        ("{ url_param(a) 1 } { url_param(a) 2 }", False),
        ("{ src 10.0.0.1 } { src 10.0.0.2 }", False),
        ("{ method GET } { method POST }", True),
        ("{ method get }", True),
        ("{ hdr(host) -i A.test/x }", True),
        ("{ req.ssl_sni a.test }", True),
        ("FALSE", True),
        ("TRUE", False),
        ("!TRUE", True),
        ("FALSE or { path /a }", False),
        ("{ always_false } { path /a }", True),
    ],
)
def test_conditions_that_never_hold(condition: str, never: bool) -> None:
    assert lines(f"{FRONT}    use_backend a if {condition}\n{BACKS}", "condition-never-holds") == ([8] if never else [])


def test_a_rule_that_always_holds_is_the_last() -> None:
    text = (
        FRONT
        + "    http-request deny if TRUE\n    http-request set-header X y\n    use_backend a if TRUE\n    use_backend b if { path /x }\n"
        + BACKS
    )
    assert lines(text, "rule-unreachable") == [9, 10, 11]
    empty = FRONT + "    http-request redirect location %[path,map(m)] ignore-empty\n    http-request deny if { path /x }\n" + BACKS
    assert lines(empty, "rule-unreachable") == [], "it goes on where the map has nothing"


def test_the_order_of_sizes_does_not_matter_for_time() -> None:
    """A route for each of many paths: looked up, not compared with each other."""
    rules = "".join(f"    use_backend b{number} if {{ path_beg /p{number}/ }}\n" for number in range(3000))
    assert run.chosen(["use-backend-shadowed"], [])
    assert lines(FRONT + rules + BACKS, "use-backend-shadowed") == []
