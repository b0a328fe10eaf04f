"""What came of an order to the running ``up``, in words and as JSON. Called by ``apply``, ``confirm`` and ``rollback``."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict

import click

from hapilot.base import errors
from hapilot.cli import output
from hapilot.reconcile import asking, protocol
from hapilot.runtime import files

_HOW = {
    "start": "HAProxy was started",
    "adopt": "HAProxy runs already",
    "reload": "HAProxy was reloaded, connections go on",
}


def tell(state: files.StateDirectory, request: protocol.Request, *, as_json: bool) -> int:
    """Gives the order and says what came of it; the exit code."""
    try:
        with output.progress("waiting for hapilot"):
            done = asking.ask(state, request)
    except errors.HapilotError as problem:
        if not as_json:
            _failed(problem)
        else:
            said = problem.answer.diagnostics if isinstance(problem, asking.Refused) else ()
            output.print_json({"ok": False, "error": str(problem), "hint": problem.hint, "diagnostics": [one.as_json() for one in said]})
        return 1
    if as_json:
        output.print_json({"ok": True, **asdict(done), "diagnostics": [one.as_json() for one in done.diagnostics]})
        return 0
    output.diagnostics(done.diagnostics)
    for line in _lines(request, done):
        click.echo(line)
    if done.note:
        output.message(f"{output.style('warning', 'yellow', bold=True)} {done.note}")
    return 0


def _failed(problem: errors.HapilotError) -> None:
    if isinstance(problem, asking.Refused):
        output.diagnostics(problem.answer.diagnostics)
    output.failed(problem)


def _lines(request: protocol.Request, done: protocol.Done) -> Iterator[str]:
    if isinstance(request, protocol.Confirm):
        yield f"generation {done.generation} is confirmed"
        return
    if done.how == "nothing":
        yield f"nothing to change: generation {done.generation} serves"
    else:
        what = f"rolled back to {done.restores}: " if done.restores else ""
        yield f"{what}generation {done.generation} serves, before it {done.former or 'none'} ({done.seconds:.2f} s)"
        yield from (f"  {line}" for line in done.changes)
        yield f"{_HOW[done.how]}" + (f": {', '.join(done.reasons)}" if done.reasons else "")
    if done.confirm_seconds:
        until = time.strftime("%H:%M:%S", time.localtime(time.time() + done.confirm_seconds))
        yield f"say `hapilot confirm` before {until}, or generation {done.former} comes back"
    if done.restores:
        yield "it stays until the site's own files change, or `hapilot apply`"
