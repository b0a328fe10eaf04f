"""The verbs about servers: what each makes of what is recorded, and that nothing is recorded that did not come true."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

import pytest

from hapilot.base import errors
from hapilot.compile import target
from hapilot.reconcile import life, loop, obeying, occasions, orders, protocol, serve, verbs
from hapilot.render import summary
from hapilot.runtime import overrides, process, supervise
from hapilot.runtime.overrides import Override

from .conftest import World

KEPT = summary.Summary(
    (), (summary.ServiceSummary("shop", "shop", "edge", {"a": "10.0.0.1:80", "b": "10.0.0.1:81"}, {}), *(
        summary.ServiceSummary("api", f"api:{port}", "passthrough", {f"h:{port}": f"h:{port}"}, {}) for port in (1, 2)
    ), summary.ServiceSummary("page", "page", "edge", {}, {})), (), (),
)  # fmt: skip
SAID = verbs.Said("ann (pid 7)", 50.0)
DRAINS = Override("shop", "a", "drain", None, "bob", 1.0)
HEAVY = Override("shop", "a", "", 7, "bob", 2.0)
WHOLE = Override("shop", "", "maint", None, "bob", 3.0)
LOST = Override("old", "x", "", 9, "bob", 4.0)


def said(server: str, state: overrides.State, weight: int | None = None, service: str = "shop") -> Override:
    return Override(service, server, state, weight, SAID.by, SAID.at)


@pytest.mark.parametrize(
    ("before", "request_", "known", "changes"),
    [
        ((), protocol.Drain("shop", "a"), (said("a", "drain"),), ("service shop: server a drains",)),
        ((), protocol.Drain("shop", "10.0.0.1:81"), (said("b", "drain"),), ("service shop: server b drains",)),
        (
            (HEAVY,),
            protocol.Drain("shop", "10.0.0.1"),
            (HEAVY, said("a", "drain"), said("b", "drain")),
            ("service shop: server a drains", "service shop: server b drains"),
        ),
        (
            (),
            protocol.Maintain("api", "h"),
            (said("h:1", "maint", service="api"), said("h:2", "maint", service="api")),
            ("service api: server h:1 is under maintenance", "service api: server h:2 is under maintenance"),
        ),
        ((DRAINS,), protocol.Drain("shop", "a"), (DRAINS,), ()),
        ((DRAINS,), protocol.Maintain("shop", "a"), (said("a", "maint"),), ("service shop: server a is under maintenance",)),
        ((DRAINS,), protocol.Maintain("shop"), (DRAINS, said("", "maint")), ("service shop is under maintenance",)),
        ((DRAINS, HEAVY), protocol.Enable("shop", "a"), (HEAVY,), ("service shop: server a takes part again",)),
        ((), protocol.Enable("shop", "a"), (), ()),
        (
            (DRAINS, HEAVY, WHOLE, LOST),
            protocol.Enable("shop"),
            (HEAVY, LOST),
            ("service shop: server a takes part again", "service shop takes part again"),
        ),
        ((DRAINS, WHOLE), protocol.Enable("shop", "a"), (WHOLE,), ("service shop: server a is not kept out by itself any more",)),
        ((DRAINS,), protocol.Weigh("shop", "a", 3), (DRAINS, said("a", "", 3)), ("service shop: server a has weight 3",)),
        ((HEAVY,), protocol.Weigh("shop", "a", 7), (HEAVY,), ()),
        ((HEAVY,), protocol.Weigh("shop", "a", 0), (said("a", "", 0),), ("service shop: server a has weight 0",)),
        ((DRAINS, HEAVY), protocol.Weigh("shop", "a"), (DRAINS,), ("service shop: server a has the site's weight again",)),
        ((DRAINS,), protocol.Weigh("shop", "a"), (DRAINS,), ()),
        ((LOST,), protocol.Weigh("old", "x"), (), ("service old: server x has the site's weight again",)),
    ],
)
def test_decisions(before: overrides.Overrides, request_: protocol.Verb, known: overrides.Overrides, changes: tuple[str, ...]) -> None:
    decision = verbs.decide(KEPT, before, request_, SAID)
    assert (decision.known, decision.changes) == (known, changes)
    again = verbs.decide(KEPT, decision.known, request_, SAID) if request_.service == "shop" and WHOLE not in decision.known else None
    assert again is None or (again.known, again.changes) == (known, ())


@pytest.mark.parametrize(
    ("before", "request_", "error"),
    [
        ((), protocol.Drain("shop", "c"), "service shop has no server 'c'"),
        ((), protocol.Enable("blog"), "there is no service 'blog'"),
        ((), protocol.Maintain("page"), "service page has no servers"),
        ((LOST,), protocol.Drain("old", "x"), "service old has no server 'x' now"),
        ((WHOLE,), protocol.Enable("shop", "a"), "service shop is under maintenance as a whole"),
    ],
)
def test_what_can_not_be_followed(before: overrides.Overrides, request_: protocol.Verb, error: str) -> None:
    with pytest.raises(errors.HapilotError) as found:
        verbs.decide(KEPT, before, request_, SAID)
    assert str(found.value) == error
    assert found.value.hint


def test_a_drain_that_shows_no_effect_is_told() -> None:
    assert "until `hapilot enable shop`" in verbs.decide(KEPT, (WHOLE,), protocol.Drain("shop", "a"), SAID).note
    assert "no verb keeps it out" in verbs.decide(KEPT, (), protocol.Enable("shop"), SAID).note


@dataclass
class Up:
    """``up`` on a site with one server, 10.0.0.1:80 of shop."""

    world: World
    life: life.Life
    supervisor: occasions.Supervisor
    settled: list[overrides.Overrides] = field(default_factory=list[overrides.Overrides])
    fails: int = 0

    def order(self, request: protocol.Verb) -> protocol.Answer:
        return obeying.obey(self.life, self.supervisor, orders.Order(request, "ann (pid 7)"))


@pytest.fixture
def up(world: World, monkeypatch: pytest.MonkeyPatch) -> Up:
    world.next_process.is_alive = True
    world.site(81)
    settings = life.Settings(world.folder / "site.yaml", world.operator, target.Target(), {}, 30.0)
    lives = life.Life(settings, life.Voice(lambda _: None, lambda _: None, lambda _: None))
    monkeypatch.setattr(process, "adopt", lambda _: None)  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    applied = serve._first(lives, None)  # pyright: ignore[reportPrivateUsage]
    made = Up(world, lives, supervise.Supervisor(applied.process, cast("Callable[[], process.Process]", pytest.fail)))

    def settle(operator: loop.Operator, running: process.Process) -> loop.Applied:
        made.settled.append(overrides.read(operator.state))
        if made.fails:
            made.fails -= 1
            raise errors.HaproxyFailed("HAProxy did not answer")
        return loop.Applied("runtime", running, 1)

    monkeypatch.setattr(loop.Operator, "settle", settle)
    return made


def test_it_is_recorded_and_then_made_true(up: Up) -> None:
    answer = up.order(protocol.Drain("shop", "10.0.0.1:80"))
    assert isinstance(answer, protocol.Done)
    assert (answer.how, answer.generation, answer.changes) == ("runtime", 1, ("service shop: server 10.0.0.1:80 drains",))
    (one,) = overrides.read(up.world.state)
    assert (one.service, one.server, one.state, one.by) == ("shop", "10.0.0.1:80", "drain", "ann (pid 7)")
    assert time.time() - 60 < one.at <= time.time()
    assert up.settled == [(one,)]
    again = up.order(protocol.Drain("shop", "10.0.0.1:80"))
    assert isinstance(again, protocol.Done)
    assert (again.how, again.changes) == ("nothing", ())
    assert overrides.read(up.world.state) == (one,)
    up.order(protocol.Enable("shop"))
    assert overrides.read(up.world.state) == ()


def test_what_does_not_come_true_is_not_recorded(up: Up) -> None:
    up.order(protocol.Weigh("shop", "10.0.0.1:80", 9))
    before = overrides.read(up.world.state)
    up.fails = 1
    answer = up.order(protocol.Drain("shop", "10.0.0.1:80"))
    assert isinstance(answer, protocol.Failed)
    assert answer.error == "HAProxy did not answer"
    assert overrides.read(up.world.state) == before
    assert up.settled[-1] == before, "what was half done is taken back"
    up.fails = 2
    assert isinstance(up.order(protocol.Drain("shop", "10.0.0.1:80")), protocol.Failed)
    assert overrides.read(up.world.state) == before


def test_a_wrong_name_changes_nothing(up: Up) -> None:
    answer = up.order(protocol.Maintain("shpo"))
    assert answer == protocol.Failed("there is no service 'shpo'", "did you mean 'shop'?")
    assert up.settled == []
    assert not overrides.path(up.world.state).exists()


def test_a_damaged_record_is_put_aside_and_told(up: Up) -> None:
    overrides.path(up.world.state).write_text("{")
    answer = up.order(protocol.Drain("shop", "10.0.0.1:80"))
    assert isinstance(answer, protocol.Done)
    assert "is damaged" in answer.note
    assert len(overrides.read(up.world.state)) == 1


def test_without_haproxy_nothing_is_recorded(up: Up) -> None:
    up.world.next_process.is_alive = False
    answer = up.order(protocol.Drain("shop", "10.0.0.1:80"))
    assert isinstance(answer, protocol.Failed)
    assert answer.error == "HAProxy does not run at the moment"
    assert not overrides.path(up.world.state).exists()
