"""The load tool wrk: TLS, HTTP/1.1, kept connections, one thread.

In: a load, a port and a core. Out: a :class:`values.Burst`. Called by :mod:`bench.measure`.
"""

from __future__ import annotations

import math
import subprocess
from pathlib import Path

from bench import processes, values

_SCRIPT = Path(__file__).with_name("wrk.lua")


def run(load: values.Load, port: int, core: int, seconds: float) -> values.Burst:
    """Ask for ``load`` over TLS for about ``seconds``; wrk counts in whole seconds, so it is rounded up."""
    whole = math.ceil(seconds)
    url = f"https://{values.EDGE_HOST}:{port}{load.path}"
    arguments = ("-t1", f"-c{load.connections}", f"-d{whole}s", "--timeout", "5s", "-s", str(_SCRIPT), url)
    command = processes.pinned(core, (processes.tool("wrk"), *arguments))
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=whole + 30, check=False)
    except subprocess.TimeoutExpired as problem:
        raise values.NotMeasured(f"wrk did not end in {whole + 30} s") from problem
    if done.returncode:
        raise values.NotMeasured(f"wrk failed: {(done.stderr or done.stdout).strip()[-200:]}")
    return parse(done.stdout)


def parse(output: str) -> values.Burst:
    """The burst in wrk's output, whose durations are microseconds. Pure."""
    line = next((line for line in output.splitlines() if line.startswith("BENCH ")), None)
    if line is None:
        raise values.NotMeasured(f"wrk printed no summary: {output.strip()[-200:]}")
    requests, microseconds, received, errors, p99 = (int(word) for word in line.split()[1:])
    return values.Burst(requests, microseconds / 1e6, received, errors, p99 / 1e3)
