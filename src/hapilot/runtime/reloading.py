"""Asks a HAProxy master for a reload and finds out what came of it, within a limited time.

In: a running master whose ``current`` generation is what it shall read. Out: the worker that serves it, or an error: refused, not finished
in time, or taken by a worker that does not answer. Called by ``process``.

From 2.7 on the master answers with the result (management manual, 9.4.1); before, it is read from ``show proc``.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hapilot.base import errors
from hapilot.runtime import client, commands, logfile, messages

if TYPE_CHECKING:
    from hapilot.runtime import process

_STEP = 0.005
"""Seconds between two looks."""
_LEAST_SECONDS = 30.0
_SECONDS_FOR_A_MEBIBYTE = 2.0
_MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Reloaded:
    """A reload that worked: the worker that serves now, and what HAProxy said (warnings)."""

    worker_pid: int
    findings: tuple[messages.Finding, ...]


def usual_seconds(size: int) -> float:
    """How long a reload may take that reads ``size`` bytes of files: some ten times of what it takes on a machine that has other things to
    do. Measured: 10,000 services with as many certificates are read in some seconds.

    >>> usual_seconds(10 << 20)
    50.0
    """
    return _LEAST_SECONDS + _SECONDS_FOR_A_MEBIBYTE * size / _MEBIBYTE


def reload(of: process.Process, seconds: float) -> Reloaded:
    """Has the master of ``of`` read the current generation. Raises HaproxyFailed where it refuses, and the old worker serves on, and where
    it is not done in ``seconds``; HaproxyMute where it is done, and the new worker does not answer."""
    waiting = _Waiting(of, seconds, time.monotonic() + seconds)
    before = waiting.master_line()
    log = logfile.mark(of.state.log)
    success, said = waiting.ask()
    if success is None:
        success = waiting.reloaded_since(before.reloads)
        said = ""
    said = said or log.said()
    if not success:
        raise log.failure("HAProxy refused the new configuration; the old one serves on", said)
    return Reloaded(waiting.worker(), messages.parse_messages(said))


@dataclass(frozen=True, slots=True)
class _Waiting:
    """One reload: ``seconds`` were given, and they are over at ``deadline`` (by ``time.monotonic``)."""

    of: process.Process
    seconds: float
    deadline: float

    @property
    def left(self) -> float:
        """Seconds for the next question. Raises HaproxyFailed where there are none."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise self._late()
        return left

    def master_line(self) -> commands.ProcessLine:
        """What the master says of itself. Its socket refuses for a moment while it reloads."""
        while True:
            try:
                line = next((line for line in self._master(client.SECONDS).processes() if line.kind == "master"), None)
            except errors.HaproxyFailed:
                line = None
            if line is not None:
                return line
            if not self.of.is_alive:
                raise errors.HaproxyFailed("HAProxy ended", f"see {self.of.state.log}")
            # Raises where the time is over.
            time.sleep(min(_STEP, self.left))

    def ask(self) -> tuple[bool | None, str]:
        """Whether it worked, None where that is not told, and HAProxy's words."""
        try:
            return commands.parse_reload(self._master(self.left).reload())
        except errors.HaproxyFailed:
            # Before 2.7 the master may close the connection as it restarts itself; `show proc` tells what came of it.
            if self.of.is_alive and self.left:
                return None, ""
            raise

    def reloaded_since(self, former: int) -> bool:
        """Waits until the master counts one more reload; whether it counts it as good."""
        while True:
            now = self.master_line()
            if now.reloads > former:
                return now.failed == 0
            time.sleep(_STEP)

    def worker(self) -> int:
        """After a reload the runtime socket belongs to the new worker within moments."""
        until = time.monotonic() + min(self.seconds, client.SECONDS)
        while time.monotonic() < until:
            worker = self.of.serving_worker(max(_STEP, until - time.monotonic()))
            if worker is not None:
                return worker
            time.sleep(_STEP)
        newest = next((line.pid for line in self.of.master.processes() if line.kind == "worker" and not line.old), 0)
        raise errors.HaproxyMute("HAProxy was reloaded, and its new worker does not answer", f"see {self.of.state.log}", newest)

    def _master(self, most: float) -> client.MasterClient:
        return client.MasterClient(self.of.master.path, min(most, self.left))

    def _late(self) -> errors.HaproxyFailed:
        hint = f"see {self.of.state.log}, and whether process {self.of.pid} runs; `hapilot up --reload-seconds` gives it more time"
        return errors.HaproxyFailed(f"HAProxy did not finish its reload in {self.seconds:g} s", hint)
