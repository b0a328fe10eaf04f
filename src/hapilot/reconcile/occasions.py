"""What makes ``up`` change something, and what comes of it: the site's files, or a generation that was not confirmed in time.

In: the life of ``up``, HAProxy's supervisor, and the occasion. Out: a change that was made, or was not, and is said either way. What is to
be done is decided in ``standing``; how a change is made is in ``loop``. Called by ``serve``, one after the other, and by ``obeying``, which
has the orders.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Generator
from dataclasses import replace

from hapilot.base import diagnostics, errors
from hapilot.reconcile import life as lives
from hapilot.reconcile import loop, pipeline, standing, watching
from hapilot.reconcile.quarantine import keeping
from hapilot.runtime import notify, process, record, supervise

Supervisor = supervise.Supervisor[process.Process]
Act = Callable[[process.Process | None], loop.Applied]
"""A change, with the HAProxy that runs, if one does."""

RETRY_SECONDS = 10.0
"""Between two attempts to bring back what was there before a generation that was not confirmed."""


def follow(life: lives.Life, supervisor: Supervisor, cause: record.Cause) -> None:
    """The files have changed, or a signal says so: apply them, unless the current generation stays or has to be confirmed first."""
    life.is_due = False
    # A look before the verdict: whatever changes later is seen as a change.
    life.seen = watching.look(tuple(life.seen))
    verdict = life.verdict()
    match verdict:
        case standing.Wait():
            life.is_due = True
            left = f"within {verdict.seconds:.0f} s"
            life.voice.say(f"not applied: generation {verdict.number} waits for `hapilot confirm` {left}; the change is applied after that")
        case standing.Stay():
            life.voice.say(f"{stays(verdict)}: not applied")
        case standing.GoBack():
            go_back(life, supervisor, verdict)
        case standing.Follow() if cause == "change" and life.settings.asks:
            life.voice.say("the site's files have changed: `hapilot apply` applies them")
        case standing.Follow():
            _apply_files(life, supervisor, cause)


def _apply_files(life: lives.Life, supervisor: Supervisor, cause: record.Cause) -> None:
    prepared = life.prepare()
    alive = supervisor.process.is_alive
    with contextlib.suppress(errors.HapilotError):
        apply(life, supervisor, prepared, loop.Occasion(cause))
        return
    life.voice.say("not applied, the former state serves on" if alive else "not applied")


@contextlib.contextmanager
def failures_said(life: lives.Life) -> Generator[None]:
    """What goes wrong with one occasion is said, and is not the end of ``up``."""
    try:
        yield
    except errors.HapilotError as problem:
        _say_error(life, problem)


def go_back(life: lives.Life, supervisor: Supervisor, verdict: standing.GoBack) -> None:
    """Bring back what was there before a generation that is not to stay. Where that fails it is tried again."""
    say = life.voice.say
    say(f"generation {verdict.number} goes: {verdict.why}; bringing generation {verdict.former} back")
    try:
        restore(life, supervisor, verdict.former, loop.Occasion("unconfirmed"))
    except errors.HapilotError as problem:
        _say_error(life, problem)
        say(f"generation {verdict.former} could not be brought back; next attempt in {RETRY_SECONDS:g} s")
        life.look_again = time.monotonic() + RETRY_SECONDS


def stays(verdict: standing.Stay) -> str:
    """What keeps the site's files from being applied."""
    if not verdict.restores:
        return f"generation {verdict.number} stays until `hapilot apply`"
    until = "stays until the site's own files change, or `hapilot apply`"
    return f"generation {verdict.number}, rolled back to {verdict.restores}, {until}"


def restore(life: lives.Life, supervisor: Supervisor, number: int, occasion: loop.Occasion) -> tuple[loop.Applied, float]:
    """The files of a former generation, held against what the site's files say now; and the seconds that it took."""
    life.is_due = False
    held = replace(occasion, held=life.hold())
    operator, drop_to = life.settings.operator, life.settings.drop_to
    done = _perform(life, supervisor, lambda running: operator.restore(number, running, held, drop_to), from_files=False)
    verdict = life.verdict()
    if isinstance(verdict, standing.Stay):
        life.voice.say(stays(verdict))
    return done


def apply(life: lives.Life, supervisor: Supervisor, prepared: pipeline.Prepared, occasion: loop.Occasion) -> tuple[loop.Applied, float]:
    """The site's files as they were read, and the seconds that it took. What is wrong is said, and raised."""
    operator = life.settings.operator
    try:
        applied, seconds = _perform(life, supervisor, lambda running: operator.apply(prepared, running, occasion))
    except errors.HapilotError as problem:
        refused(life, problem, prepared)
        raise
    agree(life, applied)
    remark(life, applied.left or prepared, applied)
    return applied, seconds


def agree(life: lives.Life, applied: loop.Applied) -> None:
    """What was brought back is what the files say by now: it is held no longer."""
    state = life.settings.operator.state
    with contextlib.suppress(errors.StateBroken):
        if applied.how == "nothing" and standing.look(state).held is not None:
            state.release(applied.generation)


def remark(life: lives.Life, prepared: pipeline.Prepared, applied: loop.Applied) -> None:
    """What there is to say of a site that was applied, and what is to be remembered of it."""
    state, now = life.settings.operator.state, time.time()
    life.voice.show(diagnostics.in_order((*prepared.diagnostics, *applied.warned)))
    for one in keeping.noted(prepared.quarantined, (), now):
        life.voice.say(f"quarantined {one.shown}")
    for note in filter(None, (applied.note, keeping.keep(state, prepared, applied.generation, applied.former, now))):
        life.voice.say(f"warning {note}")


def refused(life: lives.Life, problem: errors.HapilotError, prepared: pipeline.Prepared) -> None:
    """Why nothing was applied: the diagnostics with their places, else the error."""
    if not loop.problems(problem):
        life.voice.show(prepared.diagnostics)
    _say_error(life, problem)


def _say_error(life: lives.Life, problem: errors.HapilotError) -> None:
    life.voice.show(loop.problems(problem))
    life.voice.say(f"error {problem}" + (f"\n    {problem.hint}" if problem.hint else ""))


def _perform(life: lives.Life, supervisor: Supervisor, act: Act, *, from_files: bool = True) -> tuple[loop.Applied, float]:
    """Make a change, and tell everybody. If it fails the running state stays as it is."""
    notify.reloading("applying a change")
    began = time.monotonic()
    alive = supervisor.process.is_alive
    try:
        applied = act(supervisor.process if alive else None)
        if not alive:
            supervisor.replace(applied.process)
        seconds = time.monotonic() - began
        with contextlib.suppress(errors.StateBroken):
            life.verdict()
        life.count(applied, seconds, from_files=from_files)
        done = "nothing to change" if applied.how == "nothing" else f"generation {applied.generation} ({applied.how})"
        life.voice.say(f"applied: {done}, {seconds:.2f} s")
        with contextlib.suppress(errors.StateBroken):
            life.announce(applied.generation)
    except errors.HapilotError as problem:
        life.count_failed(problem)
        raise
    finally:
        notify.ready("serving")
    return applied, seconds
