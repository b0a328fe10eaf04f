"""Notices that HAProxy has died and starts it again, less and less often while it keeps dying.

In: the running process, a function that starts another, a clock. Out: :class:`Event` values for the log. Called by the loop of
``up``, which has other things to do as well: :meth:`Supervisor.poll` never waits, and says when it wants to be called again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, Literal, Protocol, TypeVar

from hapilot.base import errors

FIRST_WAIT = 1.0
LONGEST_WAIT = 30.0
STEADY = 60.0
"""Seconds after which a start counts as a success: after the next death HAProxy is started again at once, and only the attempt after
that waits, for :data:`FIRST_WAIT` again."""

_LOOK = 0.5
"""Seconds between two looks at a healthy process."""


class Supervised(Protocol):
    """What is watched; :class:`hapilot.runtime.process.Process` is one."""

    @property
    def is_alive(self) -> bool: ...


P = TypeVar("P", bound=Supervised)


@dataclass(frozen=True, slots=True)
class Event:
    """Something the user should read. ``wait_seconds`` is the time until the next attempt, 0 when it was made."""

    kind: Literal["died", "restarted", "failed"]
    text: str
    wait_seconds: float = 0.0


class Supervisor(Generic[P]):
    """Keeps one process alive. ``restart`` starts a new one and may raise HapilotError; ``clock`` counts seconds."""

    __slots__ = ("_clock", "_due", "_restart", "_sleep", "_up_since", "_wait", "process")

    def __init__(
        self,
        process: P,
        restart: Callable[[], P],
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.process = process
        self._restart = restart
        self._clock = clock
        self._sleep = sleep
        self._up_since = clock()
        self._wait = FIRST_WAIT
        self._due: float | None = None

    @property
    def next_look(self) -> float:
        """Seconds until :meth:`poll` has something to do."""
        return _LOOK if self._due is None else max(0.0, self._due - self._clock())

    def replace(self, process: P) -> None:
        """Watches ``process`` from now on: somebody else has started HAProxy anew on purpose."""
        self.process = process
        self._up_since = self._clock()
        self._due = None

    def poll(self) -> Event | None:
        """Looks once; starts HAProxy again when its time has come. Never waits."""
        now = self._clock()
        if self._due is None:
            return None if self.process.is_alive else self._died(now)
        return self._try(now) if now >= self._due else None

    def run(self, stop: Callable[[], bool]) -> Iterator[Event]:
        """Polls until ``stop``, for a caller that has nothing else to do."""
        while not stop():
            event = self.poll()
            if event is not None:
                yield event
            self._sleep(min(_LOOK, self.next_look))

    def _died(self, now: float) -> Event:
        text = "HAProxy has ended without being asked to"
        if now - self._up_since >= STEADY:
            self._wait, self._due = FIRST_WAIT, now
            return Event("died", text)
        return self._later(now, "died", text)

    def _try(self, now: float) -> Event:
        try:
            process = self._restart()
        except errors.HapilotError as problem:
            return self._later(now, "failed", f"HAProxy could not be started again: {problem}")
        self.replace(process)
        return Event("restarted", "HAProxy was started again")

    def _later(self, now: float, kind: Literal["died", "failed"], text: str) -> Event:
        wait = self._wait
        self._due = now + wait
        self._wait = min(wait * 2, LONGEST_WAIT)
        return Event(kind, f"{text}; next attempt in {wait:g} s", wait)
