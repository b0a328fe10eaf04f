"""The load tool wrk: TLS, HTTP/1.1, one thread, on kept connections or with a new one for each request.

In: a load, the host to ask for, a port and a core. Out: a :class:`values.Burst`. Called by :mod:`bench.measure`, and by
:mod:`bench.clients`, which runs it until it is told to stop.
"""

from __future__ import annotations

import math
import subprocess
from pathlib import Path

from bench import processes, values

SCRIPT = Path(__file__).with_name("wrk.lua")
THINKING = Path(__file__).with_name("thinking.lua")
"""As SCRIPT, for clients that wait 20 ms between an answer and the next request."""


def run(load: values.Load, asked: str, port: int, core: int, seconds: float) -> values.Burst:
    """Ask for ``load`` over TLS for about ``seconds``; wrk counts in whole seconds, so it is rounded up."""
    whole = math.ceil(seconds)
    command = processes.pinned(core, arguments(load, asked, port, whole))
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=whole + 30, check=False)
    except subprocess.TimeoutExpired as problem:
        raise values.NotMeasured(f"wrk did not end in {whole + 30} s") from problem
    if done.returncode:
        raise values.NotMeasured(f"wrk failed: {(done.stderr or done.stdout).strip()[-200:]}")
    return parse(done.stdout)


def arguments(load: values.Load, asked: str, port: int, seconds: int, script: Path = SCRIPT) -> tuple[str, ...]:
    """The command line. wrk takes SNI and address from the URL, so another host is a header only."""
    headers = [f"Host: {asked}"] if asked != values.EDGE_HOST else []
    headers += [] if load.kept else ["Connection: close"]
    url = f"https://{values.EDGE_HOST}:{port}{load.path}"
    said = [word for header in headers for word in ("-H", header)]
    return (processes.tool("wrk"), "-t1", f"-c{load.connections}", f"-d{seconds}s", "--timeout", "5s", "-s", str(script), *said, url)


def parse(output: str) -> values.Burst:
    """The burst in wrk's output, whose durations are microseconds. Pure."""
    line = next((line for line in output.splitlines() if line.startswith("BENCH ")), None)
    if line is None:
        raise values.NotMeasured(f"wrk printed no summary: {output.strip()[-200:]}")
    requests, microseconds, received, errors, p99 = (int(word) for word in line.split()[1:])
    return values.Burst(requests, microseconds / 1e6, received, errors, p99 / 1e3)
