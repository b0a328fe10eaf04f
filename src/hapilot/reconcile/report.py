"""What is running, in our words: listeners, services, servers and certificates. ``status`` prints it.

In: the state directory. Out: a :class:`Report`. The words come from the summary that was kept with the running generation, never
from the site file, which may have changed since; the numbers come from HAProxy.
"""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from typing import Any

from hapilot.base import errors
from hapilot.reconcile import reasons, serving, standing
from hapilot.render import summary
from hapilot.runtime import descriptors, files, observe, process


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
    """A server: ``health`` is HAProxy's word (UP, DOWN, MAINT, …), ``reason`` why it is not up."""

    name: str
    address: str
    health: str
    reason: str
    sessions: int
    total: int
    weight: int
    last_change_seconds: int


@dataclass(frozen=True, slots=True)
class ServiceReport:
    """A service and its servers. It has several backends where its listeners need different ones."""

    name: str
    backend: str
    tls: str
    health: str
    sessions: int
    rate: int
    total: int
    servers: tuple[ServerReport, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """One look at a running site. ``hapilot_pid`` is None where no hapilot looks after HAProxy; ``last_change`` in s since 1970.

    ``rolled_back_to`` is the generation whose files were brought back, 0 where it is none; ``confirm_until`` (s since 1970) is when the
    generation goes unless it is confirmed, 0 where it does not wait.
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
    old_workers: int
    quarantined: tuple[str, ...] = ()
    rolled_back_to: int = 0
    confirm_until: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """The shape that docs/cli.md shows."""
        return asdict(self)


def running_process(state: files.StateDirectory) -> process.Process:
    """The HAProxy that serves ``state``; raises HaproxyFailed where none does, StateBroken where we may not look."""
    if os.path.lexists(state.root) and not os.access(state.root, os.R_OK | os.X_OK):
        raise errors.StateBroken(f"can't look into {state.root}: permission denied", "run this as the user that runs `hapilot up`")
    running = process.adopt(state)
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
        services=tuple(_services(kept, seen)),
        certificates=kept.certificates,
        old_workers=sum(1 for worker in seen.workers if worker.old),
        rolled_back_to=where.restores,
        confirm_until=where.trial_ends,
    )


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


def _services(kept: summary.Summary, seen: observe.Running) -> list[ServiceReport]:
    reports: list[ServiceReport] = []
    for use in kept.services:
        proxy = seen.proxy(use.backend, "backend")
        if proxy is None:
            continue
        servers = tuple(_server(one, use.servers.get(one.name, one.address)) for one in proxy.servers)
        numbers = (proxy.sessions, proxy.rate, proxy.total)
        reports.append(ServiceReport(use.name, use.backend, use.tls, _health(servers), *numbers, servers))
    return reports


def _server(one: observe.ServerState, address: str) -> ServerReport:
    reason = reasons.explained(one.error)
    return ServerReport(one.name, address, one.status, reason, one.sessions, one.total, one.weight, one.last_change_seconds)


def is_up(server: ServerReport) -> bool:
    """Whether it takes requests, as far as HAProxy knows."""
    return server.health.startswith("UP") or server.health == "no check"


def _health(servers: tuple[ServerReport, ...]) -> str:
    up = sum(1 for server in servers if is_up(server))
    if up == len(servers):
        return "up"
    return "degraded" if up else "down"
