"""What hosts, paths and conditions lead to: against an oracle that goes through all routes, and the properties of plans."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hapilot.base.origin import BUILT_IN
from hapilot.compile import build, targets
from hapilot.model import values

PATHS = ("/", "/a", "/a/b", "/ab")
ASKED = ("/", "/a", "/a/", "/a/b", "/a/b/c", "/ab", "/abc", "/a/bc")
NAMES = ("X-A", "X-B", "X-C")


def _target(host: str, path: str, service: str, *holds: str) -> targets.Target:
    conditions = tuple(build.Condition("header", name, ("1",)) for name in holds)
    pattern = None if host == build.ANY_HOST else values.parse_host(host)
    route = build.Route("web", "plain", service, service, "none", pattern, path, BUILT_IN, conditions)
    return targets.Target(host, path, service, route, conditions)


def _followed(plan: targets.Plan, host: str, path: str, sent: frozenset[str]) -> str | None:
    """What the rules do: the table's longest prefix for each host key, then the choices that its values name, in their order."""
    table = {(one.host, one.path): one.value for one in plan.targets}
    for key in _keys(host):
        value = next((table[key, one] for one in _prefixes(path) if (key, one) in table), None)
        for choice in plan.choices:
            if value == choice.value:
                fitting = (one.value for one in choice.alternatives if {each.name for each in one.conditions} <= sent)
                value = next(fitting, None) or choice.otherwise or None
        if value is not None:
            return value
    return None


def _expected(said: list[targets.Target], host: str, path: str, sent: frozenset[str]) -> str | None:
    """The rules of the site file: the most exact host that has anything, its longest path, most conditions, the file's order."""
    for key in _keys(host):
        for prefix in _prefixes(path):
            here = [one for one in said if (one.host, one.path) == (key, prefix) and {each.name for each in one.conditions} <= sent]
            if here:
                most = max(len(one.conditions) for one in here)
                several = [one for one in here if len(one.conditions) == most]
                return (several[0] if most else several[-1]).value
    return None


def _keys(host: str) -> Iterator[str]:
    yield from (host, f"*.{host.partition('.')[2]}", build.ANY_HOST)


def _prefixes(path: str) -> Iterator[str]:
    """Every prefix of ``path`` on segment borders, the longest first."""
    whole = path.rstrip("/") or "/"
    yield whole
    yield from targets.shorter_paths(whole)


said_targets = st.lists(
    st.tuples(st.sampled_from(("a.test", "*.test", "*")), st.sampled_from(PATHS), st.sets(st.sampled_from(NAMES), max_size=2)), max_size=10
).map(lambda said: [_target(host, path, f"s{number}", *sorted(names)) for number, (host, path, names) in enumerate(said)])


@given(said_targets, st.sampled_from(("a.test", "b.test", "c.other")), st.sampled_from(ASKED), st.frozensets(st.sampled_from(NAMES)))
def test_rules_and_routes_agree(said: list[targets.Target], host: str, path: str, sent: frozenset[str]) -> None:
    assert _followed(targets.plan(said), host, path, sent) == _expected(said, host, path, sent)


@given(said_targets)
def test_a_choice_only_leads_to_later_ones(said: list[targets.Target]) -> None:
    """The rules run once, from top to bottom."""
    plan = targets.plan(said)
    order = [choice.value for choice in plan.choices]
    assert all(order.index(choice.otherwise) > number for number, choice in enumerate(plan.choices) if choice.otherwise in order)
    assert len({(one.host, one.path) for one in plan.targets}) == len(plan.targets)


@given(said_targets)
def test_the_values_are_those_that_requests_may_end_with(said: list[targets.Target]) -> None:
    plan = targets.plan(said)
    reached = {
        _followed(plan, host, path, frozenset(sent))
        for host in ("a.test", "b.test", "c.other")
        for path in ASKED
        for sent in ((), ("X-A",), ("X-B",), ("X-C",), ("X-A", "X-B"), ("X-A", "X-C"), ("X-B", "X-C"), NAMES)
    }
    assert reached - {None} <= plan.values
    assert not any(value.startswith(build.CHOICE) for value in plan.values)


@pytest.mark.parametrize(
    ("said", "only"),
    [
        ([_target("*", "/", "shop")], "shop"),
        ([_target("*", "/a", "shop")], None),
        ([_target("a.test", "/", "shop")], None),
        ([_target("*", "/", "shop", "X-A")], None),
        ([_target("*", "/", build.MISDIRECTED)], None),
        ([_target("*", "/", "shop"), _target("a.test", "/", "shop")], None),
    ],
)
def test_nothing_is_looked_up_where_there_is_one_place_to_go(said: list[targets.Target], only: str | None) -> None:
    found = targets.plan(said).only
    assert (found.value if found else None) == only


def test_keys_have_paths_wherever_one_may_come_to_matter() -> None:
    assert targets.plan([_target("a.test", "/", "s")]).with_paths
    assert targets.plan([_target("a.test", "/", build.MISDIRECTED), _target("b.test", "/", "s", "X-A")]).with_paths
    assert not targets.plan([_target("a.test", "/", f"{build.TO_HTTPS}:443"), _target("b.test", "/", build.MISDIRECTED)]).with_paths


def test_answers_are_no_backends() -> None:
    assert not targets.plan([_target("*", "/", build.MISDIRECTED), _target("a.test", "/", f"{build.TO_HTTPS}:443")]).forwards
    assert targets.plan([_target("*", "/", build.MISDIRECTED), _target("*", "/", "shop", "X-A")]).forwards
