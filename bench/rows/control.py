"""The control plane: how fast commands start, how a site of 10,000 services is checked, how soon ``up`` serves.

Limits, all of them ratios to something small and well known that is run in turn with hapilot, but for memory and growth.
"""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench import commands, measure, plot, processes, values
from bench.rows import scale
from hapilot.sources.file import self_signed

QUICKSTART = Path(__file__).resolve().parents[2] / "examples" / "quickstart"
FIRST = 9.0
"""No bar of its own: a first start loads the models, the compiler and the evaluator, makes certificates and has HAProxy check what
is new. The row is there so that it does not grow unnoticed."""
_STARTS_PER_ROUND = 4
_SERVE_SECONDS = 10.0
SIZES = (100, 300, 1_000, 3_000, 10_000)
"""Numbers of services; the last one is held against the bar."""

_LOAD = """\
import gc, sys, time, yaml
gc.disable()
text = open(sys.argv[1], encoding="utf-8").read()
began = time.process_time()
yaml.load(text, Loader=yaml.CSafeLoader)
print(time.process_time() - began)
"""
"""What ``check`` is held against: PyYAML's fastest loader, nothing but loading."""


def version(effort: values.Effort) -> values.Reading:
    """``hapilot version`` against a Python that imports click, in wall time."""
    with _folder() as folder:
        environment = commands.installed(folder)
        sides = (commands.hapilot("version"), (sys.executable, "-c", "import click"))
        ours, theirs = _in_turn([lambda side=side: commands.take(side, folder, environment).wall for side in sides], effort)
    return _ratio(ours, theirs, "import click")


@dataclass(frozen=True, slots=True)
class Checks:
    """What checks of growing sites took, by the number of services: CPU seconds of ``check`` (its start included) and of the
    loader, and the memory of the largest check."""

    lines: int
    ours: dict[int, float]
    theirs: dict[int, float]
    memory: float
    placed: bool
    """Whether a fault in the last line of the largest site is reported with its line and column."""


@functools.cache
def checks(effort: values.Effort) -> Checks:
    """Measure once for all rows about ``check``."""
    with _folder() as folder:
        environment = commands.installed(folder)
        ours: dict[int, float] = {}
        theirs: dict[int, float] = {}
        memory, lines = 0.0, 0
        for size in SIZES:
            site = folder / f"{size}.yaml"
            text = "\n".join(scale.typical(size)) + "\n"
            site.write_text(text, encoding="utf-8")
            lines = text.count("\n")
            taken: list[commands.Took] = []
            loaded: list[float] = []
            for _ in range(min(effort.rounds, 3) + 1):  # the first one fills caches
                taken.append(commands.take(_check(site), folder, environment))
                loaded.append(float(commands.take((sys.executable, "-c", _LOAD, str(site)), folder, environment).output))
            ours[size] = statistics.median(one.cpu for one in taken[1:])
            theirs[size] = statistics.median(loaded[1:])
            memory = max(one.memory for one in taken)
        return Checks(lines, ours, theirs, memory, _placed(folder, environment, lines))


def _check(site: Path) -> tuple[str, ...]:
    return commands.hapilot("check", "--no-haproxy", str(site))


def _placed(folder: Path, environment: Mapping[str, str], lines: int) -> bool:
    """Whether the place of a fault is known where the site is largest: in its last line."""
    site = folder / f"{SIZES[-1]}.yaml"
    text = site.read_text(encoding="utf-8")
    last = text.rstrip("\n").rpartition("\n")[2]
    site.write_text(text.removesuffix(f"{last}\n") + "    retries: many\n", encoding="utf-8")
    said = commands.take(_check(site), folder, environment, may_fail=True).output
    return f"{site.name}:{lines}:14 error[wrong-type]" in said


def check_time(effort: values.Effort) -> values.Reading:
    """``check`` without HAProxy of the largest site against the loader."""
    found = checks(effort)
    if not found.placed:
        raise values.NotMeasured("a fault in the last line was not reported with its place, so the comparison would not be fair")
    ours, theirs = found.ours[SIZES[-1]], found.theirs[SIZES[-1]]
    details = {"lines": found.lines, "services": SIZES[-1], "cpu_seconds": round(ours, 3), "loader_cpu_seconds": round(theirs, 3)}
    return values.Reading(ours / theirs, f"{ours:.2f} s CPU", f"CSafeLoader: {theirs:.2f} s", details=details)


def check_memory(effort: values.Effort) -> values.Reading:
    """The memory that it takes at most."""
    return values.Reading(checks(effort).memory, f"{checks(effort).memory:.0f} MiB")


def check_growth(effort: values.Effort) -> values.Reading:
    """How the time grows from the middle to the largest site, as an exponent: 1 is linear. Draws the curve too."""
    found = checks(effort)
    times = list(found.ours.values())
    exponent = scale.exponent(SIZES, times)
    curves = {"hapilot check --no-haproxy": found.ours, "PyYAML CSafeLoader, collector off": found.theirs}
    drawn = plot.draw(curves)
    shown = ", ".join(f"{size:,}: {seconds:.2f} s" for size, seconds in found.ours.items())
    details = {"cpu_seconds": {str(size): round(seconds, 3) for size, seconds in found.ours.items()}, "plot": drawn}
    return values.Reading(exponent, shown, details=details)


