"""The end of ``up``, with signals at awkward moments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest

from hapilot.compile import target
from hapilot.reconcile import life, loop, serve, signals
from hapilot.runtime import binary, files, process


@dataclass
class FakeProcess:
    """Ends when it is told to; ``meanwhile`` happens while it does."""

    meanwhile: Callable[[], None]
    is_alive: bool = True
    stops: list[float] = field(default_factory=list[float])

    def stop(self, seconds: float, _: tuple[str, ...]) -> bool:
        """The end; whether no connection was cut."""
        self.stops.append(seconds)
        was_alive = self.is_alive
        if seconds:
            self.meanwhile()
        self.is_alive = False
        return was_alive and bool(seconds)


class Signals(signals.Signals):  # pyright: ignore[reportPrivateUsage]
    """A second signal comes at the very moment at which draining is over."""

    def __setattr__(self, name: str, value: object) -> None:
        if name == "draining" and value is False and getattr(self, "draining", False):
            object.__setattr__(self, "late", True)
            object.__setattr__(self, "draining", False)
            raise signals.HurryUp  # pyright: ignore[reportPrivateUsage]
        object.__setattr__(self, name, value)


def end(asked: signals.Signals, running: FakeProcess) -> list[str]:  # pyright: ignore[reportPrivateUsage]
    """What is said at the end."""
    said: list[str] = []
    haproxy = binary.Haproxy(Path("/haproxy"), (2, 8), "2.8.1", frozenset(), "OpenSSL", "never", "system")
    operator = loop.Operator(haproxy, files.StateDirectory(Path("/nowhere")))
    settings = life.Settings(Path("site.yaml"), operator, target.Target(), {}, 30.0)
    voice = life.Voice(said.append, said.append, lambda _: None)
    serve._end(settings, cast("process.Process", running), asked, voice)  # pyright: ignore[reportPrivateUsage]
    return said


def test_an_end_in_peace() -> None:
    assert end(signals.Signals(), FakeProcess(lambda: None))[-1] == "ended"  # pyright: ignore[reportPrivateUsage]


def test_a_second_signal_cuts_it_short() -> None:
    asked = signals.Signals()  # pyright: ignore[reportPrivateUsage]
    running = FakeProcess(asked.stop)
    assert end(asked, running)[-1] == "ended; connections that were still open were cut"
    assert running.stops == [30.0, 0.0]
    asked.stop()


def test_a_second_signal_when_all_is_over_changes_nothing() -> None:
    asked = Signals()
    running = FakeProcess(lambda: None)
    assert end(asked, running)[-1] == "ended"
    assert not running.is_alive


def test_a_signal_before_the_end_is_only_noted() -> None:
    asked = signals.Signals()  # pyright: ignore[reportPrivateUsage]
    asked.stop()
    assert asked.stopping
    asked.draining = True
    with pytest.raises(signals.HurryUp):  # pyright: ignore[reportPrivateUsage]
        asked.stop()
