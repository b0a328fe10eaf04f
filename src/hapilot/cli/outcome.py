"""What came of an order to the running ``up``, in words and as JSON. Called by the verbs that give one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import click

from hapilot.base import errors
from hapilot.cli import output
from hapilot.reconcile import asking, protocol
from hapilot.runtime import files

_HOW = {
    "start": "HAProxy was started",
    "adopt": "HAProxy runs already",
    "reload": "HAProxy was reloaded, connections go on",
    "runtime": "HAProxy was changed as it runs, without a reload",
}


def tell(state: files.StateDirectory, request: protocol.Request, *, as_json: bool) -> int:
    """Gives the order and says what came of it; the exit code."""
    done = carried_out(state, request, as_json=as_json)
    if done is None:
        return 1
    if as_json:
        output.print_json(fields(done))
    else:
        show(request, done)
    # Scripts shall notice that it is not all that the site says.
    return 1 if done.quarantined else 0


def carried_out(state: files.StateDirectory, request: protocol.Request, *, as_json: bool) -> protocol.Done | None:
    """Gives the order. Where it was not carried out that is said, and None comes back."""
    try:
        with output.progress("waiting for hapilot"):
            return asking.ask(state, request)
    except errors.HapilotError as problem:
        if not as_json:
            _failed(problem)
        else:
            said = problem.answer.diagnostics if isinstance(problem, asking.Refused) else ()
            output.print_json({"ok": False, "error": str(problem), "hint": problem.hint, "diagnostics": [one.as_json() for one in said]})
        return None


def fields(done: protocol.Done) -> dict[str, Any]:
    """What was done, for ``--json``."""
    return {"ok": True, **asdict(done), "diagnostics": [one.as_json() for one in done.diagnostics]}


def show(request: protocol.Request, done: protocol.Done) -> None:
    """What was done, in words."""
    output.diagnostics(done.diagnostics)
    for line in _lines(request, done):
        click.echo(line)
    if done.note:
        output.message(f"{output.style('warning', 'yellow', bold=True)} {done.note}")


def _failed(problem: errors.HapilotError) -> None:
    if isinstance(problem, asking.Refused):
        output.diagnostics(problem.answer.diagnostics)
    output.failed(problem)


def _lines(request: protocol.Request, done: protocol.Done) -> Iterator[str]:
    if isinstance(request, protocol.Confirm):
        yield f"generation {done.generation} is confirmed"
        return
    if isinstance(request, protocol.Verb):
        yield from done.changes or ("nothing to change",)
        return
    if done.how == "nothing":
        yield f"nothing to change: generation {done.generation} serves"
    else:
        what = f"rolled back to {done.restores}: " if done.restores else ""
        yield f"{what}generation {done.generation} serves, before it {done.former or 'none'} ({done.seconds:.2f} s)"
        yield from (f"  {line}" for line in done.changes)
        yield f"{_HOW[done.how]}" + (f": {', '.join(done.reasons)}" if done.reasons else "")
    yield from (f"quarantined: {line}" for line in done.quarantined)
    if done.confirm_seconds:
        until = time.strftime("%H:%M:%S", time.localtime(time.time() + done.confirm_seconds))
        yield f"say `hapilot confirm` before {until}, or generation {done.former} comes back"
    if done.restores:
        yield "it stays until the site's own files change, or `hapilot apply`"
