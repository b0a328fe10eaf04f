"""What is running, in our words: listeners, services, servers and certificates. ``status`` prints it.

In: the state directory. Out: a :class:`Report`. The words come from the summary that was kept with the running generation, never
from the site file, which may have changed since; the numbers come from HAProxy.
"""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from typing import Any

from hapilot.base import errors
from hapilot.reconcile import drift, meant, reasons, serving, standing
from hapilot.reconcile.quarantine import keeping
from hapilot.render import summary
from hapilot.runtime import descriptors, files, observe, overrides, process, reading


@dataclass(frozen=True, slots=True)
class ListenerReport:
    """A listener: where it accepts and what goes through it."""

    name: str
    bind: tuple[str, ...]
    status: str
    sessions: int
    rate: int
    total: int


@dataclass(frozen=True, slots=True)
class ServerReport:
    """A server: ``health`` is HAProxy's word (UP, DOWN, MAINT, …), ``reason`` why it is not up. ``overrides`` is what was said of it by
    hand, or of all of its service: each with who said it and when."""

    name: str
    address: str
    health: str
    reason: str
    sessions: int
    total: int
    weight: int
    last_change_seconds: int
    overrides: overrides.Overrides = ()


@dataclass(frozen=True, slots=True)
class ServiceReport:
    """A service and its servers. It has several backends where its listeners need different ones; ``backend`` is HAProxy's name of one,
    which is that of a prepared one where the service came without a reload."""

    name: str
    backend: str
    tls: str
    health: str
    sessions: int
    rate: int
    total: int
    servers: tuple[ServerReport, ...]


@dataclass(frozen=True, slots=True)
class WorkerReport:
    """A worker of a former generation that finishes its connections: how many there are, None where it does not say, and its age."""

    pid: int
    sessions: int | None
    age_seconds: int


@dataclass(frozen=True, slots=True)
class Report:
    """One look at a running site. ``hapilot_pid`` is None where no hapilot looks after HAProxy; ``last_change`` in s since 1970.

    ``rolled_back_to`` is the generation whose files were brought back, 0 where it is none; ``confirm_until`` (s since 1970) is when the
    generation goes unless it is confirmed, 0 where it does not wait. ``idle_overrides`` is what was said by hand of what the site does not
    have now; ``trouble`` what could not be read of all that was said. ``drift`` is what
    others have changed in HAProxy since ``drift_since`` (s since 1970), as far as a running hapilot has noticed.
    """

    site: str
    haproxy: str
    hapilot_pid: int | None
    pid: int
    generation: int
    uptime_seconds: int
    connections: int
    last_change: float
    listeners: tuple[ListenerReport, ...]
    services: tuple[ServiceReport, ...]
    certificates: tuple[summary.CertificateSummary, ...]
    old_workers: tuple[WorkerReport, ...]
    quarantined: tuple[keeping.Noted, ...] = ()
    rolled_back_to: int = 0
    confirm_until: float = 0.0
    idle_overrides: overrides.Overrides = ()
    trouble: str = ""
    drift: tuple[str, ...] = ()
    drift_since: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """The shape that docs/cli.md shows."""
        return asdict(self)


def find_process(state: files.StateDirectory) -> process.Process | None:
    """The HAProxy that serves ``state``, or None; raises StateBroken where we may not look, HaproxyFailed where one does not answer."""
    if os.path.lexists(state.root) and not os.access(state.root, os.R_OK | os.X_OK):
        raise errors.StateBroken(f"can't look into {state.root}: permission denied", "run this as the user that runs `hapilot up`")
    return process.adopt(state)


def running_process(state: files.StateDirectory) -> process.Process:
    """The HAProxy that serves ``state``; raises HaproxyFailed where none does, StateBroken where we may not look."""
    running = find_process(state)
    if running is None:
        hint = "start it with `hapilot up SITE`, or name its state directory with --state"
        raise errors.HaproxyFailed(f"nothing runs in {state.root}", hint)
    return running


