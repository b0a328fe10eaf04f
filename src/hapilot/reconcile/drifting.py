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

_FAILED_SECONDS = 60.0
"""Until what could not be undone is tried again."""
EVERY_SECONDS = 3.0
"""Between two looks."""
_SHARE = 20
"""A look that takes long is followed by a pause of so many times as long, ..."""
_LONGEST_SECONDS = 7.0
"""... but of no more than this: what others change is to be noticed within 10 s."""


def attend(life: lives.Life, supervisor: occasions.Supervisor) -> None:
    """Look, if it is time to. What can't be found out now is looked at again; what can't be undone is said, and tried again later."""
    if time.monotonic() < life.next_comparison or not supervisor.process.is_alive:
        return
    began = time.monotonic()
    pause = 0.0
    with contextlib.suppress(errors.HapilotError):
        found = life.settings.operator.differences(supervisor.process)
        _note(life, found.lines)
        if found.lines and (life.settings.repairs or found.only_told):
            pause = 0.0 if _undone(life, supervisor, found) else _FAILED_SECONDS
    took = time.monotonic() - began
    life.next_comparison = time.monotonic() + max(pause, min(max(EVERY_SECONDS, took * _SHARE), _LONGEST_SECONDS))


def _undone(life: lives.Life, supervisor: occasions.Supervisor, found: loop.Differences) -> bool:
    try:
        _repair(life, supervisor, found)
    except errors.HapilotError as problem:
        life.voice.say(f"what somebody else has changed could not be undone: {problem}; next attempt in {_FAILED_SECONDS:g} s")
        return False
    left = life.settings.operator.differences(supervisor.process).lines
    _note(life, left)
    return not left


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
