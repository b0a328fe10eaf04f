"""Deaths, waits and restarts, with a clock of our own."""

from __future__ import annotations

from dataclasses import dataclass

from hapilot.base import errors
from hapilot.runtime import supervise


@dataclass
class Fake:
    """A process that is alive until told otherwise."""

    is_alive: bool = True


class World:
    """A clock, and restarts that may fail."""

    def __init__(self) -> None:
        self.now = 0.0
        self.fails = False
        self.started: list[Fake] = []
        self.supervisor = supervise.Supervisor(Fake(), self.restart, clock=lambda: self.now, sleep=self.sleep)

    def restart(self) -> Fake:
        if self.fails:
            raise errors.HaproxyFailed("no")
        self.started.append(Fake())
        return self.started[-1]

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def die(self) -> float:
        self.supervisor.process.is_alive = False
        event = self.supervisor.poll()
        assert event is not None
        assert event.kind == "died"
        return event.wait_seconds


def test_nothing_happens_while_it_lives() -> None:
    world = World()
    assert world.supervisor.poll() is None
    assert world.started == []


def test_it_waits_then_restarts() -> None:
    world = World()
    world.die()
    world.now += 0.9
    assert world.supervisor.poll() is None
    assert world.supervisor.next_look <= 0.11
    world.now += 0.1
    event = world.supervisor.poll()
    assert event == supervise.Event("restarted", "HAProxy was started again")
    assert world.supervisor.process is world.started[0]


def test_waits_double_to_the_longest_and_start_over_at_once_after_a_steady_minute() -> None:
    world = World()
    waits: list[float] = []
    for _ in range(7):
        waits.append(world.die())
        world.now += waits[-1]
        world.supervisor.poll()
    assert waits == [1, 2, 4, 8, 16, 30, 30]
    world.now += supervise.STEADY
    assert world.die() == 0
    event = world.supervisor.poll()
    assert event is not None
    assert event.kind == "restarted"
    assert world.die() == 1


def test_a_failed_restart_is_tried_again() -> None:
    world = World()
    world.fails = True
    world.now += world.die()
    event = world.supervisor.poll()
    assert event is not None
    assert (event.kind, event.wait_seconds) == ("failed", 2)
    world.fails = False
    world.now += 2
    event = world.supervisor.poll()
    assert event is not None
    assert event.kind == "restarted"


def test_run_yields_what_happens() -> None:
    world = World()
    world.supervisor.process.is_alive = False
    events = [event.kind for event in world.supervisor.run(lambda: world.now > 3)]
    assert events == ["died", "restarted"]


def test_a_wanted_replacement_is_no_death() -> None:
    world = World()
    world.die()
    world.supervisor.replace(Fake())
    world.now += 5
    assert world.supervisor.poll() is None
    assert world.started == []
