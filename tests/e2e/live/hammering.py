"""Requests without end, by real load generators: wrk on kept connections and on new ones, h2load on HTTP/2.

Comes in: a port and a host. Goes out: how many requests there were, and what failed. Their number is kept small: what counts is that
there is a request in every state of the site, and that none fails. Called by ``loads``.

h2load never opens a second connection: once the proxy has announced that a connection ends (GOAWAY, at a reload), it counts as failed
what it has not begun, and what it had begun and not sent, which it can't tell from what was not answered. So it runs in short bursts. One
that a reload ended may have failures, as many as requests that may wait to be sent; any other must be perfect. ``multiplexing`` can tell.
"""

from __future__ import annotations

import contextlib
import re
import signal
import subprocess
import threading
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path

from support import haproxy

_SCRIPT = Path(__file__).with_name("paced.lua")
_FOR_EVER = 24 * 3600
_REASON = "load from a generator that is not ours"
_IN_OWN_HOSTS = 'mount --bind "$1" /etc/hosts && shift && exec "$@"'
"""wrk asks for, and names in TLS, what its URL says, and nothing else tells it where that is."""
_BURST, _CONNECTIONS, _STREAMS = 240, 2, 4
_BEGUN = re.compile(r"^requests: \d+ total, (\d+) started, (\d+) done, (\d+) succeeded,", re.MULTILINE)
_STATUSES = re.compile(r"^status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx", re.MULTILINE)


@dataclass(slots=True)
class Counted:
    """What a generator has counted. ``cut`` are bursts that were ended before their time."""

    requests: int = 0
    cut: int = 0
    failed: list[str] = field(default_factory=list[str])


@dataclass(frozen=True, slots=True)
class Clients:
    """So many connections of wrk; each waits ``pause`` milliseconds between its requests."""

    host: str
    port: int
    connections: int
    pause: int
    header: str = ""


@contextlib.contextmanager
def wrk(clients: Clients, folder: Path, counted: Counted) -> Generator[None]:
    """wrk, until the block ends; then ``counted`` says what it counted."""
    program = haproxy.require("wrk", _REASON)
    haproxy.require_root("wrk gets a file /etc/hosts of its own")
    hosts = folder / f"hosts-{clients.host}"
    hosts.write_text(f"127.0.0.1 localhost {clients.host}\n", encoding="ascii")
    words = [program, "-t1", f"-c{clients.connections}", f"-d{_FOR_EVER}s", "--timeout", "10s", "-s", _SCRIPT]
    words += ["-H", clients.header] if clients.header else []
    words += [f"https://{clients.host}:{clients.port}/", "--", str(clients.pause)]
    command = ["unshare", "--mount", "sh", "-c", _IN_OWN_HOSTS, "sh", hosts, *words]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        yield
        process.send_signal(signal.SIGINT)  # upon which it counts
        count_wrk(process.communicate(timeout=30)[0], counted)
    finally:
        process.kill()
        process.communicate()


def count_wrk(said: str, counted: Counted) -> None:
    """What wrk has printed, once it has ended."""
    line = next((line for line in said.splitlines() if line.startswith("COUNTED ")), None)
    if line is None:
        counted.failed.append(f"wrk ended before its time: {said.strip()[-300:]}")
        return
    requests, *errors = (int(word) for word in line.split()[1:])
    counted.requests = requests
    kinds = ("connect", "read", "write", "status", "timeout")
    counted.failed += [f"{count} {kind} errors" for kind, count in zip(kinds, errors, strict=True) if count]


@contextlib.contextmanager
def h2load(host: str, port: int, counted: Counted) -> Generator[None]:
    """h2load, burst after burst, until the block ends."""
    program = haproxy.require("h2load", _REASON)
    # For three seconds.
    words = [program, "-t1", f"-c{_CONNECTIONS}", f"-m{_STREAMS}", "--rps", "40", f"-n{_BURST}"]
    words += ["--connect-to", f"127.0.0.1:{port}", f"https://{host}:{port}/"]
    over = threading.Event()

    def bursts() -> None:
        while not over.is_set():
            try:
                done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
            except subprocess.TimeoutExpired:
                counted.failed.append("a burst of three seconds was not over after 60")
            else:
                count_h2load(done.stdout + done.stderr, counted)

    thread = threading.Thread(target=bursts, name="h2load")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(90)


def count_h2load(said: str, counted: Counted) -> None:
    """What h2load has printed of one burst."""
    begun, statuses = _BEGUN.search(said), _STATUSES.search(said)
    if begun is None or statuses is None or "Application protocol: h2\n" not in said:
        counted.failed.append(f"a burst had no HTTP/2 at all: {said.strip()[-300:]}")
        return
    started, done, succeeded = (int(number) for number in begun.groups())
    counted.requests += started
    counted.cut += started < _BURST
    allowed = _CONNECTIONS * _STREAMS if started < _BURST else 0
    if done != started or not started - allowed <= succeeded == int(statuses[1]):
        counted.failed.append(f"of {started} requests {done} were answered, {succeeded} well; {statuses[0]}")