def look(state: files.StateDirectory) -> Report:
    """Ask HAProxy, and put the answers beside what its generation is. Raises HaproxyFailed where nothing runs."""
    running = running_process(state)
    kept = serving.serving_summary(state)
    generation = state.serving()
    if kept is None or generation is None:
        raise errors.HaproxyFailed(f"the first start in {state.root} is not finished", "ask again in a moment")
    where = standing.look(state)
    known, trouble = _known(state)
    differs = drift.kept(state)
    seen = observe.observe(running.run_dir)
    return Report(
        site=generation.description.origin,
        haproxy=seen.info.version,
        hapilot_pid=state.holder(),
        pid=running.pid,
        generation=generation.number,
        uptime_seconds=seen.info.uptime_seconds,
        connections=seen.info.connections,
        last_change=generation.description.time,
        listeners=tuple(_listeners(kept, seen, running.pid)),
        services=tuple(_services(kept, seen.by_own_names(reading.given(running)), known)),
        certificates=kept.certificates,
        quarantined=keeping.quarantined(state, generation.number),
        old_workers=tuple(WorkerReport(one.pid, one.sessions, one.age_seconds) for one in seen.workers if one.old),
        rolled_back_to=where.restores,
        confirm_until=where.trial_ends,
        idle_overrides=tuple(meant.unmatched(kept, known)),
        trouble=trouble,
        drift=drift.shown(differs.lines),
        drift_since=differs.since,
    )


def _known(state: files.StateDirectory) -> tuple[overrides.Overrides, str]:
    """What was said of servers by hand. A record that can't be read hides nothing else."""
    try:
        return overrides.read(state), ""
    except errors.StateBroken as problem:
        return (), str(problem)


def _listeners(kept: summary.Summary, seen: observe.Running, pid: int) -> list[ListenerReport]:
    """``pid`` is the master's, which has the sockets that HAProxy was handed."""
    reports: list[ListenerReport] = []
    for listener in kept.listeners:
        proxy = seen.proxy(listener.name, "frontend")
        if proxy is not None:
            bind = tuple(_where(text, pid) for text in listener.bind)
            reports.append(ListenerReport(listener.name, bind, proxy.status, proxy.sessions, proxy.rate, proxy.total))
    return reports


def _where(bind: str, pid: int) -> str:
    """An address as the site says it; a number with what the socket is."""
    number = bind.removeprefix("fd:")
    found = descriptors.held_by(pid, int(number)) if number != bind else None
    return f"{bind} ({found})" if found is not None else bind


def _services(kept: summary.Summary, seen: observe.Running, known: overrides.Overrides) -> list[ServiceReport]:
    reports: list[ServiceReport] = []
    by_service = overrides.by_service(known)
    for use in kept.services:
        proxy = seen.proxy(use.backend, "backend")
        if proxy is None:
            continue
        said = by_service.get(use.name, ())
        servers = tuple(_server(one, use, overrides.about(said, use.name, one.name)) for one in proxy.servers if not _has_left(one, use))
        numbers = (proxy.sessions, proxy.rate, proxy.total)
        reports.append(ServiceReport(use.name, proxy.name, use.tls, _health(servers), *numbers, servers))
    return reports


def _has_left(one: observe.ServerState, use: summary.ServiceSummary) -> bool:
    """Whether it is in HAProxy's memory only, until that lets go of it."""
    return one.name not in use.servers and one.status.startswith("MAINT") and not one.sessions


def _server(one: observe.ServerState, use: summary.ServiceSummary, said: overrides.Overrides) -> ServerReport:
    reason, address = reasons.explained(one.error), use.servers.get(one.name, one.address)
    return ServerReport(one.name, address, one.status, reason, one.sessions, one.total, one.weight, one.last_change_seconds, said)


def is_up(server: ServerReport) -> bool:
    """Whether it takes requests, as far as HAProxy knows."""
    return server.health.startswith("UP") or server.health == "no check"


def _health(servers: tuple[ServerReport, ...]) -> str:
    up = sum(1 for server in servers if is_up(server))
    if up == len(servers):
        return "up"
    return "degraded" if up else "down"
