"""The load tool h2load: TLS, HTTP/2, many requests at a time on each kept connection, one thread.

In: a load, the host to ask for, a port and a core. Out: a :class:`values.Burst`. Called by :mod:`bench.measure`.
"""

from __future__ import annotations

import math
import re
import subprocess

from bench import processes, values

_SECONDS = re.compile(r"^finished in (?P<value>[\d.]+)(?P<unit>us|ms|s),", re.MULTILINE)
_REQUESTS = re.compile(
    r"^requests: \d+ total, \d+ started, (?P<done>\d+) done, (?P<good>\d+) succeeded, (?P<failed>\d+) failed, (?P<errored>\d+) errored",
    re.MULTILINE,
)
_TRAFFIC = re.compile(r"^traffic: .*?\((?P<all>\d+)\) total, .*?\(\d+\) headers.*?, \S+ \((?P<data>\d+)\) data", re.MULTILINE)
_PROTOCOL = re.compile(r"^Application protocol: (?P<name>\S+)", re.MULTILINE)
_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0}


def run(load: values.Load, asked: str, port: int, core: int, seconds: float) -> values.Burst:
    """Ask for ``load`` over TLS and HTTP/2 for about ``seconds``."""
    whole = math.ceil(seconds)
    url = f"https://{values.EDGE_HOST}:{port}{load.path}"
    counts = ("-t1", f"-c{load.connections}", f"-m{load.streams}", f"-D{whole}")
    said = ("-H", f":authority: {asked}") if asked != values.EDGE_HOST else ()
    command = processes.pinned(core, (processes.tool("h2load"), *counts, *said, url))
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=whole + 30, check=False)
    except subprocess.TimeoutExpired as problem:
        raise values.NotMeasured(f"h2load did not end in {whole + 30} s") from problem
    if done.returncode:
        raise values.NotMeasured(f"h2load failed: {(done.stderr or done.stdout).strip()[-200:]}")
    return parse(done.stdout)


def parse(output: str) -> values.Burst:
    """The burst in h2load's output. ``received`` is the bodies alone, since headers are compressed. Pure."""
    seconds, requests, traffic = (pattern.search(output) for pattern in (_SECONDS, _REQUESTS, _TRAFFIC))
    if seconds is None or requests is None or traffic is None:
        raise values.NotMeasured(f"h2load printed no summary: {output.strip()[-200:]}")
    protocol = _PROTOCOL.search(output)
    if protocol is None or protocol["name"] != "h2":
        raise values.NotMeasured("no HTTP/2 was agreed on")
    failed = int(requests["failed"]) + int(requests["errored"])
    duration = float(seconds["value"]) * _UNITS[seconds["unit"]]
    return values.Burst(int(requests["good"]), duration, int(traffic["data"]), failed, None)
