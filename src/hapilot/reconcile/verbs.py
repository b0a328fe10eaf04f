"""The verbs about servers: drain, maintain, enable, weight. Each is recorded first and then made true in the running HAProxy.

In: an order, who gave it, and what is recorded. Out: what to record from now on, and the words for it (pure: :func:`decide`); then the
answer (:func:`carry_out`, which ``obeying`` calls). ``Operator.settle`` and every later change lay what is recorded over the site, so it
holds over reloads and restarts. If it can't be made true it is not recorded.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, replace

from hapilot.base import errors
from hapilot.reconcile import life as lives
from hapilot.reconcile import loop, meant, occasions, protocol, serving
from hapilot.render import summary
from hapilot.runtime import overrides

_OWN_STATES: dict[type[protocol.Verb], overrides.State] = {protocol.Drain: "drain", protocol.Maintain: "maint"}
_NOTHING_SAID = "no verb keeps it out; what has `maintenance` in the site file stays out until the file says otherwise"
_SAYS: dict[overrides.State, str] = {"drain": "drains", "maint": "is under maintenance"}


@dataclass(frozen=True, slots=True)
class Decision:
    """``known`` is to be recorded, ``changes`` says what is other than before, and ``note`` what the operator must know besides."""

    known: overrides.Overrides
    changes: tuple[str, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """Who gives an order, and when, in seconds since 1970."""

    by: str
    at: float


def carry_out(life: lives.Life, supervisor: occasions.Supervisor, request: protocol.Verb, by: str) -> protocol.Done:
    """Records what ``request`` says and has the running HAProxy follow. Raises HapilotError, and then nothing is recorded."""
    state, running = life.settings.operator.state, supervisor.process
    kept, generation = serving.serving_summary(state), state.serving()
    if kept is None or generation is None or not running.is_alive:
        raise errors.HapilotError("HAProxy does not run at the moment", "`hapilot status` says when it does; then say it again")
    if damaged := overrides.put_aside(state):
        life.voice.say(f"warning {damaged}")
    before = overrides.read(state)
    decision = decide(kept, before, request, Said(by, time.time()))
    applied, seconds = _settled(life, supervisor, before, decision)
    for line in decision.changes:
        life.voice.say(f"{by or 'somebody'}: {line}")
    how = applied.how if decision.changes else "nothing"
    note = " ".join(part for part in (decision.note, damaged and f"{damaged}.", applied.note) if part)
    return protocol.Done(how, generation.number, generation.number, decision.changes, applied.reasons, seconds, note=note)


def _settled(
    life: lives.Life, supervisor: occasions.Supervisor, before: overrides.Overrides, decision: Decision
) -> tuple[loop.Applied, float]:
    """HAProxy follows what is recorded now; if it does not, what was recorded before is true again."""
    operator, began = life.settings.operator, time.monotonic()
    if decision.changes:
        overrides.write(operator.state, decision.known)
    try:
        applied = operator.settle(supervisor.process)
    except errors.HapilotError:
        if decision.changes:
            overrides.write(operator.state, before)
            with contextlib.suppress(errors.HapilotError):
                operator.settle(supervisor.process)
        raise
    return applied, time.monotonic() - began


def decide(kept: summary.Summary, known: overrides.Overrides, request: protocol.Verb, said: Said) -> Decision:
    """What ``request`` makes of what is recorded. Raises HapilotError where it names what is not there, or can't be followed. Pure."""
    about = meant.meant(kept, known, request.service, request.server)
    match request:
        case protocol.Enable():
            return _enable(known, request, about)
        case protocol.Weigh(weight=None):
            mine = [one for one in known if one.service == about.service and one.weight is not None and one.server in about.servers]
            return _lifted(known, mine, "has the site's weight again")
        case protocol.Weigh():
            return _put(known, request, about, said)
        case protocol.Drain() | protocol.Maintain():
            return _put(known, request, about, said)


def _put(known: overrides.Overrides, request: protocol.Verb, about: meant.Meant, said: Said) -> Decision:
    """A state or a weight for each server that is meant, or a state for the service as a whole."""
    if not about.live:
        missing = f"no server {request.server!r} now" if request.server else "no servers"
        raise errors.HapilotError(f"service {about.service} has {missing}", "`hapilot status` shows what there is")
    weight = request.weight if isinstance(request, protocol.Weigh) else None
    state = _OWN_STATES.get(type(request), "")
    subjects = about.servers if request.server else ("",)
    new = [overrides.Override(about.service, name, state, weight, said.by, said.at) for name in subjects]
    there = {one.subject: one for one in known}
    # What holds already keeps the name of who said it first.
    other = [one for one in new if _fact(there.get(one.subject)) != _fact(one)]
    changes = tuple(f"{_subject(one)} {_now(one)}" for one in other)
    return Decision(overrides.put(known, other), changes, _of_no_effect(known, about, state))


def _fact(one: overrides.Override | None) -> object:
    return None if one is None else (one.state, one.weight)


def _of_no_effect(known: overrides.Overrides, about: meant.Meant, state: overrides.State) -> str:
    whole = next((one for one in known if one.service == about.service and not one.server and one.state), None)
    if state != "drain" or whole is None:
        return ""
    return f"{_subject(whole)} {_now(whole)} as a whole, so no connections get there at all until `hapilot enable {about.service}`"


def _enable(known: overrides.Overrides, request: protocol.Enable, about: meant.Meant) -> Decision:
    """Of a service, everything in it takes part again; of a server, it does unless all of its service is kept out."""
    states = [one for one in known if one.service == about.service and one.state]
    if not request.server:
        return _lifted(known, states, "takes part again", _NOTHING_SAID)
    mine = [one for one in states if one.server in about.servers]
    whole = next((one for one in states if not one.server), None)
    if whole is None:
        return _lifted(known, mine, "takes part again", _NOTHING_SAID)
    hint = f"`hapilot enable {about.service}` brings all of it back; `hapilot maintain {about.service}/SERVER` keeps one server out"
    if not mine:
        raise errors.HapilotError(f"{_subject(whole)} {_now(whole)} as a whole", hint)
    return replace(_lifted(known, mine, "is not kept out by itself any more"), note=f"{_subject(whole)} {_now(whole)} as a whole; {hint}")


def _lifted(known: overrides.Overrides, gone: list[overrides.Override], now: str, otherwise: str = "") -> Decision:
    """Without ``gone``; ``otherwise`` is the note where there is nothing to take back."""
    changes = tuple(f"{_subject(one)} {now}" for one in gone)
    return Decision(tuple(one for one in known if one not in gone), changes, "" if changes else otherwise)


def _subject(one: overrides.Override) -> str:
    return f"service {one.service}: server {one.server}" if one.server else f"service {one.service}"


def _now(one: overrides.Override) -> str:
    return _SAYS[one.state] if one.weight is None else f"has weight {one.weight}"
