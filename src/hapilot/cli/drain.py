"""``hapilot drain``: a server gets no new connections; with ``--wait`` until the last one has ended."""

from __future__ import annotations

import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hapilot.base import errors
from hapilot.cli import duration, naming, options, outcome, output

if TYPE_CHECKING:
    from rich.status import Status

    from hapilot.reconcile import draining
    from hapilot.runtime import files

_INTERRUPTED = 130


@dataclass(slots=True)
class _Wait:
    """A wait for the last session of ``target``, ``limit`` seconds at most (0 for ever), and how it goes."""

    target: naming.Named
    limit: float
    began: float = field(default_factory=time.monotonic)
    last: draining.Look | None = None

    @property
    def seconds(self) -> float:
        """How long it has been."""
        return time.monotonic() - self.began

    def run(self, looks: Iterator[draining.Look]) -> bool:
        """Whether the last session has ended in time."""
        with _shown() as status:
            for self.last in looks:
                if self.last.is_over:
                    return True
                if status is not None:
                    status.update(f"{self.target}: {self.last}, {self.seconds:.0f} s")
                if self.limit and self.seconds >= self.limit:
                    return False
        return False

    def as_json(self) -> dict[str, Any]:
        """For ``--json``; None where HAProxy could not be asked."""
        left = self.last.left if self.last is not None else None
        sessions, workers = (left.sessions, left.workers + left.other + left.unknown) if left is not None else (None, None)
        return {"sessions": sessions, "old_workers": workers, "waited_seconds": round(self.seconds, 3)}


@click.command("drain")
@naming.server
@click.option("--wait", "waits", is_flag=True, help="Return when the last session of the server has ended.")
@click.option("--timeout", "limit", callback=duration.seconds, metavar="5m", help="With --wait: give up after this time, with exit code 1.")
@options.state
@options.as_json
def command(target: naming.Named, waits: bool, limit: float, state_path: Path | None, as_json: bool) -> None:  # noqa: FBT001 - flags
    """Give a server no new connections, and let those that are open end by themselves, until `hapilot enable`."""
    from hapilot.reconcile import protocol

    if limit and not waits:
        raise click.UsageError("--timeout goes with --wait")
    state, wanted = options.state_directory(state_path), protocol.Drain(target.service, target.server)
    if not waits:
        sys.exit(outcome.tell(state, wanted, as_json=as_json))
    done = outcome.carried_out(state, wanted, as_json=as_json)
    if done is None:
        sys.exit(1)
    if not as_json:
        outcome.show(wanted, done)
    sys.exit(_wait(state, _Wait(target, limit), outcome.fields(done) if as_json else None))


def _wait(state: files.StateDirectory, wait: _Wait, said: dict[str, Any] | None) -> int:
    """Waits, and says what came of it: with ``said`` as JSON, of which that is the beginning. The exit code."""
    from hapilot.reconcile import draining

    problem: errors.HapilotError | None = None
    code = 1
    try:
        if wait.run(draining.looks(state, wait.target.service, wait.target.server)):
            code = 0
        else:
            problem = errors.HapilotError(f"{wait.target} has {wait.last} after {wait.seconds:.0f} s", _goes_on(wait))
    except errors.HapilotError as found:
        problem = found
    except KeyboardInterrupt:
        left = f" with {wait.last}" if wait.last is not None else ""
        problem, code = errors.HapilotError(f"interrupted: {wait.target} goes on draining{left}", _takes_back(wait)), _INTERRUPTED
    if said is not None:
        failed = {"ok": False, "error": str(problem), "hint": problem.hint} if problem is not None else {}
        output.print_json(said | wait.as_json() | failed)
    elif problem is not None:
        output.failed(problem)
    else:
        remark = f"; {wait.last.remark}" if wait.last is not None and wait.last.remark else ""
        click.echo(f"no session is left on {wait.target} ({wait.seconds:.1f} s){remark}")
    return code


def _goes_on(wait: _Wait) -> str:
    return f"it goes on draining; {_takes_back(wait)}"


def _takes_back(wait: _Wait) -> str:
    return f"`hapilot enable {wait.target}` takes that back"


@contextmanager
def _shown() -> Generator[Status | None]:
    """A line on a terminal's stderr that is written over; None elsewhere."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console

    with Console(stderr=True, markup=False, highlight=False).status("waiting for the last session") as status:
        yield status
