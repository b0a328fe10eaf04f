"""What `up` does with the site's files, orders and trials: with a HAProxy that only says it follows, and a clock that is moved."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import pytest

from hapilot.base import errors
from hapilot.compile import target
from hapilot.reconcile import history, life, loop, obeying, occasions, orders, protocol, serve, standing
from hapilot.runtime import files, process, supervise

from .conftest import FakeProcess, World

BY = "ann as root (pid 4711)"
SITE = "listeners:\n  web: {{bind: '127.0.0.1:{port}'}}\nservices:\n  shop: {{tls: none, listener: web, servers: ['10.0.0.1:80']}}\n"


@dataclass
class Up:
    """The loop of ``up`` without its waiting."""

    world: World
    monkeypatch: pytest.MonkeyPatch
    life: life.Life
    supervisor: occasions.Supervisor
    said: list[str] = field(default_factory=list[str])

    @property
    def site(self) -> Path:
        """The site file."""
        return self.life.settings.site

    @property
    def state(self) -> files.StateDirectory:
        """The state directory."""
        return self.world.state

    def save(self, port: int) -> None:
        """The site, with another port."""
        self.site.write_text(SITE.format(port=port))

    def changed(self, port: int) -> None:
        """The site is saved, and that is noticed."""
        self.save(port)
        occasions.follow(self.life, self.supervisor, "change")

    def order(self, request: protocol.Request) -> protocol.Done:
        """An order that is carried out."""
        answer = obeying.obey(self.life, self.supervisor, orders.Order(request, BY))
        assert isinstance(answer, protocol.Done), answer
        return answer

    def refused(self, request: protocol.Request) -> protocol.Failed:
        """An order that is not."""
        answer = obeying.obey(self.life, self.supervisor, orders.Order(request, BY))
        assert isinstance(answer, protocol.Failed), answer
        return answer

    def later(self, seconds: float) -> None:
        """The clock goes on."""
        now = time.time() + seconds
        self.monkeypatch.setattr(time, "time", lambda: now)

    def time_is_over(self) -> None:
        """What the loop does when a trial may have ended."""
        serve._time_is_over(self.life, self.supervisor)  # pyright: ignore[reportPrivateUsage]

    def again(self, *, asks: bool = False, runs: bool = True) -> loop.Applied:
        """This hapilot is killed, and another one starts."""
        settings = replace(self.life.settings, asks=asks)
        self.life = life.Life(settings, self.life.voice)
        self.monkeypatch.setattr(process, "adopt", lambda _: self.world.next_process.as_process if runs else None)  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
        return serve._first(self.life, None)  # pyright: ignore[reportPrivateUsage]

    @property
    def port(self) -> int:
        """What serves."""
        serving = self.state.serving()
        assert serving is not None
        assert serving == self.state.current()
        text = (serving.path / "haproxy.cfg").read_text()
        return int(text.partition("bind 127.0.0.1:")[2].split()[0])


@pytest.fixture
def up(world: World, monkeypatch: pytest.MonkeyPatch) -> Up:
    """It serves port 81 from generation 1 and port 82 from generation 2."""
    world.next_process.is_alive = True
    said: list[str] = []
    settings = life.Settings(world.folder / "site.yaml", world.operator, target.Target(), {}, 30.0)
    made = life.Life(settings, life.Voice(said.append, said.append, lambda _: None))
    (world.folder / "site.yaml").write_text(SITE.format(port=81))
    monkeypatch.setattr(process, "adopt", lambda _: None)  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    applied = serve._first(made, None)  # pyright: ignore[reportPrivateUsage]
    supervisor = supervise.Supervisor(applied.process, cast("Callable[[], process.Process]", pytest.fail))
    loop_of_up = Up(world, monkeypatch, made, supervisor, said)
    loop_of_up.changed(82)
    assert loop_of_up.port == 82
    return loop_of_up


def test_an_order_to_apply_says_what_it_changed(up: Up) -> None:
    up.save(83)
    done = up.order(protocol.Apply())
    assert (done.how, done.generation, done.former) == ("reload", 3, 2)
    assert done.changes == ("listener web: 127.0.0.1:82 removed", "listener web: 127.0.0.1:83 added")
    assert done.reasons == ("files differ",)
    assert up.order(protocol.Apply()).how == "nothing"
    assert [one.description.cause for one in up.state.history()] == ["start", "change", "apply"]


def test_who_ordered_is_said_and_recorded(up: Up) -> None:
    up.save(83)
    up.order(protocol.Apply())
    up.order(protocol.Rollback())
    assert [one.description.by for one in up.state.history()] == ["", "", BY, BY]
    assert f"asked by {BY} to apply the site" in up.said
    assert f"asked by {BY} to roll back to generation 2" in up.said
    assert [row.made_by for row in history.rows(up.state)][2:] == ["apply by ann as root", "rollback to 2 by ann as root"]


def test_an_order_about_another_site_is_refused(up: Up) -> None:
    assert up.order(protocol.Apply(str(up.site.resolve()))).how == "nothing"
    assert "runs the site" in up.refused(protocol.Apply("/elsewhere.yaml")).error


def test_a_site_with_errors_is_not_applied_and_they_are_in_the_answer(up: Up) -> None:
    up.site.write_text("services: {shop: {hots: a}}\n")
    assert {one.code for one in up.refused(protocol.Apply()).diagnostics} >= {"unknown-key"}
    assert up.port == 82
    assert not up.life.done.is_current


def test_a_rollback_stays_until_the_file_changes_again(up: Up) -> None:
    done = up.order(protocol.Rollback())
    assert (done.generation, done.restores, up.port) == (3, 1, 81)
    assert not up.life.done.is_current
    occasions.follow(up.life, up.supervisor, "change")
    occasions.follow(up.life, up.supervisor, "signal")
    assert up.port == 81
    assert up.again().generation == 3
    assert up.again(runs=False).how == "start"
    assert up.port == 81
    up.changed(84)
    assert up.port == 84
    assert up.life.done.is_current


def test_a_file_that_changed_while_nobody_looked_ends_a_rollback(up: Up) -> None:
    up.order(protocol.Rollback())
    up.save(84)
    up.again()
    assert up.port == 84


def test_an_order_to_apply_ends_a_rollback(up: Up) -> None:
    up.order(protocol.Rollback(1))
    assert up.order(protocol.Apply()).how == "reload"
    assert up.port == 82


def test_what_was_brought_back_and_what_the_file_says_may_be_the_same_again(up: Up) -> None:
    up.order(protocol.Rollback(1))
    up.changed(81)
    assert standing.look(up.state).restores == 0
    assert up.life.done.is_current
    up.changed(85)
    assert up.port == 85


def test_one_rollback_after_the_other_goes_on_backwards(up: Up) -> None:
    up.changed(83)
    assert [up.order(protocol.Rollback()).restores for _ in range(2)] == [2, 1]
    assert up.port == 81
    assert "no generation before" in up.refused(protocol.Rollback()).error
    assert "no generation 99" in up.refused(protocol.Rollback(99)).error
    assert up.order(protocol.Rollback(4)).restores == 2


def test_a_rollback_that_fails_changes_nothing(up: Up) -> None:
    failing = FakeProcess(fails_at="reload")
    failing.is_alive = True
    up.supervisor.replace(failing.as_process)
    assert up.refused(protocol.Rollback()).error == "reload failed"
    assert up.port == 82
    occasions.follow(up.life, up.supervisor, "change")
    assert up.port == 82


def test_a_trial_ends_with_the_former_state(up: Up) -> None:
    up.save(83)
    done = up.order(protocol.Apply(confirm_seconds=60.0))
    assert done.former == 2
    assert 59 < done.confirm_seconds <= 60
    up.later(59)
    up.time_is_over()
    assert up.port == 83
    up.later(2)
    assert "too late" in up.refused(protocol.Confirm()).error
    up.time_is_over()
    assert up.port == 82
    assert standing.look(up.state).restores == 2
    occasions.follow(up.life, up.supervisor, "change")
    assert up.port == 82


def test_a_confirmed_trial_stays(up: Up) -> None:
    up.save(83)
    up.order(protocol.Apply(confirm_seconds=60.0))
    up.order(protocol.Confirm())
    up.later(100)
    up.time_is_over()
    assert up.again().how == "nothing"
    assert up.port == 83
    assert up.refused(protocol.Confirm()).error == "nothing waits to be confirmed"


@pytest.mark.parametrize("runs", [True, False])
def test_a_trial_ends_though_hapilot_was_killed(up: Up, runs: bool) -> None:
    up.save(83)
    up.order(protocol.Apply(confirm_seconds=60.0))
    up.again(runs=runs)
    assert up.port == 83
    assert up.life.look_again is not None
    up.later(61)
    up.again(runs=runs)
    assert up.port == 82
    up.again(runs=runs)
    assert up.port == 82


def test_a_trial_that_was_interrupted_before_it_served_is_undone(up: Up) -> None:
    up.save(83)
    with up.monkeypatch.context() as patched:
        patched.setattr(FakeProcess, "wait_ready", _killed)
        with pytest.raises(KeyboardInterrupt):
            up.order(protocol.Apply(confirm_seconds=60.0))
    assert up.world.links() == (3, 2)
    assert up.again().generation == 4
    assert up.port == 82
    assert standing.look(up.state).restores == 2


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_files_that_change_during_a_trial_wait_for_its_end(up: Up) -> None:
    up.save(83)
    up.order(protocol.Apply(confirm_seconds=60.0))
    up.changed(84)
    assert up.port == 83
    assert up.life.is_due
    assert "waits to be confirmed" in up.refused(protocol.Apply()).error
    up.order(protocol.Confirm())
    occasions.follow(up.life, up.supervisor, "change")
    assert up.port == 84


def test_a_rollback_takes_a_trial_back(up: Up) -> None:
    up.save(83)
    up.order(protocol.Apply(confirm_seconds=60.0))
    assert up.order(protocol.Rollback()).restores == 2
    assert up.life.look_again is None
    up.later(61)
    up.time_is_over()
    assert up.port == 82


def test_a_trial_that_can_not_be_taken_back_is_tried_again(up: Up) -> None:
    up.save(83)
    up.order(protocol.Apply(confirm_seconds=60.0))
    up.later(61)
    with up.monkeypatch.context() as patched:
        patched.setattr(files.StateDirectory, "commit", _full)
        up.time_is_over()
    assert up.port == 83
    assert "the disk is full" in "".join(up.said)
    assert up.life.look_again is not None
    up.time_is_over()
    assert up.port == 82


def _full(*_: object) -> None:
    raise errors.StateBroken("the disk is full")


def test_a_change_that_was_applied_just_now_can_still_be_put_on_trial(up: Up) -> None:
    done = up.order(protocol.Apply(confirm_seconds=60.0))
    assert (done.how, done.generation, done.former) == ("nothing", 2, 1)
    assert done.confirm_seconds > 59
    up.later(61)
    up.time_is_over()
    assert up.port == 81


def test_what_serves_for_long_is_not_put_on_trial(up: Up) -> None:
    up.later(31)
    assert up.order(protocol.Apply(confirm_seconds=60.0)).confirm_seconds == 0
    up.later(100)
    up.time_is_over()
    assert up.port == 82


def test_where_up_asks_only_an_order_applies(up: Up) -> None:
    up.again(asks=True)
    up.changed(83)
    assert up.port == 82
    up.again(asks=True)
    assert up.port == 82
    assert not up.life.done.is_current
    assert up.order(protocol.Apply()).generation == 3
    assert up.port == 83
    assert up.life.done.is_current
    up.save(84)
    occasions.follow(up.life, up.supervisor, "signal")
    assert up.port == 84


def test_the_note_for_a_quick_start_is_not_left_for_a_trial(up: Up) -> None:
    assert up.state.remembered()
    up.save(83)
    up.order(protocol.Apply(confirm_seconds=60.0))
    assert not up.state.remembered()


def test_certificates_that_have_ended_are_told(up: Up) -> None:
    up.site.write_text("services: {shop: {host: a.test, servers: ['10.0.0.1:80']}}\ncertificates: [{self_signed: [a.test]}]\n")
    up.order(protocol.Apply())
    up.changed(85)
    up.later(20 * 365 * 86400)
    assert "have ended" in up.order(protocol.Rollback()).note
