"""Programs that run and end, with what they took; and hapilot's own command as an installation has it.

In: a command line. Out: wall time, CPU time and memory. Called by the rows about the control plane.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench import values

_LAUNCH = "import sys; sys.argv[0] = 'hapilot'; from hapilot.cli.main import main; main()"
"""What the script of an installation does."""


@dataclass(frozen=True, slots=True)
class Took:
    """What a program took: seconds of wall time and of CPU time, megabytes (MiB) of memory at most, and what it printed."""

    wall: float
    cpu: float
    memory: float
    output: str
    code: int


def hapilot(*arguments: str) -> tuple[str, ...]:
    """The command line of hapilot."""
    return (sys.executable, "-c", _LAUNCH, *arguments)


def installed(folder: Path) -> dict[str, str]:
    """An environment in which Python keeps bytecode in ``folder``, as an installation has it beside the modules, wherever and
    however this checkout is kept. The first run fills it."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}


def take(arguments: tuple[str, ...], folder: Path, environment: Mapping[str, str], *, may_fail: bool = False) -> Took:
    """Run a program to its end; NotMeasured if it fails and may not."""
    output = folder / "output.txt"
    with output.open("wb") as file:
        began = time.perf_counter()
        process = subprocess.Popen(
            arguments, cwd=folder, env=dict(environment), stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT
        )
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    said = output.read_text(encoding="utf-8", errors="replace")
    if process.returncode and not may_fail:
        raise values.NotMeasured(f"{' '.join(arguments[-3:])} failed: {said.strip()[-300:]}")
    return Took(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, said, process.returncode)
