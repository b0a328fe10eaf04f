"""One HAProxy process for a short while: started on a folder of files, waited for, ended for sure.

In: a program, the folder, sockets to hand over. Out: a client of its runtime API, for as long as it lasts. Called by ``trial``; what
is to outlive hapilot is started by ``process``.
"""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Collection, Generator
from dataclasses import dataclass
from pathlib import Path

from hapilot.base import errors
from hapilot.render import bundle as bundles
from hapilot.runtime import binary, client, environment, logfile, observe, writing

_STEP = 0.01
_START_SECONDS = 60.0
"""A configuration of thousands of services is read in a few seconds."""
_END_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where it runs: the ``files`` that it reads, the folder of its ``sockets``, and the file of its ``log``, which gets stdout too."""

    files: Path
    sockets: Path
    log: Path


@contextlib.contextmanager
def running(
    haproxy: binary.Haproxy, place: Place, *, inherits: Collection[int] = (), withheld: Collection[str] = ()
) -> Generator[client.RuntimeClient]:
    """HAProxy, serving. ``inherits`` are open descriptors that it takes by their numbers, ``withheld`` variables that it must not see.

    It is in a session of its own, so that Ctrl-C reaches it through us only. Raises HaproxyFailed with its reasons.
    """
    mark = logfile.begin(place.log)
    command = [str(haproxy.path), "-db", "-C", str(place.files), "-f", bundles.CONFIG]
    env = environment.for_haproxy({environment.RUN: str(place.sockets)}, withheld)
    with writing.explained("write", place.log), place.log.open("ab") as log:
        try:
            process = subprocess.Popen(
                command,
                cwd=place.files,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=tuple(inherits),
                start_new_session=True,
            )
        except OSError as problem:
            raise errors.HaproxyFailed(f"{haproxy.path} can't be run: {problem.strerror}") from problem
    with process:
        try:
            runtime = client.RuntimeClient(place.sockets / observe.RUNTIME_SOCKET)
            _wait(process, runtime, mark)
            yield runtime
        finally:
            _end(process)


def _wait(process: subprocess.Popen[bytes], runtime: client.RuntimeClient, mark: logfile.Mark) -> None:
    """Until it answers: all its sockets are open by then."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise _failure(mark, "HAProxy did not start")
        with contextlib.suppress(errors.HaproxyFailed):
            runtime.send("show info")
            return
        time.sleep(_STEP)
    raise _failure(mark, f"HAProxy did not start in {_START_SECONDS:g} s")


def _failure(mark: logfile.Mark, what: str) -> errors.HaproxyFailed:
    """What HAProxy said is in the message; the log is gone by the time anyone reads it."""
    return errors.HaproxyFailed(str(mark.failure(what)))


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
