"""A ``hapilot up`` that follows a site's files: started, told of changes by files alone, and asked what it says it did.

In: a stage and a site. Out: the running ``up``, and for each change whether it was made by runtime commands or by a reload, and when the
steps of it were over. Called by the rows about changes. It runs in a process of its own, as an installation does.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from bench import commands, processes, values
from hapilot.base import errors
from hapilot.runtime import client, files, observe, process

_START_SECONDS = 60.0
"""A site of 10,000 services that was never seen takes a while."""
_WRITTEN_SECONDS = 5.0
_APPLIED = re.compile(
    r"^applied: (?:nothing to change|generation (?P<number>\d+) \((?P<how>\w+)[^)]*\))[^\n]*?(?P<seconds>\d+\.\d+) s", re.MULTILINE
)
_REFUSED = re.compile(r"^(?:not applied|error )[^\n]*", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Said:
    """A line about a change: the generation, 0 where nothing was to be changed, how it was made, and the seconds that took, without
    noticing it and reading the site."""

    generation: int
    how: str
    seconds: float


def parse(log: str) -> tuple[Said, ...]:
    """What ``up`` says of the changes it made, in order. Pure.

    >>> parse("applied: generation 2 (reload), 0.05 s\\n")
    (Said(generation=2, how='reload', seconds=0.05),)
    """
    found = _APPLIED.finditer(log)
    return tuple(Said(int(one["number"] or 0), one["how"] or "nothing", float(one["seconds"])) for one in found)


@dataclass(frozen=True, slots=True)
class Steps:
    """When a generation was checked and about to be written, and when HAProxy served it, in seconds since 1970, from its own notes."""

    checked: float
    served: float


@dataclass(frozen=True, slots=True)
class Following:
    """An ``up`` that runs. ``site`` is the site file, in a folder in which nothing else is written."""

    site: Path
    folder: Path
    state: files.StateDirectory
    pid: int

    @property
    def haproxy(self) -> int:
        """The process of HAProxy's master, which is no child of ``up``. It listens before it has written that down."""
        deadline = time.monotonic() + _WRITTEN_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError, ValueError):
                return int(self.state.pid_file.read_text(encoding="ascii"))
            time.sleep(0.01)
        raise values.NotMeasured("HAProxy did not write its process id")

    def replace(self, path: Path, content: str) -> float:
        """Put ``content`` in the place of a file in one step; gives the time just before that step."""
        new = self.folder / "next"
        new.unlink(missing_ok=True)
        new.touch(mode=0o600)
        new.write_text(content, encoding="utf-8")
        began = time.time()
        new.replace(path)
        return began

    def said(self) -> tuple[Said, ...]:
        """All that was said of changes so far."""
        return parse(self._log())

    def wait_said(self, count: int, patience: float) -> Said:
        """The line about change ``count``. NotMeasured if it does not come, or another comes in its place."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if len(said := self.said()) >= count:
                return said[count - 1]
            time.sleep(0.005)
        refused = _REFUSED.search(self._log())
        why = refused[0] if refused else self._log().strip()[-200:]
        raise values.NotMeasured(f"change {count} was not applied in {patience:g} s: {why}")

    def steps(self, generation: int) -> Steps | None:
        """When the steps of a change were over; None where the notes are gone or have no times."""
        with contextlib.suppress(errors.HapilotError):
            checked = self.state.generation(generation).description.time
            served = self.state.progress(generation).served
            return Steps(checked, served) if served >= checked else None
        return None

    def round_trip(self) -> float:
        """Seconds for one answer to ``show info`` at HAProxy's runtime socket, the connection included."""
        run_dir = self.state.run_dir()
        if run_dir is None:
            raise values.NotMeasured("the folder of HAProxy's sockets is gone")
        socket = client.RuntimeClient(run_dir / observe.RUNTIME_SOCKET)
        began = time.perf_counter()
        socket.send("show info")
        return time.perf_counter() - began

    def _log(self) -> str:
        return (self.folder / processes.LOG).read_text(encoding="utf-8", errors="replace")


@contextlib.contextmanager
def running(stage: values.Stage, which: values.Which, site: Path, core: int | None) -> Generator[Following]:
    """``up`` on ``site`` until the block ends, on ``core`` or wherever there is room."""
    state = files.StateDirectory(stage.folder / "state")
    words = ("up", "--haproxy", which, "--state", str(state.root), "--stop-seconds", "0", str(site))
    environment = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(stage.folder / "bytecode")}
    command = values.Command(commands.hapilot(*words), stage.folder, environment)
    try:
        with processes.running(command, core, stage.port, _START_SECONDS) as pid:
            yield Following(site, stage.folder, state, pid)
    finally:
        _clear(state)


def _clear(state: files.StateDirectory) -> None:
    """Nothing stays. An ``up`` that ended by a bug has left HAProxy running, as it should."""
    with contextlib.suppress(errors.HapilotError):
        left = process.adopt(state)
        if left is not None:
            left.stop(0.0)
            state.tidy()
