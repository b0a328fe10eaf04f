"""Programs pinned to a core: started, waited for and ended.

In: a :class:`values.Command` and a core. Out: a running process. Called by
:mod:`bench.measure` and :mod:`bench.servers`. Only processes started here are ever ended.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from bench import values

LOG = "stderr.log"
"""What a program says, in its own folder."""

_START_SECONDS = 10.0
_END_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Cores:
    """Where things run: the proxy alone on one core; clients and web servers together on another."""

    proxy: int
    load: int


def cores() -> Cores:
    """The first two cores this process may use; NotMeasured with only one, where load and proxy would take turns."""
    usable = sorted(os.sched_getaffinity(0))
    if len(usable) < 2:
        raise values.NotMeasured("a measurement needs two cores: one for the proxy, one for the load")
    return Cores(usable[0], usable[1])


def tool(name: str) -> str:
    """The path of a program, also from folders that users seldom search; NotMeasured without it."""
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin"]))
    if found is None:
        raise values.NotMeasured(f"{name} is not installed")
    return found


def pinned(core: int, arguments: tuple[str, ...]) -> list[str]:
    """The command line that runs ``arguments`` on ``core`` only; taskset replaces itself, so the process id stays."""
    return [tool("taskset"), "--cpu-list", str(core), *arguments]


@contextlib.contextmanager
def running(command: values.Command, core: int | None, port: int, patience: float = _START_SECONDS) -> Generator[int]:
    """Run ``command`` until the block ends, on ``core`` or wherever there is room; gives its process id once ``port`` accepts
    connections, for which it is given ``patience`` seconds."""
    log = command.folder / LOG
    with log.open("wb") as errors:
        process = subprocess.Popen(
            command.arguments if core is None else pinned(core, command.arguments),
            cwd=command.folder,
            env={**os.environ, **command.environment},
            stdin=subprocess.DEVNULL,
            stdout=errors,
            stderr=errors,
        )
    try:
        _wait(process, port, log, (Path(command.arguments[0]).name, patience))
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def quoted(folder: Path) -> Generator[None]:
    """Where something is not measured meanwhile, the reason ends with what the program of ``folder`` said last."""
    try:
        yield
    except values.NotMeasured as problem:
        said = (folder / LOG).read_text(encoding="utf-8", errors="replace").strip()[-500:]
        raise values.NotMeasured(f"{problem}; it said last: {said or 'nothing'}") from problem


def connect(port: int) -> socket.socket:
    """A connection to a port of 127.0.0.1."""
    return socket.create_connection(("127.0.0.1", port), timeout=5)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path, of: tuple[str, float]) -> None:
    """``of`` is the program's name and how many seconds it has."""
    name, patience = of
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError), connect(port):
            return
        time.sleep(0.02)
    said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    # HAProxy's last line only counts the errors; the first alert names one.
    reason = next((line for line in said if "ALERT" in line), said[-1] if said else "it said nothing")
    raise values.NotMeasured(f"{name} did not start: {reason}")


def free_ports(count: int) -> tuple[int, ...]:
    """So many ports of 127.0.0.1 on which nothing is bound now."""
    with contextlib.ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return tuple(probe.getsockname()[1] for probe in probes)
