"""One row, measured: both contenders run at once, and bursts of load go to one and the other in turn (A B A B …).

In: a row and how long to measure. Out: samples. Called by :mod:`bench.__main__`. Whatever disturbs the machine meets both sides.
"""

from __future__ import annotations

import contextlib
import datetime
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench import accounting, arithmetic, processes, servers, values, wrk
from hapilot.base import errors
from hapilot.compile import target
from hapilot.model import values as site_values
from hapilot.runtime import binary
from hapilot.sources.file import self_signed

WARM_UP_SECONDS = 1.0
PATIENCE = 4
"""How many times the wanted rounds are measured at most, where other programs disturb."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How long: ``rounds`` bursts of ``seconds`` for each contender."""

    seconds: float
    rounds: int


@dataclass(frozen=True, slots=True)
class _Runner:
    """A contender that runs."""

    contender: values.Contender
    pid: int
    port: int


@dataclass(frozen=True, slots=True)
class _Shared:
    """What the contenders of a row have in common."""

    folder: Path
    haproxy: binary.Haproxy
    certificate: Path
    web: servers.Web
    log_port: int


def measure(row: values.Row, effort: Effort) -> values.Samples:
    """Measure ``row``; NotMeasured where a program is missing, a contender does not start or any request fails."""
    haproxy = _haproxy(row.haproxy)
    rounds, discarded = interleave((row.ours, row.theirs), row.load, haproxy, effort)
    ours, theirs = zip(*rounds, strict=True)
    return values.Samples(ours, theirs, haproxy.version_text, discarded)


def interleave(
    contenders: tuple[values.Contender, ...], load: values.Load, haproxy: binary.Haproxy, effort: Effort
) -> tuple[list[arithmetic.Round], int]:
    """Rounds with a sample of each contender, and how many more were left out. Where other programs disturb, rounds are
    repeated until enough were quiet, up to PATIENCE times as many; then the quietest count."""
    cores = processes.cores()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hapilot-bench-")))
        web = stack.enter_context(servers.web(folder / "web", cores.load))
        shared = _Shared(folder, haproxy, _certificate(folder), web, stack.enter_context(servers.syslog()))
        runners = [_start(stack, number, one, shared) for number, one in enumerate(contenders)]
        pids = (web.pid, *(runner.pid for runner in runners))
        for runner in runners:
            _burst(load, runner, WARM_UP_SECONDS, pids)
        rounds: list[arithmetic.Round] = []
        while arithmetic.quiet_rounds(rounds) < effort.rounds and len(rounds) < effort.rounds * PATIENCE:
            rounds.append(tuple(_burst(load, runner, effort.seconds, pids) for runner in runners))
    return arithmetic.quietest(rounds, effort.rounds), len(rounds) - effort.rounds


def _haproxy(wanted: str) -> binary.Haproxy:
    try:
        return binary.choose(wanted)
    except errors.HaproxyMissing as problem:
        raise values.NotMeasured(str(problem)) from problem


def _certificate(folder: Path) -> Path:
    """A PEM file for the edge host, the same for all contenders."""
    name = site_values.parse_host(values.EDGE_HOST)
    made = self_signed.LocalAuthority(None).certificate([name], datetime.datetime.now(datetime.UTC))
    path = folder / "edge.pem"
    path.touch(mode=0o600)
    path.write_text(made.text(), encoding="ascii")
    return path


def _start(stack: contextlib.ExitStack, number: int, contender: values.Contender, shared: _Shared) -> _Runner:
    folder = shared.folder / f"{number}-{contender.name}"
    folder.mkdir()
    port, spare, plain, ssh = processes.free_ports(4)
    version = (shared.haproxy.version[0], shared.haproxy.version[1])
    stage = values.Stage(
        folder=folder,
        haproxy=shared.haproxy.path,
        target=target.Target(version=version, features=shared.haproxy.features, ipv6=False),
        port=port,
        spare_port=spare,
        other_ports=(plain, ssh),
        server_port=shared.web.port,
        log_port=shared.log_port,
        certificate=shared.certificate,
    )
    pid = stack.enter_context(processes.running(contender.prepare(stage), processes.cores().proxy, port))
    return _Runner(contender, pid, port)


def _burst(load: values.Load, runner: _Runner, seconds: float, pids: tuple[int, ...]) -> values.Sample:
    """One burst and what it cost. A failed or short answer makes the numbers worthless, so there are none."""
    cores = processes.cores()
    all_before, own_before, before = _all(cores), _own(pids), accounting.of_process(runner.pid)
    burst = wrk.run(load, runner.port, cores.load, seconds)
    cpu = accounting.of_process(runner.pid) - before
    foreign = _all(cores) - all_before - (_own(pids) - own_before)
    if burst.errors or not burst.requests:
        raise values.NotMeasured(f"{runner.contender.name}: {burst.errors} of {burst.requests} requests failed")
    if burst.received < burst.requests * load.size:
        raise values.NotMeasured(f"{runner.contender.name}: answers have fewer than {load.size} bytes")
    return values.Sample(burst, cpu, max(0.0, foreign) / burst.seconds)


def _all(cores: processes.Cores) -> float:
    return accounting.of_cores((cores.proxy, cores.load))


def _own(pids: tuple[int, ...]) -> float:
    """CPU time of the measurement: everything it runs, and itself."""
    return accounting.of_ended_children() + time.process_time() + sum(accounting.of_process(pid) for pid in pids)
