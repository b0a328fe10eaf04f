"""Rows, measured: all contenders run at once, and bursts of load go to one after the other in turn (A B C A B C …).

In: rows that share our side, the load and the HAProxy, and how long to measure. Out: samples, or why there are none. Called by
:mod:`bench.__main__`. Whatever disturbs the machine meets all sides.
"""

from __future__ import annotations

import contextlib
import datetime
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench import accounting, arithmetic, h2load, processes, servers, values, wrk
from hapilot.base import errors
from hapilot.compile import target
from hapilot.model import values as site_values
from hapilot.runtime import binary
from hapilot.sources.file import self_signed

WARM_UP_SECONDS = 1.0
PATIENCE = 4
"""How many times the wanted rounds are measured at most, where other programs disturb."""

Outcome = values.Samples | values.NotMeasured


@dataclass(frozen=True, slots=True)
class Runner:
    """A contender that runs."""

    contender: values.Contender
    pid: int
    port: int


@dataclass(frozen=True, slots=True)
class Shared:
    """What the contenders of a group have in common."""

    folder: Path
    haproxy: binary.Haproxy
    certificate: Path
    authority: Path
    web: servers.Web
    log_port: int


@dataclass(slots=True)
class _Field:
    """Who takes part. One that fails leaves, and the reason stays."""

    runners: list[Runner] = field(default_factory=list[Runner])
    failed: dict[str, values.NotMeasured] = field(default_factory=dict[str, values.NotMeasured])

    def round(self, load: values.Load, seconds: float, web: int) -> arithmetic.Round | None:
        """A burst for everybody; None if somebody failed: without that one it starts again."""
        pids = (web, *(runner.pid for runner in self.runners))
        taken: list[values.Sample] = []
        for runner in self.runners:
            try:
                taken.append(_burst(load, runner, seconds, pids))
            except values.NotMeasured as problem:
                self.failed[runner.contender.name] = problem
                self.runners = [one for one in self.runners if one is not runner]
                return None
        return tuple(taken)


def measure(rows: Sequence[values.Row], effort: values.Effort) -> dict[str, Outcome]:
    """Measure ``rows``, which have our side, load and HAProxy in common: an outcome by the row's name. NotMeasured is raised
    where it holds for all of them: a program is missing, or our own side fails."""
    first = rows[0]
    haproxy = choose(first.haproxy)
    contenders = tuple({one.name: one for one in (first.ours, *(row.theirs for row in rows))}.values())
    found, discarded = interleave(contenders, first.load, haproxy, effort)
    ours = found[first.ours.name]
    if isinstance(ours, values.NotMeasured):
        raise ours
    outcomes: dict[str, Outcome] = {}
    for row in rows:
        theirs = found[row.theirs.name]
        missing = isinstance(theirs, values.NotMeasured)
        outcomes[row.name] = theirs if missing else values.Samples(ours, theirs, haproxy.version_text, discarded)
    return outcomes


def interleave(
    contenders: tuple[values.Contender, ...], load: values.Load, haproxy: binary.Haproxy, effort: values.Effort
) -> tuple[Mapping[str, tuple[values.Sample, ...] | values.NotMeasured], int]:
    """Samples of each contender by its name, and how many more rounds were left out. Where other programs disturb, rounds are
    repeated until enough were quiet, up to PATIENCE times as many; then the quietest count."""
    with contextlib.ExitStack() as stack:
        shared = share(stack, haproxy)
        taking_part = _Field()
        for number, one in enumerate(contenders):
            try:
                taking_part.runners.append(start(stack, number, one, shared))
            except values.NotMeasured as problem:
                taking_part.failed[one.name] = problem
        rounds = _rounds(taking_part, load, effort, shared.web.pid)
    quiet = arithmetic.quietest(rounds, effort.rounds)
    sides = zip(*quiet, strict=True)
    found = {runner.contender.name: side for runner, side in zip(taking_part.runners, sides, strict=True)}
    return {**found, **taking_part.failed}, max(0, len(rounds) - effort.rounds)


def _rounds(taking_part: _Field, load: values.Load, effort: values.Effort, web: int) -> list[arithmetic.Round]:
    while taking_part.runners and taking_part.round(load, WARM_UP_SECONDS, web) is None:
        pass
    rounds: list[arithmetic.Round] = []
    while taking_part.runners and arithmetic.quiet_rounds(rounds) < effort.rounds and len(rounds) < effort.rounds * PATIENCE:
        one = taking_part.round(load, effort.seconds, web)
        rounds = [] if one is None else [*rounds, one]
    return rounds


def choose(wanted: values.Which) -> binary.Haproxy:
    """The HAProxy of a row; NotMeasured without it."""
    try:
        return binary.choose(wanted)
    except errors.HaproxyMissing as problem:
        raise values.NotMeasured(str(problem)) from problem


def now() -> datetime.datetime:
    """The time, for certificates."""
    return datetime.datetime.now(datetime.UTC)


def _issue(folder: Path) -> tuple[Path, Path]:
    """A PEM file for the edge host and further names, the same for all contenders, and the CA that issued it."""
    names = [site_values.parse_host(name) for name in (values.EDGE_HOST, values.WILDCARD)]
    authority, today = self_signed.LocalAuthority(None), now()
    certificate, ca = folder / "edge.pem", folder / "ca.pem"
    certificate.touch(mode=0o600)
    certificate.write_text(authority.certificate(names, today).text(), encoding="ascii")
    ca.write_text(authority.ca_text(today), encoding="ascii")
    return certificate, ca


def share(stack: contextlib.ExitStack, haproxy: binary.Haproxy) -> Shared:
    """A folder, certificates and servers until ``stack`` ends."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hapilot-bench-")))
    certificate, authority = _issue(folder)
    web = stack.enter_context(servers.web(folder / "web", processes.cores().load, certificate))
    return Shared(folder, haproxy, certificate, authority, web, stack.enter_context(servers.syslog()))


def start(stack: contextlib.ExitStack, number: int, contender: values.Contender, shared: Shared) -> Runner:
    """Run a contender until ``stack`` ends."""
    stage = stage_of(f"{number}-{contender.name}", shared)
    pid = stack.enter_context(processes.running(contender.prepare(stage), processes.cores().proxy, stage.port))
    return Runner(contender, pid, stage.port)


def stage_of(name: str, shared: Shared) -> values.Stage:
    """A folder and ports for one contender."""
    folder = shared.folder / name
    folder.mkdir()
    port, spare, plain, ssh = processes.free_ports(4)
    version = (shared.haproxy.version[0], shared.haproxy.version[1])
    return values.Stage(
        folder=folder,
        haproxy=shared.haproxy.path,
        target=target.Target(version=version, features=shared.haproxy.features, ipv6=False),
        port=port,
        spare_port=spare,
        other_ports=(plain, ssh),
        server_port=shared.web.port,
        log_port=shared.log_port,
        certificate=shared.certificate,
        authority=shared.authority,
        tls_server_port=shared.web.tls_port,
        other_server_port=shared.web.other_port,
    )


def _burst(load: values.Load, runner: Runner, seconds: float, pids: tuple[int, ...]) -> values.Sample:
    """One burst and what it cost. A failed or short answer makes the numbers worthless, so there are none."""
    cores = processes.cores()
    all_before, own_before, before = _all(cores), _own(pids), accounting.of_process(runner.pid)
    run = h2load.run if load.streams else wrk.run
    burst = run(load, runner.contender.asked, runner.port, cores.load, seconds)
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
