"""All the load there is while the site changes, and what came of it.

Comes in: what stands behind, how much load. Goes out: `Loads`, whose `problems` are empty if nobody outside has noticed anything. Called
by both tests.
"""

from __future__ import annotations

import contextlib
import dataclasses
import getpass
import json
import subprocess
import sys
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path

from e2e.live import behind, hammering, streams, wanted

_END_SECONDS = 60.0
"""The longest download is waited for, and more."""


@dataclass(frozen=True, slots=True)
class Amount:
    """How many streams; ``pace`` is what wrk's pauses are multiplied with."""

    websockets: int
    downloads: int
    sessions: int
    browsers: int
    pace: int = 1


FULL, LIGHT = Amount(50, 20, 5, 4), Amount(10, 8, 2, 2, pace=4)


@dataclass(slots=True)
class Loads:
    """What has been counted; whole when the load has ended."""

    hammered: dict[str, hammering.Counted] = field(default_factory=dict[str, hammering.Counted])
    streamed: dict[str, streams.Tally] = field(default_factory=dict[str, streams.Tally])

    def problems(self, reloads: int) -> list[str]:
        """Everything that failed, that broke, or that was not there at all. A reload ends one burst of h2load before its time."""
        found = [f"{name}: {what}" for name, counted in self.hammered.items() for what in counted.failed]
        found += [f"{name}: no requests" for name, counted in self.hammered.items() if not counted.requests]
        found += [f"{name}: {one.cut} bursts ended early, at {reloads} reloads" for name, one in self.hammered.items() if one.cut > reloads]
        found += [f"{kind}, {what}" for kind, tally in self.streamed.items() for what in tally.broken]
        return found + [f"{kind}: {tally.ended} of {tally.begun} ended well" for kind, tally in self.streamed.items() if not tally.ended]

    def lines(self) -> list[str]:
        """For people."""
        requests = [f"{name}: {one.requests} requests, {len(one.failed)} kinds of failure" for name, one in self.hammered.items()]
        kept = [f"{kind}: {one.begun}, {one.steps} steps, {len(one.broken)} broken" for kind, one in self.streamed.items()]
        return requests + kept


@contextlib.contextmanager
def running(there: behind.Behind, amount: Amount, folder: Path) -> Generator[Loads]:
    """The load, until the block ends."""
    loads, port = Loads(), there.ports.https
    with contextlib.ExitStack() as stack:
        for name, clients in _clients(port, amount.pace).items():
            loads.hammered[name] = hammering.Counted()
            stack.enter_context(hammering.wrk(clients, folder, loads.hammered[name]))
        loads.hammered["h2load"] = hammering.Counted()
        stack.enter_context(hammering.h2load(wanted.SHOP, port, loads.hammered["h2load"]))
        stack.enter_context(_streams(there, amount, loads))
        yield loads


def _clients(port: int, pace: int) -> dict[str, hammering.Clients]:
    close = "Connection: close"
    return {
        "wrk, kept connections": hammering.Clients(wanted.SHOP, port, 8, 20 * pace),
        "wrk, Connection: close": hammering.Clients(wanted.SHOP, port, 4, 40 * pace, close),
        "wrk, passed through": hammering.Clients(wanted.VAULT, port, 2, 30 * pace),
        "wrk, passed through, Connection: close": hammering.Clients(wanted.VAULT, port, 2, 60 * pace, close),
    }


@contextlib.contextmanager
def _streams(there: behind.Behind, amount: Amount, loads: Loads) -> Generator[None]:
    port = there.ports.https
    ssh = [*there.sshd.ssh(port), f"{getpass.getuser()}@127.0.0.1"]
    hosts = (wanted.CHAT, wanted.TUNNEL, wanted.CHAT)
    plan = streams.Plan(
        port, str(there.authority), hosts, amount.websockets, amount.downloads, ssh, amount.sessions, amount.browsers, wanted.SHOP
    )
    command = [sys.executable, "-m", "e2e.live.streams", "--plan", json.dumps(dataclasses.asdict(plan))]
    folder = Path(__file__).resolve().parents[2]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=folder)
    try:
        yield
        said = process.communicate(timeout=_END_SECONDS)[0]
        loads.streamed |= {kind: streams.Tally(**tally) for kind, tally in json.loads(said).items()}
    finally:
        process.kill()
        process.communicate()
