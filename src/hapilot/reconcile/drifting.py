"""Notices what others have changed: in HAProxy's memory through its sockets, or in the files that it will read next.

In: the life of ``up`` and the HAProxy that runs. Out: what differs, said once, kept for ``status``, and undone if ``up`` was told so.
Called by ``serve`` every few seconds while there is nothing else to do.
"""

from __future__ import annotations

import contextlib
import time

from hapilot.base import errors
from hapilot.reconcile import drift, loop, occasions, standing
from hapilot.reconcile import life as lives

EVERY_SECONDS = 3.0
"""Between two looks."""
_SHARE = 20
"""A look that takes long is followed by a pause of so many times as long, ..."""
_LONGEST_SECONDS = 7.0
"""... but of no more than this: what others change is to be noticed within 10 s."""


def attend(life: lives.Life, supervisor: occasions.Supervisor) -> None:
    """Look, if it is time to. What can't be found out now is looked at again."""
    if time.monotonic() < life.next_comparison or not supervisor.process.is_alive:
        return
    began = time.monotonic()
    with contextlib.suppress(errors.HapilotError):
        _compare(life, supervisor)
    took = time.monotonic() - began
    life.next_comparison = time.monotonic() + min(max(EVERY_SECONDS, took * _SHARE), _LONGEST_SECONDS)


def _compare(life: lives.Life, supervisor: occasions.Supervisor) -> None:
    operator = life.settings.operator
    found = operator.differences(supervisor.process)
    _note(life, found.lines)
    if found.lines and life.settings.repairs:
        _repair(life, supervisor, found)
        _note(life, operator.differences(supervisor.process).lines)


def _repair(life: lives.Life, supervisor: occasions.Supervisor, found: loop.Differences) -> None:
    """Have HAProxy do what the generation says; files that were changed are made again from the site, if that is what serves."""
    if not found.on_disk:
        applied = life.settings.operator.settle(supervisor.process)
    elif isinstance(life.verdict(), standing.Follow) and not life.settings.asks:
        applied, _ = occasions.apply(life, supervisor, life.prepare(), loop.Occasion("change"))
    else:
        return
    life.voice.say(f"undone: HAProxy is as generation {applied.generation} says ({applied.how})")


def _note(life: lives.Life, found: tuple[str, ...]) -> None:
    """Say what is new, and keep it for ``status``."""
    former = life.drift
    if found == former.lines:
        return
    for line in found:
        if line not in former.lines:
            life.voice.say(f"changed by somebody else: {line}")
    if former.lines and not found:
        life.voice.say("nothing differs any more")
    life.drift = drift.Drift(found, (former.since or time.time()) if found else 0.0)
    drift.keep(life.settings.operator.state, life.drift)
