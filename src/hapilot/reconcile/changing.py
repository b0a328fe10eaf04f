"""Changes a HAProxy while it runs: plan, act, and look whether it came out.

In: a running HAProxy and what is wanted of it. Out: the plan, or what went wrong in words. Called by ``bringing`` for every change and
after every start and reload.
"""

from __future__ import annotations

import contextlib

from hapilot.base import errors
from hapilot.plan import plan as plans
from hapilot.plan import running as states
from hapilot.runtime import acting, process, reading


def plan(running: process.Process, wanted: states.Wanted, *, closely: bool = False) -> plans.Plan:
    """What has to be done. ``closely`` looks at limits too where we have given none: somebody else may have. Raises HaproxyFailed if
    HAProxy does not answer."""
    return plans.make_plan(reading.read(running, None if closely else wanted.files), wanted)


def loaded(running: process.Process) -> int | None:
    """The generation that HAProxy has read, None where that can't be told."""
    with contextlib.suppress(errors.HaproxyFailed):
        return reading.loaded_number(running)
    return None


def tidy(running: process.Process, planned: plans.Plan) -> None:
    """Delete what only waited for its last session."""
    acting.tidy(running.runtime, planned.remainders)


def change(running: process.Process, planned: plans.Plan, wanted: states.Wanted) -> str:
    """Carry out a plan without a reload and compare. Empty, or what did not come out, for a reload to mend."""
    runtime = running.runtime
    try:
        tidy(running, planned)
        acting.act(runtime, planned.actions)
        left = plan(running, wanted)
    except errors.HaproxyFailed as problem:
        return str(problem)
    return "" if left.is_empty else f"after the change HAProxy differs: {left.first}"
