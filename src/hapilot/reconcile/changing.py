"""Changes a HAProxy while it runs: plan, act, and look whether it came out.

In: a running HAProxy and what is wanted of it. Out: the plan, or what went wrong in words. Called by ``bringing`` for every change and
after every start and reload.
"""

from __future__ import annotations

import contextlib

from hapilot.base import errors
from hapilot.plan import actions
from hapilot.plan import plan as plans
from hapilot.plan import running as states
from hapilot.runtime import acting, memory, process, reading

_ROUNDS = 2


def plan(running: process.Process, wanted: states.Wanted, seen: memory.Seen, *, closely: bool = False) -> plans.Plan:
    """What has to be done. ``closely`` looks at limits too where we have given none: somebody else may have. Raises HaproxyFailed if
    HAProxy does not answer."""
    return plans.make_plan(seen.look(running, None if closely else wanted.files), wanted)


def plan_soon(running: process.Process, wanted: states.Wanted, seen: memory.Seen) -> plans.Plan:
    """The same by what was seen last, where that is enough to go on: if there is something to do, and HAProxy does it without a reload."""
    known = seen.recall(running, wanted.files)
    planned = plans.make_plan(known, wanted) if known is not None else None
    if (
        planned is None
        or planned.is_empty
        or planned.reload
        or any(isinstance(step, actions.UnlistCertificate) for step in planned.actions)
    ):
        return plan(running, wanted, seen)  # that one goes by a line's number, which has to be the present one
    return planned


def loaded(running: process.Process) -> int | None:
    """The generation that HAProxy has read, None where that can't be told."""
    with contextlib.suppress(errors.HaproxyFailed):
        return reading.loaded_number(running)
    return None


def tidy(running: process.Process, planned: plans.Plan) -> None:
    """Delete what only waited for its last session."""
    acting.tidy(running.runtime, planned.remainders)


def change(running: process.Process, planned: plans.Plan, wanted: states.Wanted, seen: memory.Seen) -> str:
    """Carry out a plan without a reload and compare; what others have changed meanwhile is found then, and dealt with in a second round.
    Empty, or what did not come out, for a reload to mend."""
    problem = ""
    for _ in range(_ROUNDS):
        seen.last = None  # whatever comes of it, things are not as they were
        problem = _act(running, planned)
        try:
            planned = plan(running, wanted, seen)
        except errors.HaproxyFailed as failed:
            return str(failed)
        if planned.is_empty:
            return ""
        if planned.reload:
            break
    return problem or f"after the change HAProxy differs: {planned.first}"


def _act(running: process.Process, planned: plans.Plan) -> str:
    """Empty, or what HAProxy refused."""
    try:
        tidy(running, planned)
        acting.act(running.runtime, planned.actions)
    except errors.HaproxyFailed as refused:
        return str(refused)
    return ""
