"""`drain --wait`: how many sessions a server has left, look after look.

In: the state directory and what drains. Out: one :class:`Look` for each time HAProxy was asked. It ends with the last session, or with an
error where the wait has lost its sense. Called by ``cli.drain``, which shows it and has the clock.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from hapilot.base import errors
from hapilot.reconcile import meant, report, serving
from hapilot.runtime import files, leaving, overrides

STEP = 0.2
"""Seconds between two looks."""
AWAY_SECONDS = 45.0
"""How long HAProxy may be away: one that died is started again after 30 s at most."""


@dataclass(frozen=True, slots=True)
class Look:
    """``left`` is None where HAProxy did not answer."""

    left: leaving.Left | None

    @property
    def is_over(self) -> bool:
        """Whether nothing goes to the server any more."""
        return self.left is not None and self.left.is_over

    def __str__(self) -> str:
        """For people.

        >>> str(Look(leaving.Left(2, 1, 1)))
        '3 sessions left, 1 of them in 1 old worker'
        """
        if self.left is None:
            return "HAProxy does not answer"
        left, many = self.left, _counted(self.left.sessions, "session")
        of_old = f", {left.old} of them in {_counted(left.workers, 'old worker')}" if left.old else ""
        silent = f", {_counted(left.unknown, 'old worker')} without an answer" if left.unknown else ""
        return f"{many} left{of_old}{silent}"

    @property
    def remark(self) -> str:
        """What may come all the same when nothing is left.

        >>> Look(leaving.Left(0, other=1)).remark
        'connections of 1 old worker may bring one request more each'
        """
        others = self.left.other if self.left is not None else 0
        return f"connections of {_counted(others, 'old worker')} may bring one request more each" if others else ""


def looks(state: files.StateDirectory, service: str, server: str) -> Iterator[Look]:
    """Looks until the last session has ended. Raises HapilotError where the server drains no more, or nothing runs any more."""
    answered = time.monotonic()
    found: _Found | None = None
    while True:
        try:
            found = _find(state, service, server, found)
            look = Look(leaving.count(report.running_process(state), found.about.live))
            answered = time.monotonic()
        except errors.HaproxyFailed:
            if time.monotonic() - answered > AWAY_SECONDS:
                raise
            look = Look(None)
        yield look
        if look.is_over:
            return
        time.sleep(STEP)


@dataclass(frozen=True, slots=True)
class _Found:
    """What is meant, according to generation ``number``."""

    number: int
    about: meant.Meant


def _find(state: files.StateDirectory, service: str, server: str, before: _Found | None) -> _Found:
    """Where it serves now, which a change may have made other backends. Raises HapilotError if it drains no more."""
    generation, known = state.serving(), overrides.read(state)
    number = generation.number if generation is not None else 0
    found = before if before is not None and before.number == number else None
    if found is None:
        # Of a big site it takes long to read what it is: only where that may be something else.
        kept = serving.summary_of(state, number)
        found = _Found(number, meant.meant(kept, known, service, server))
    if not any(overrides.wanted(known, service, name)[0] for name in found.about.servers):
        raise errors.HapilotError(f"{service}/{server} was enabled meanwhile", "it does not drain any more")
    return found


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
