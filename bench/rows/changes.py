"""Failed requests while the site changes: ``hapilot up`` applies changes that each need a reload, under three kinds of clients.

Beside it nginx gets as many SIGHUPs under the same clients; its count is shown, and held against nothing. Clients: a new
connection for each request; kept connections that are always busy; kept connections of clients that think for 20 ms. The last
two are where reloads usually hurt: a request meets a connection that is being closed.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from bench import commands, measure, processes, values, wrk
from bench.contenders import hapilot, nginxes

CHANGES_PER_ROUND = 8
_APPLY_SECONDS = 20.0
_LONGER_THAN_ALL = 600
_SETTLE_SECONDS = 0.5

_CLIENTS: Mapping[str, tuple[values.Load, Path]] = {
    "new connections": (replace(values.SMALL, connections=8, kept=False), wrk.SCRIPT),
    "busy": (replace(values.SMALL, connections=16), wrk.SCRIPT),
    "thinking": (replace(values.SMALL, connections=100), wrk.THINKING),
}


@dataclass(frozen=True, slots=True)
class _Counted:
    """Requests and failed ones by kind of client, and how long it took."""

    requests: dict[str, int]
    failed: dict[str, int]
    seconds: float

    def __str__(self) -> str:
        return " / ".join(str(count) for count in self.failed.values())

    def as_json(self) -> dict[str, object]:
        """For the results."""
        return {"requests": self.requests, "failed": self.failed, "seconds": round(self.seconds, 1)}


def of(haproxy: values.Which) -> Iterator[values.Limit]:
    """The row with one HAProxy."""
    title = "failed requests over reloads (new connections / busy / thinking clients)"
    yield values.Limit(f"reloads-{haproxy}", title, 0, " failed", lambda effort: failed(haproxy, effort))


def failed(which: values.Which, effort: values.Effort) -> values.Reading:
    """Changes of the site, then SIGHUPs of nginx, and what clients noticed."""
    haproxy = measure.choose(which)
    count = effort.rounds * CHANGES_PER_ROUND
    with contextlib.ExitStack() as stack:
        shared = measure.share(stack, haproxy)
        ours = _over_changes(measure.stage_of("up", shared), which, count)
        try:
            theirs = _over_signals(measure.start(stack, 1, nginxes.MIXED, shared), count, ours.seconds)
        except values.NotMeasured as problem:
            beside, shown = {"nginx": str(problem)}, ""
        else:
            beside, shown = {"nginx": theirs.as_json()}, f"nginx: {theirs}"
    details = {"reloads": count, "hapilot": ours.as_json(), **beside}
    return values.Reading(sum(ours.failed.values()), str(ours), shown, haproxy.version_text, details)


def _over_changes(stage: values.Stage, which: values.Which, count: int) -> _Counted:
    """The one-proxy site gets a service more, and loses it again, and so on."""
    site = hapilot.write_site(stage, hapilot.ONE_PROXY_SITE)
    without = site.read_text(encoding="utf-8")
    extra = f'  extra: {{host: extra.{values.EDGE_HOST}, tls: passthrough, servers: ["127.0.0.1:{stage.server_port}"]}}\n'
    texts = (without.replace("certificates:", f"{extra}certificates:"), without)
    words = ("up", "--haproxy", which, "--state", str(stage.folder / "state"), "--stop-seconds", "0", str(site))
    environment = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(stage.folder / "bytecode")}
    command = values.Command(commands.hapilot(*words), stage.folder, environment)

    def change() -> None:
        for number in range(count):
            new = site.with_suffix(".new")
            new.write_text(texts[number % 2], encoding="utf-8")
            new.replace(site)
            _applied(stage.folder / processes.LOG, number + 1)

    with processes.running(command, processes.cores().proxy, stage.port):
        return _under_clients(stage.port, change)


def _applied(log: Path, times: int) -> None:
    """Returns when ``up`` has said so many times that a change is applied."""
    deadline = time.monotonic() + _APPLY_SECONDS
    said = ""
    while time.monotonic() < deadline:
        said = log.read_text(encoding="utf-8", errors="replace")
        if said.count("(reload)") >= times:
            return
        time.sleep(0.02)
    raise values.NotMeasured(f"change {times} was not applied in {_APPLY_SECONDS:g} s: {said.strip()[-200:]}")


def _over_signals(nginx: measure.Runner, count: int, seconds: float) -> _Counted:
    def change() -> None:
        for _ in range(count):
            os.kill(nginx.pid, signal.SIGHUP)
            time.sleep(seconds / count)

    return _under_clients(nginx.port, change)


def _under_clients(port: int, change: Callable[[], None]) -> _Counted:
    """Run all kinds of clients during ``change``. Their time ends with SIGINT, upon which wrk counts."""
    with contextlib.ExitStack() as stack:
        running = {name: stack.enter_context(_client(load, script, port)) for name, (load, script) in _CLIENTS.items()}
        time.sleep(_SETTLE_SECONDS)
        began = time.monotonic()
        change()
        seconds = time.monotonic() - began
        time.sleep(_SETTLE_SECONDS)
        for client in running.values():
            client.send_signal(signal.SIGINT)
        bursts = {name: wrk.parse(client.communicate(timeout=30)[0]) for name, client in running.items()}
    requests = {name: burst.requests for name, burst in bursts.items()}
    return _Counted(requests, {name: burst.errors for name, burst in bursts.items()}, seconds)


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


ROWS = (*of("embedded"), *of("system"))