def serving(which: values.Which, effort: values.Effort, *, first: bool) -> values.Reading:
    """From the start of ``up`` on the quickstart to the first TLS handshake, against a bare HAProxy on what ``up`` rendered plus
    ``hapilot version``. Wall time. With ``first`` each ``up`` finds an empty state directory, else one on which it has served."""
    haproxy = measure.choose(which)
    with _folder() as folder:
        port, plain = processes.free_ports(2)
        # Run by root, HAProxy drops to another user, who has to pass through to the sockets.
        folder.chmod(0o711)
        (sockets := folder / "run").mkdir(mode=0o711)
        site = _quickstart(folder)
        environment = {**commands.installed(folder), "HTTPS_PORT": str(port), "HTTP_PORT": str(plain)}
        state = folder / "state"

        def up() -> float:
            if first:
                shutil.rmtree(state, ignore_errors=True)
            words = ("up", "--haproxy", which, "--state", str(state), "--stop-seconds", "0", str(site))
            return _until_served(commands.hapilot(*words), folder, environment, port)

        def bare() -> float:
            generation = state / "current"
            words = (str(haproxy.path), "-W", "-db", "-C", str(generation), "-f", str(generation / "haproxy.cfg"))
            started = _until_served(words, folder, {**os.environ, "HAPILOT_RUN": str(sockets)}, port)
            return started + commands.take(commands.hapilot("version"), folder, environment).wall

        ours, theirs = _in_turn([up, bare], effort)
    return _ratio(ours, theirs, "HAProxy + version", haproxy.version_text)


def _quickstart(folder: Path) -> Path:
    """A copy of the example, with the CA that it wants of whoever tries it."""
    site = folder / "site"
    shutil.copytree(QUICKSTART, site)
    (site / "backend-ca.pem").write_text(self_signed.LocalAuthority(None).ca_text(measure.now()), encoding="ascii")
    return site / "hapilot.yaml"


def _until_served(arguments: tuple[str, ...], folder: Path, environment: Mapping[str, str], port: int) -> float:
    """Seconds until the port completes a TLS handshake. The program and what it started are gone afterwards."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    log = folder / "serving.log"
    with log.open("wb") as output:
        began = time.perf_counter()
        process = subprocess.Popen(arguments, cwd=folder, env=dict(environment), stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        try:
            while not _serves(port, context):
                if process.poll() is not None or time.perf_counter() - began > _SERVE_SECONDS:
                    said = log.read_text(encoding="utf-8", errors="replace").strip()[-300:]
                    raise values.NotMeasured(f"{' '.join(arguments[-2:])} does not serve: {said}")
                time.sleep(0.001)
            return time.perf_counter() - began
        finally:
            process.terminate()
            process.wait(_SERVE_SECONDS)
            _wait_closed(port)


def _serves(port: int, context: ssl.SSLContext) -> bool:
    with contextlib.suppress(OSError), processes.connect(port) as plain, context.wrap_socket(plain, server_hostname="shop.example.test"):
        return True
    return False


def _wait_closed(port: int) -> None:
    """Returns when nobody listens any more, so that the next start is measured and not the end of the last one."""
    deadline = time.monotonic() + _SERVE_SECONDS
    with contextlib.suppress(OSError):
        while time.monotonic() < deadline:
            processes.connect(port).close()
            time.sleep(0.01)
        raise values.NotMeasured(f"port {port} is still open")


def _in_turn(sides: list[Callable[[], float]], effort: values.Effort) -> list[list[float]]:
    """What the sides take, in turn; the first of each fills caches and does not count."""
    rounds = [[side() for side in sides] for _ in range(effort.rounds * _STARTS_PER_ROUND + 1)][1:]
    return [[one[place] for one in rounds] for place in range(len(sides))]


def _ratio(ours: list[float], theirs: list[float], against: str, program: str = "") -> values.Reading:
    mine, other = statistics.median(ours), statistics.median(theirs)
    ratios = [one / two for one, two in zip(ours, theirs, strict=True)]
    details = {
        "ratio_of_rounds": [round(min(ratios), 3), round(max(ratios), 3)],
        "ours_ms": [round(one * 1e3, 1) for one in ours],
        "theirs_ms": [round(one * 1e3, 1) for one in theirs],
    }
    return values.Reading(mine / other, f"{mine * 1e3:.0f} ms", f"{against}: {other * 1e3:.0f} ms", program, details)


@contextlib.contextmanager
def _folder() -> Generator[Path]:
    with tempfile.TemporaryDirectory(prefix="hapilot-bench-") as folder:
        yield Path(folder)


def _starts(*, first: bool) -> list[tuple[values.Which, Callable[[values.Effort], values.Reading]]]:
    kinds: tuple[values.Which, ...] = ("embedded", "system")
    return [(which, functools.partial(serving, which, first=first)) for which in kinds]


ROWS = (
    values.Limit("version", "hapilot version: against import click", 2.5, "x", version),
    values.Limit("check-10000", "check without HAProxy of 10,000 services: against PyYAML's CSafeLoader", 4.0, "x", check_time),
    values.Limit("check-memory", "its memory at most", 600, " MiB", check_memory),
    values.Limit("check-growth", "its growth from 100 services on, as an exponent", 1.2, "", check_growth),
    *(
        values.Limit(f"serving-{which}", "up of the quickstart, started again: against HAProxy + version", 3.0, "x", again)
        for which, again in _starts(first=False)
    ),
    *(
        values.Limit(f"first-serving-{which}", "the same, with an empty state directory", FIRST, "x", once)
        for which, once in _starts(first=True)
    ),
)
