"""Servers: every step with what it says, and what HAProxy's API can't do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from hapilot.plan import actions, plan, running
from hapilot.render import bundle
from support import memory

from .making import SETTINGS, Service, Setup, files, wanted

TOLD = Mapping[running.ServerKey, running.Told]


def setup(*servers: str, settings: tuple[str, ...] = SETTINGS) -> Setup:
    """One service with servers a, b, …"""
    return Setup(services={"shop": Service(dict(zip("abc", servers, strict=False)), settings=settings)})


def steps(before: Setup, after: Setup, told: TOLD | None = None) -> tuple[actions.Action, ...]:
    """What is to be done."""
    made = plan.make_plan(memory.fresh(files(before)), wanted(after, told))
    assert made.reload_reasons == ()
    return made.actions


def only(before: Setup, after: Setup, told: TOLD | None = None) -> actions.Action:
    """The one thing that is to be done."""
    (step,) = steps(before, after, told)
    assert step.about == "server shop/a"
    return step


ONE = setup("10.0.0.1:80")


def test_move() -> None:
    step = only(ONE, setup("[2001:db8::2]:81"))
    assert isinstance(step, actions.MoveServer)
    assert (step.host, step.port, step.reason) == ("2001:db8::2", 81, "address from 10.0.0.1:80 to [2001:db8::2]:81")
    assert steps(setup("[2001:db8::2]:81"), setup("[2001:DB8:0::2]:81")) == ()


def test_weight() -> None:
    step = only(ONE, setup("10.0.0.1:80 weight 0"))
    assert isinstance(step, actions.WeighServer)
    assert (step.weight, step.reason, step.disturbs) == (0, "weight from 1 to 0", "the share of new sessions")
    told = only(ONE, setup("10.0.0.1:80 weight 3"), {("shop", "a"): running.Told(None, 9)})
    assert isinstance(told, actions.WeighServer)
    assert (told.weight, told.reason) == (9, "weight from 1 to 9, as told")


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [(0, 5, "at most 5 sessions at a time, was any number"), (5, 0, "at most any number of sessions at a time, was 5")],
)
def test_limit(before: int, after: int, reason: str) -> None:
    sites = [setup("10.0.0.1:80" + (f" maxconn {limit}" if limit else "")) for limit in (before, after)]
    step = only(sites[0], sites[1])
    assert isinstance(step, actions.LimitServer)
    assert (step.connections, step.reason) == (after, reason)
    unknown = replace(memory.fresh(files(sites[0])), limits={})
    assert plan.make_plan(unknown, wanted(sites[1])).is_empty


def test_states() -> None:
    step = only(ONE, setup("10.0.0.1:80 disabled"))
    assert isinstance(step, actions.SetState)
    assert (step.state, step.reason, step.disturbs) == ("maint", "state from ready to maint", "no new sessions; open ones finish")
    back = only(setup("10.0.0.1:80 disabled"), ONE)
    assert isinstance(back, actions.SetState)
    assert (back.state, back.disturbs) == ("ready", "nothing")
    told = only(setup("10.0.0.1:80 disabled"), ONE, {("shop", "a"): running.Told("drain")})
    assert isinstance(told, actions.SetState)
    assert (told.state, told.reason) == ("drain", "state from maint to drain, as told")
    assert steps(ONE, ONE, {("shop", "a"): running.Told("ready"), ("other", "a"): running.Told("maint")}) == ()


def test_add() -> None:
    (step,) = steps(ONE, setup("10.0.0.1:80", "10.0.0.2:80 check weight 3 disabled"))
    assert isinstance(step, actions.AddServer)
    assert (step.backend, step.name, step.address, step.words, step.state) == (
        "shop",
        "b",
        "10.0.0.2:80",
        ("check", "weight", "3"),
        "maint",
    )
    told = {("shop", "b"): running.Told("drain", 7)}
    (weighed,) = steps(ONE, setup("10.0.0.1:80", "10.0.0.2:80 weight 3"), told)
    assert isinstance(weighed, actions.AddServer)
    assert (weighed.words, weighed.state) == (("weight", "7"), "drain")
    (without,) = steps(ONE, setup("10.0.0.1:80", "10.0.0.2:80"), told)
    assert isinstance(without, actions.AddServer)
    assert without.words == ("weight", "7")


def test_remove() -> None:
    (step,) = steps(setup("10.0.0.1:80", "10.0.0.2:80"), ONE)
    assert isinstance(step, actions.RemoveServer)
    assert (step.name, step.disturbs) == ("b", "no new sessions; open ones finish")


def test_what_is_in_maintenance_and_not_in_the_site_only_waits() -> None:
    state = memory.fresh(files(setup("10.0.0.1:80", "10.0.0.2:80 disabled")))
    made = plan.make_plan(state, wanted(ONE))
    assert (made.actions, made.remainders) == ((), (("shop", "b"),))


def test_one_that_was_added_later_is_known_by_its_mark() -> None:
    two = setup("10.0.0.1:80", "10.0.0.2:80 check")
    state = memory.after(memory.fresh(files(ONE)), steps(ONE, two))
    assert plan.make_plan(state, wanted(two)).is_empty
    other = plan.make_plan(state, wanted(setup("10.0.0.1:80", "10.0.0.2:80")))
    assert other.reload_reasons == ("server shop/b: its checks, its TLS or other settings that only a reload changes are different",)
    # One of which nobody noted how it was made.
    foreign = replace(memory.fresh(files(ONE)), servers={**state.servers})
    assert plan.make_plan(foreign, wanted(two)).reload


FIXED = "the way in which its service is balanced takes no change of servers and weights"
NOT_ADDED = [
    ("balance static-rr", "", FIXED),
    ("balance source", "", FIXED),
    ("balance hash path", "", FIXED),
    ("balance hdr(host)", "", FIXED),
    ("balance source\n    hash-type map-based", "", FIXED),
    ("default-server check", "", "what default-server says does not count for servers that are added"),
    ("mode http", "cookie x", "this HAProxy knows no cookies for servers that are added"),
]


@pytest.mark.parametrize(("rule", "words", "why"), NOT_ADDED)
def test_servers_that_can_not_be_added(rule: str, words: str, why: str) -> None:
    before, after = setup("10.0.0.1:80", settings=(rule,)), setup("10.0.0.1:80", f"10.0.0.2:80 {words}".strip(), settings=(rule,))
    made = plan.make_plan(memory.fresh(files(before), (2, 6)), wanted(after))
    assert made.reload_reasons == (f"server shop/b is added, and {why}",)
    in_defaults = replace(before, services={"shop": replace(before.services["shop"], settings=())}, before=(f"defaults\n    {rule}\n",))
    later = replace(after, services={"shop": replace(after.services["shop"], settings=())}, before=in_defaults.before)
    assert plan.make_plan(memory.fresh(files(in_defaults), (2, 6)), wanted(later)).reload_reasons == made.reload_reasons


@pytest.mark.parametrize(
    "rule",
    [
        "balance roundrobin",
        "balance leastconn",
        "balance random(2)",
        "balance source\n    hash-type consistent",
        "mode tcp",
    ],
)
def test_algorithms_that_take_new_servers(rule: str) -> None:
    kinds = [
        step.kind
        for step in steps(setup("10.0.0.1:80", settings=(rule,)), setup("10.0.0.1:80 weight 2", "10.0.0.2:80 cookie x", settings=(rule,)))
    ]
    assert kinds == ["weigh-server", "add-server"]


def test_a_weight_where_the_algorithm_takes_none() -> None:
    made = plan.make_plan(
        memory.fresh(files(setup("10.0.0.1:80", settings=("balance static-rr",)))),
        wanted(setup("10.0.0.1:80 weight 2", settings=("balance static-rr",))),
    )
    assert made.reload_reasons == (f"server shop/a gets another weight, and {FIXED}",)


def test_a_ca_that_was_read_for_another_server_serves() -> None:
    before = setup("10.0.0.1:80 ssl ca-file ca/0.pem")
    assert [step.kind for step in steps(before, setup("10.0.0.1:80 ssl ca-file ca/0.pem", "10.0.0.2:80 ssl ca-file ca/0.pem"))] == [
        "add-server"
    ]


def test_a_backend_with_servers_of_its_own_making_is_left_alone() -> None:
    before = setup("10.0.0.1:80", settings=("server-template t 1-2 x.test:80",))
    state = memory.fresh(files(before))
    more = replace(state, servers={**state.servers, ("shop", "t1"): running.RunningServer("", "ready", 1)})
    assert plan.make_plan(more, wanted(before)).is_empty


def test_backends_that_nobody_knows_are_left_alone() -> None:
    state = memory.fresh(files(ONE))
    more = replace(state, servers={**state.servers, ("MASTER", "x"): running.RunningServer("", "ready", 1)})
    assert plan.make_plan(more, wanted(ONE)).is_empty


def named(rule: str, **servers: str) -> Setup:
    """One service with these servers, in this order."""
    return Setup(services={"shop": Service(servers, settings=(rule,))})


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (named("balance first", a="10.0.0.1:80", b="10.0.0.2:80"), named("balance first", b="10.0.0.2:80", a="10.0.0.1:80")),
        (named("balance first", a="10.0.0.1:80"), named("balance first", a="10.0.0.1:80", b="10.0.0.2:80")),
        (
            named("mode http", a="10.0.0.1:80 backup", b="10.0.0.2:80 backup"),
            named("mode http", b="10.0.0.2:80 backup", a="10.0.0.1:80 backup"),
        ),
        (named("mode http", b="10.0.0.2:80 backup"), named("mode http", a="10.0.0.1:80 backup", b="10.0.0.2:80 backup")),
    ],
)
def test_servers_that_are_used_in_their_order(before: Setup, after: Setup) -> None:
    made = plan.make_plan(memory.fresh(files(before)), wanted(after, None))
    assert made.reload_reasons == ("service shop: its servers are used in their order, which changes",)


def test_the_order_does_not_matter_elsewhere() -> None:
    one, two = named("mode http", a="10.0.0.1:80", b="10.0.0.2:80"), named("mode http", b="10.0.0.2:80", a="10.0.0.1:80")
    assert steps(one, two) == ()
    less = named("balance first", b="10.0.0.2:80")
    assert [step.kind for step in steps(named("balance first", a="10.0.0.1:80", b="10.0.0.2:80"), less)] == ["remove-server"]


def test_what_default_server_says_is_not_taken_for_a_difference() -> None:
    """HAProxy has weight 7 for it, and no line of the server says so."""
    same = setup("10.0.0.1:80", settings=("default-server weight 7 maxconn 50",))
    state = memory.fresh(files(same))
    has = {key: replace(server, weight=7) for key, server in state.servers.items()}
    limits = dict.fromkeys(state.limits, 50)
    assert plan.make_plan(replace(state, servers=has, limits=limits), wanted(same, None)).is_empty


def test_a_server_with_a_name_for_an_address_is_missed_too() -> None:
    """Only a reload can add it, and it must come."""
    both = setup("localhost:80", "10.0.0.2:80")
    state = memory.fresh(files(both))
    without = {key: server for key, server in state.servers.items() if key[1] != "a"}
    made = plan.make_plan(replace(state, servers=without), wanted(both, None))
    assert any("server shop/a is added" in reason for reason in made.reload_reasons), made


def test_limits_that_are_known_and_right_are_no_difference() -> None:
    both = setup("10.0.0.1:80 maxconn 5", "10.0.0.2:80")
    state = memory.fresh(files(both))
    assert set(state.limits.values()) == {5, 0}
    assert plan.make_plan(state, wanted(both, None)).is_empty


@pytest.mark.parametrize("said", [("default-server check",), ("balance source",)])
def test_what_named_defaults_start_from_counts(said: tuple[str, ...]) -> None:
    """``backend shop from b``, where b starts from a, which says it: a server can't be added without a reload."""

    def config(*servers: str) -> bundle.Bundle:
        lines = "".join(f"    {line}\n" for line in (*said, "mode http"))
        backend = "".join(f"    server s{number} {address}\n" for number, address in enumerate(servers))
        text = f"defaults a\n{lines}\ndefaults b from a\n    retries 2\n\nbackend shop from b\n{backend}"
        return bundle.Bundle((bundle.BundleFile(bundle.CONFIG, text.encode()),))

    before, after = config("10.0.0.1:80"), config("10.0.0.1:80", "10.0.0.2:80")
    made = plan.make_plan(memory.fresh(before), running.Wanted(after))
    assert [step.kind for step in made.actions] == ["reload"]
    assert plan.make_plan(memory.fresh(after), running.Wanted(after)).is_empty


def test_another_from_is_another_backend() -> None:
    text = "defaults a\n    mode http\n\ndefaults b\n    mode http\n\nbackend shop from {}\n    server s 10.0.0.1:80\n"
    before, after = (bundle.Bundle((bundle.BundleFile(bundle.CONFIG, text.format(name).encode()),)) for name in "ab")
    assert plan.make_plan(memory.fresh(before), running.Wanted(after)).reload_reasons == ("service shop: settings change (backend)",)
