"""Carries out the orders that the running ``up`` gets: apply, confirm, rollback, and the ``verbs`` about servers.

In: the life of ``up``, HAProxy's supervisor, and a request. Out: the answer. Whether an order fits to what the current generation asks for
is decided with ``standing``; the changes themselves are in ``occasions``. Called by ``serve``, one after the other.
"""

from __future__ import annotations

import os
import time
from dataclasses import replace
from datetime import datetime

from hapilot.base import diagnostics, errors
from hapilot.reconcile import life as lives
from hapilot.reconcile import loop, occasions, orders, protocol, serving, standing, verbs
from hapilot.reconcile.quarantine import keeping
from hapilot.render import summary
from hapilot.runtime import record

JUST_NOW_SECONDS = 30.0
"""How long after a changed file was applied it can still be put on trial."""


def obey(life: lives.Life, supervisor: occasions.Supervisor, order: orders.Order) -> protocol.Answer:
    """Carry out an order. Who gave it is said, and recorded with what it makes."""
    request = order.request
    try:
        match request:
            case protocol.Apply():
                return _ordered_apply(life, supervisor, request, order.by)
            case protocol.Confirm():
                return _confirm(life, order.by)
            case protocol.Rollback():
                return _rollback(life, supervisor, request.generation, order.by)
            case protocol.Drain() | protocol.Maintain() | protocol.Enable() | protocol.Weigh():
                return verbs.carry_out(life, supervisor, request, order.by)
    except errors.HapilotError as problem:
        life.voice.say(f"the order of {order.by} was not carried out: {problem}")
        return protocol.Failed(str(problem), problem.hint, loop.problems(problem))


def _ordered_apply(life: lives.Life, supervisor: occasions.Supervisor, request: protocol.Apply, by: str) -> protocol.Answer:
    _require_site(life, request.site)
    verdict = life.verdict()
    if isinstance(verdict, standing.Wait):
        raise errors.HapilotError(
            f"generation {verdict.number} waits to be confirmed, for {verdict.seconds:.0f} s more",
            "`hapilot confirm` keeps it, `hapilot rollback` takes it back",
        )
    life.voice.say(f"asked by {by} to apply the site")
    prepared = life.prepare(strict=request.strict)
    applied, seconds = occasions.apply(life, supervisor, prepared, loop.Occasion("apply", request.confirm_seconds, by=by))
    if applied.how == "nothing" and request.confirm_seconds:
        _put_on_trial(life, request.confirm_seconds)
    prepared = applied.left or prepared
    waits = life.verdict()
    left = 0.0
    if isinstance(waits, standing.Wait):
        left = waits.seconds
        applied = replace(applied, former=waits.former)
        life.voice.say(f"generation {applied.generation} waits for `hapilot confirm` within {left:.0f} s, else {applied.former} comes back")
    done = _done(applied, seconds, confirm_seconds=left, found=diagnostics.in_order((*prepared.diagnostics, *applied.warned)))
    return replace(done, quarantined=tuple(one.shown for one in keeping.noted(prepared.quarantined, (), 0.0)))


def _put_on_trial(life: lives.Life, seconds: float) -> None:
    """The files were saved and applied a moment ago, faster than their author could ask for a trial: it begins now."""
    state = life.settings.operator.state
    current = standing.look(state).current
    if current is not None and current.description.cause == "change" and time.time() - current.progress.served < JUST_NOW_SECONDS:
        former = standing.one_before(state.kept(), current)
        if former:
            state.put_on_trial(current.number, record.Trial(seconds, former, time.time()))


def _require_site(life: lives.Life, said: str) -> None:
    ours = os.path.realpath(life.settings.site)
    if said and said != ours:
        raise errors.HapilotError(f"this hapilot runs the site {ours}, not {said}", "leave SITE out, or name the other state directory")


def _confirm(life: lives.Life, by: str) -> protocol.Answer:
    state, verdict = life.settings.operator.state, life.verdict()
    if isinstance(verdict, standing.GoBack):
        raise errors.HapilotError(f"it is too late: {verdict.why}", f"generation {verdict.former} comes back")
    if not isinstance(verdict, standing.Wait):
        raise errors.HapilotError("nothing waits to be confirmed", "`hapilot history` shows what serves")
    state.accept(verdict.number)
    life.look_again = None
    life.voice.say(f"generation {verdict.number} is confirmed by {by}")
    return protocol.Done("nothing", verdict.number, verdict.former)


def _rollback(life: lives.Life, supervisor: occasions.Supervisor, wanted: int, by: str) -> protocol.Answer:
    state = life.settings.operator.state
    known, where = state.kept(), standing.look(state)
    number = wanted or (standing.one_before(known, where.current) if where.current is not None else 0)
    if not number:
        raise errors.HapilotError("there is no generation before the one that serves", "`hapilot history` lists the ones that are kept")
    if number not in {one.number for one in known}:
        raise errors.HapilotError(f"there is no generation {number}", "`hapilot history` lists the ones that are kept")
    life.voice.say(f"asked by {by} to roll back to generation {number}")
    applied, seconds = occasions.restore(life, supervisor, standing.original(known, number), loop.Occasion("rollback", by=by))
    applied = replace(applied, note=applied.note or _ended(serving.summary_of(state, applied.generation), time.time()))
    return _done(applied, seconds, restores=standing.look(state).restores)


def _ended(kept: summary.Summary, now: float) -> str:
    """Certificates come back with a generation, whatever has become of them."""
    ended = [one.name for one in kept.certificates if datetime.fromisoformat(one.not_after).timestamp() < now]
    return f"its certificates have ended: {', '.join(ended)}" if ended else ""


def _done(
    applied: loop.Applied,
    seconds: float,
    *,
    confirm_seconds: float = 0.0,
    restores: int = 0,
    found: tuple[diagnostics.Diagnostic, ...] = (),
) -> protocol.Done:
    reasons = applied.reasons or applied.differs.reasons if applied.how == "reload" else ()
    number, former, lines = applied.generation, applied.former, applied.differs.lines
    return protocol.Done(applied.how, number, former, lines, reasons, seconds, confirm_seconds, restores, applied.note, found)
