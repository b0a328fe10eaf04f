"""Clients that ask all the time while something else happens, and what they noticed of it.

In: kinds of clients and a port. Out: requests and failed ones by kind. The load tool is wrk, once for each kind, until it is told to stop.
Called by the rows about changes.
"""

from __future__ import annotations

import contextlib
import signal
import subprocess
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from bench import processes, values, wrk

_LONGER_THAN_ALL = 3600
_SETTLE_SECONDS = 0.5

Kinds = Mapping[str, tuple[values.Load, Path]]
Result = TypeVar("Result")

HEAVY: Kinds = {
    "new connections": (replace(values.SMALL, connections=8, kept=False), wrk.SCRIPT),
    "busy": (replace(values.SMALL, connections=16), wrk.SCRIPT),
    "thinking": (replace(values.SMALL, connections=100), wrk.THINKING),
}
"""As much as a core gives: a new connection for each request; kept connections that are always busy; kept connections of clients that
think for 20 ms. The last two are where reloads usually hurt: a request meets a connection that is being closed."""

LIGHT: Kinds = {
    "new connections": (replace(values.SMALL, connections=2, kept=False), wrk.THINKING),
    "thinking": (replace(values.SMALL, connections=16), wrk.THINKING),
}
"""Under a thousand requests a second, so that what is timed meanwhile does not wait for a core."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Requests and failed ones by kind of client."""

    requests: Mapping[str, int]
    failed: Mapping[str, int]

    def __str__(self) -> str:
        return "/".join(str(count) for count in self.failed.values())

    def as_json(self) -> dict[str, object]:
        """For the results."""
        return {"requests": dict(self.requests), "failed": dict(self.failed)}


def during(kinds: Kinds, port: int, act: Callable[[], Result]) -> tuple[Result, Counted]:
    """Run all kinds of clients while ``act`` runs. Their time ends with SIGINT, upon which wrk counts."""
    with contextlib.ExitStack() as stack:
        running = {name: stack.enter_context(_client(load, script, port)) for name, (load, script) in kinds.items()}
        time.sleep(_SETTLE_SECONDS)
        result = act()
        time.sleep(_SETTLE_SECONDS)
        for client in running.values():
            client.send_signal(signal.SIGINT)
        bursts = {name: wrk.parse(client.communicate(timeout=30)[0]) for name, client in running.items()}
    requests = {name: burst.requests for name, burst in bursts.items()}
    return result, Counted(requests, {name: burst.errors for name, burst in bursts.items()})


@contextlib.contextmanager
def _client(load: values.Load, script: Path, port: int) -> Generator[subprocess.Popen[str]]:
    words = wrk.arguments(load, values.EDGE_HOST, port, _LONGER_THAN_ALL, script)
    client = subprocess.Popen(processes.pinned(processes.cores().load, words), stdout=subprocess.PIPE, text=True)
    try:
        yield client
    finally:
        if client.poll() is None:
            client.kill()
        client.communicate()
