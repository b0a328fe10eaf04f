"""Plans as a whole: nothing for what is equal, the order of steps, reasons for reloads, spare backends; planning again converges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hapilot.plan import actions, plan, running
from hapilot.render import bundle
from support import memory

from .making import SETTINGS, Service, Setup, files, pem, wanted

SHOP = Setup()


def planned(before: Setup, after: Setup, told: Mapping[running.ServerKey, running.Told] | None = None) -> plan.Plan:
    """From a fresh worker."""
    return plan.make_plan(memory.fresh(files(before)), wanted(after, told))


def kinds(made: plan.Plan) -> list[str]:
    """The kinds of its steps."""
    return [step.kind for step in made.actions]


def test_start_is_for_nothing_that_runs() -> None:
    made = plan.start()
    assert (kinds(made), made.reload, made.is_empty, made.first) == (["start"], False, False, "HAProxy: it does not run")


def test_equal_states_give_an_empty_plan() -> None:
    made = planned(SHOP, SHOP)
    assert made == plan.Plan()
    assert (made.is_empty, made.reload, made.first) == (True, False, "nothing")


def test_places_in_the_site_file_are_no_change() -> None:
    assert planned(SHOP, replace(SHOP, remark="(other.yaml:99)")).is_empty


def test_what_is_loaded_has_to_be_known() -> None:
    made = plan.make_plan(replace(memory.fresh(files(SHOP)), loaded=None, connections=3), wanted(SHOP))
    assert made.reload_reasons == ("what HAProxy has loaded is not known",)
    assert made.actions[0].disturbs == "3 open connections finish in the old worker"


OTHER = "its checks, its TLS or other settings that only a reload changes are different"
BY_NAME = "its address is a name, which HAProxy resolves only for servers that it has read from a file"


def with_rules(*rules: str) -> Setup:
    """The service with these settings."""
    return replace(SHOP, services={"shop": Service(settings=rules)})


def with_servers(**servers: str) -> Setup:
    """The service with these servers."""
    return replace(SHOP, services={"shop": Service(servers)})


REASONS: list[tuple[str, Setup, str]] = [
    ("a rule", with_rules(*SETTINGS, "http-request deny if x"), "service shop: settings change (http-request deny)"),
    ("rules in another order", with_rules(*reversed(SETTINGS)), "service shop: the order of its rules changes"),
    ("a listener's line", replace(SHOP, frontend=("option forwardfor",)), "listener web: settings change (option forwardfor)"),
    ("a listener", replace(SHOP, before=("frontend more\n    bind :81\n",)), "listener more is added"),
    ("defaults", replace(SHOP, before=("defaults\n    mode http\n",)), "the defaults is added"),
    ("the process", replace(SHOP, before=("global\n    maxconn 5\n",)), "the process is added"),
    ("users", replace(SHOP, before=("userlist shop\n    user ann password secret\n",)), "users of shop is added"),
    ("a file", replace(SHOP, files={"pages/shop.503.http": b"new"}), "pages/shop.503.http changes"),
    (
        "another kind of service",
        replace(SHOP, services={**SHOP.services, "tcp": Service(settings=("mode tcp",))}),
        "service tcp is added, and has settings that no prepared backend has",
    ),
    ("a server's check", with_servers(a="10.0.0.1:80 check"), f"server shop/a: {OTHER}"),
    ("a server by name", with_servers(a="10.0.0.1:80", b="b.test:80"), f"server shop/b is added, and {BY_NAME}"),
    (
        "a server with another CA",
        with_servers(a="10.0.0.1:80", b="10.0.0.2:80 ssl ca-file ca/1.pem"),
        "server shop/b is added, and the CA that verifies it has not been read",
    ),
]
"""What is different in the end, and the one reason."""


@pytest.mark.parametrize(("after", "reason"), [pytest.param(after, reason, id=name) for name, after, reason in REASONS])
def test_only_a_reload_will_do(after: Setup, reason: str) -> None:
    before = replace(SHOP, files={"pages/shop.503.http": b"old"}) if after.files else SHOP
    made = planned(before, after)
    assert made.reload_reasons == (reason,)
    assert kinds(made) == ["reload"]
    assert made.actions[0].reason == reason
    assert made.first == reason
    assert planned(after, after).is_empty
    # And the other way round.
    gone = planned(after, before)
    assert gone.reload or "add" in reason


def test_a_section_that_goes_is_a_reason_and_a_backend_is_none() -> None:
    more = replace(SHOP, before=("frontend more\n    bind :81\n",))
    assert planned(more, SHOP).reload_reasons == ("listener more is removed",)
    two = replace(SHOP, services={**SHOP.services, "old": Service(hosts=("old.test/",))})
    assert not planned(two, SHOP).reload


def test_every_reason_is_said_once_and_what_comes_along_is_included() -> None:
    after = Setup(
        services={
            "shop": Service({"a": "10.0.0.1:80 weight 5"}, settings=(*SETTINGS, "retries 2")),
            "blog": Service(hosts=("blog.test/",)),
        },
        frontend=("option forwardfor",),
    )
    made = planned(SHOP, after)
    assert made.reload_reasons == ("listener web: settings change (option forwardfor)", "service shop: settings change (retries)")
    # A worker that has read the files has a backend of its own for each service.
    assert [(step.kind, getattr(step, "backend", "")) for step in made.included] == [
        ("weigh-server", "shop"),
        ("add-server", "blog"),
        ("replace-table", ""),
        ("replace-table", ""),
    ]
    assert dict(made.included[-1].entries)["blog.test/"] == "blog" if isinstance(made.included[-1], actions.ReplaceTable) else False


def test_what_is_led_to_comes_before_what_leads_there_and_goes_after() -> None:
    before = Setup(
        services={"shop": Service({"a": "10.0.0.1:80"}), "old": Service(hosts=("old.test/",))}, certificates={"one": 1, "two": 2}
    )
    state = memory.fresh(files(before))
    state = memory.after(
        state, plan.make_plan(state, wanted(replace(before, services={**before.services, "fresh": Service(hosts=("f.test/",))}))).actions
    )
    after = Setup(
        services={"shop": Service({"b": "10.0.0.2:80"}), "blog": Service(hosts=("blog.test/",))}, certificates={"two": 3, "three": 4}
    )
    assert kinds(plan.make_plan(state, wanted(after))) == [
        "set-certificate",  # new ones first: a name is never without a certificate
        "list-certificate",
        "set-certificate",
        "give-spare",
        "add-server",
        "add-server",
        "replace-table",
        "replace-table",
        "remove-server",
        "remove-server",
        "remove-server",
        "take-spare",
        "unlist-certificate",
        "forget-certificate",
    ]


def test_a_service_keeps_its_spare_and_others_get_the_next() -> None:
    one = replace(SHOP, services={**SHOP.services, "blog": Service(hosts=("b.test/",))})
    state = memory.fresh(files(SHOP))
    first = plan.make_plan(state, wanted(one))
    assert [(step.spare, step.backend) for step in first.actions if isinstance(step, actions.GiveSpare)] == [(".spare-http-1", "blog")]
    state = memory.after(state, first.actions)
    assert state.tables["maps/web.plain.map"]["b.test/"] == ".spare-http-1"
    two = replace(one, services={"aaa": Service(hosts=("a.test/",)), **one.services})
    second = plan.make_plan(state, wanted(two))
    assert [(step.spare, step.backend) for step in second.actions if isinstance(step, actions.GiveSpare)] == [(".spare-http-2", "aaa")]
    state = memory.after(state, second.actions)
    full = plan.make_plan(state, wanted(replace(two, services={**two.services, "more": Service(hosts=("m.test/",))})))
    assert full.reload_reasons == ("service more is added, and every prepared backend is in use",)
    # One that goes makes room.
    state = memory.after(state, plan.make_plan(state, wanted(one)).actions)
    assert state.notes == {".spare-http-1": "blog", ".spare-http-1/a": state.notes[".spare-http-1/a"]}
    again = plan.make_plan(state, wanted(replace(one, services={**one.services, "more": Service(hosts=("m.test/",))})))
    assert not again.reload


def test_a_spare_with_servers_that_still_finish_is_not_given_away() -> None:
    one = replace(SHOP, services={**SHOP.services, "blog": Service(hosts=("b.test/",))}, spares=1)
    base = replace(SHOP, spares=1)
    state = memory.fresh(files(base))
    state = memory.after(state, plan.make_plan(state, wanted(one)).actions)
    state = replace(state, sessions={(".spare-http-1", "a"): 1})
    state = memory.after(state, plan.make_plan(state, wanted(base)).actions)
    left = plan.make_plan(state, wanted(base))
    assert (left.actions, left.remainders) == ((), ((".spare-http-1", "a"),))
    assert plan.make_plan(state, wanted(one)).reload


def test_a_service_on_a_spare_whose_settings_change_takes_a_reload() -> None:
    one = replace(SHOP, services={**SHOP.services, "blog": Service(hosts=("b.test/",))})
    state = memory.fresh(files(SHOP))
    state = memory.after(state, plan.make_plan(state, wanted(one)).actions)
    other = replace(one, services={**SHOP.services, "blog": Service(hosts=("b.test/",), settings=(*SETTINGS, "retries 9"))})
    assert plan.make_plan(state, wanted(other)).reload_reasons == ("service blog: settings change (retries)",)


def test_files_that_are_not_there_yet_and_that_go_are_no_reason() -> None:
    """Whatever names them is in the configuration."""
    paged = replace(SHOP, files={"pages/x.http": b"page"})
    assert planned(SHOP, paged).is_empty
    assert planned(paged, SHOP).is_empty


def test_a_password_is_in_no_reason() -> None:
    old, new = (replace(SHOP, before=(f"userlist shop\n    user ann password {one}\n",)) for one in ("$5$first", "$5$second"))
    assert "$5$" not in repr(planned(old, new))


names = st.sampled_from(["shop", "blog", "news", "api"])
ADDRESSES = ["10.0.0.1:1", "10.0.0.1:2", "10.0.0.2:1", "[2001:db8::1]:1", "[2001:DB8:0::1]:2"]
WORDS = ["", "", "weight 0", "weight 7", "maxconn 3", "disabled", "backup", "check inter 1s"]
server_lines = st.lists(st.sampled_from(WORDS), min_size=1, max_size=2, unique_by=lambda said: said[:6]).flatmap(
    lambda more: st.sampled_from(ADDRESSES).map(lambda address: " ".join([address, *more]))
)
services = st.builds(
    Service,
    st.dictionaries(st.sampled_from(["a", "b", "c"]), server_lines, max_size=3),
    st.lists(st.sampled_from(["x.test/", "y.test/", "z.test/a/"]), max_size=2, unique=True).map(tuple),
    st.sampled_from([SETTINGS, SETTINGS, SETTINGS, (*SETTINGS, "retries 2")]),
)
setups = st.builds(
    Setup,
    st.dictionaries(names, services, max_size=4),
    st.just(3),
    st.dictionaries(st.sampled_from(["one", "two", "three"]), st.integers(1, 3), max_size=3),
    st.dictionaries(st.sampled_from(["one", "two", "three"]), st.sampled_from(["", "n.test", "m.test"]), max_size=2),
    st.sampled_from(["bind :443 ssl crt-list certs/list strict-sni", "bind :443 ssl crt-list certs/list"]),
)
tellings = st.dictionaries(
    st.tuples(names, st.sampled_from(["a", "b"])),
    st.one_of(st.builds(running.Told, st.sampled_from(["drain", "maint", "ready"])), st.builds(running.Told, st.none(), st.integers(0, 9))),
    max_size=3,
)


@given(setups)
def test_a_state_and_itself(made: Setup) -> None:
    assert planned(made, made).is_empty


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(setups, min_size=2, max_size=4), tellings, st.integers(0, 30))
def test_one_state_after_the_other_with_interruptions(steps: list[Setup], told: dict[running.ServerKey, running.Told], stop: int) -> None:
    state = memory.fresh(files(steps[0]))
    for one in steps[1:]:
        should = wanted(one, told)
        made = plan.make_plan(state, should)
        if made.reload:
            assert kinds(made) == ["reload"]
            state = memory.fresh(should.files)
            made = plan.make_plan(state, should)
            assert not made.reload, made.reload_reasons
        state = memory.after(state, made.actions[:stop])
        again = plan.make_plan(state, should)
        assert not again.reload, again.reload_reasons
        state = memory.after(state, again.actions)
        assert plan.make_plan(state, should).is_empty


@given(
    setups, st.dictionaries(st.tuples(names, st.text(min_size=1, max_size=5)), st.just(running.RunningServer("", "ready", 1)), max_size=3)
)
def test_servers_of_somebody_else(made: Setup, foreign: dict[running.ServerKey, running.RunningServer]) -> None:
    """Whatever their names are; those in backends that nobody knows are left alone."""
    state = memory.fresh(files(made))
    mixed = replace(state, servers={**foreign, **state.servers})
    found = plan.make_plan(mixed, wanted(made))
    assert not found.reload
    assert {(step.backend, step.name) for step in found.actions if isinstance(step, actions.RemoveServer)} == {
        key for key in foreign if key not in state.servers and key[0] in made.services
    }
    assert plan.make_plan(memory.after(mixed, found.actions), wanted(made)).is_empty


def test_a_private_key_is_in_no_representation() -> None:
    made = planned(SHOP, replace(SHOP, certificates={"one": 7}))
    body = pem(7).decode().splitlines()[4]
    assert body not in repr(made)
    assert isinstance(made.actions[0], actions.SetCertificate)
    assert body in made.actions[0].pem.reveal()


def test_the_live_file_counts_only_by_its_spares() -> None:
    """It also holds the digest of the files, which every change changes."""
    before, after = files(SHOP), files(SHOP)
    other = tuple(
        replace(one, content=one.content.replace(b"CONFIG x", b"CONFIG y")) if one.path == bundle.LIVE else one for one in after.files
    )
    assert plan.make_plan(memory.fresh(before), running.Wanted(bundle.Bundle(other))).is_empty
    more = replace(SHOP, spares=3)
    assert planned(more, SHOP).is_empty
    assert planned(SHOP, more).is_empty


def test_two_spares_for_one_service_are_one_too_many() -> None:
    """Noted by hand, or by two who did not know of each other."""
    one = replace(SHOP, services={**SHOP.services, "blog": Service(hosts=("b.test/",))})
    state = memory.fresh(files(SHOP))
    state = memory.after(state, plan.make_plan(state, wanted(one)).actions)
    state = replace(state, notes={**state.notes, ".spare-http-2": "blog"})
    made = plan.make_plan(state, wanted(one))
    assert not made.reload
    assert sum(step.kind == "take-spare" for step in made.actions) == 1
    assert plan.make_plan(memory.after(state, made.actions), wanted(one)).is_empty


def test_what_a_reload_brings_is_told_by_the_services_own_names() -> None:
    blog = Service({"a": "10.0.0.1:80", "b": "10.0.0.2:80"}, hosts=("b.test/",))
    one = replace(SHOP, services={**SHOP.services, "blog": blog})
    state = memory.fresh(files(SHOP))
    state = memory.after(state, plan.make_plan(state, wanted(one)).actions)
    other = replace(one, frontend=("option forwardfor",))
    assert plan.make_plan(state, wanted(other)).included == ()
    changed = Service({"a": "10.0.0.1:80 weight 3"}, hosts=("b.test/",), settings=(*SETTINGS, "retries 9"))
    made = plan.make_plan(state, wanted(replace(one, services={**SHOP.services, "blog": changed})))
    assert made.reload_reasons == ("service blog: settings change (retries)",)
    assert [(step.kind, step.about) for step in made.included] == [("weigh-server", "server blog/a"), ("remove-server", "server blog/b")]
