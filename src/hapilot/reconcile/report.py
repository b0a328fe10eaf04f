"""What is running, in our words: listeners, services, servers and certificates. ``status`` prints it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hapilot.base import errors
from hapilot.compile import build
from hapilot.runtime import binary, files, observe, process


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
    """A service and its servers."""

    name: str
    tls: str
    health: str
    sessions: int
    rate: int
    total: int
    servers: tuple[ServerReport, ...]


@dataclass(frozen=True, slots=True)
class CertificateReport:
    """A certificate and how long it is good for."""

    name: str
    hosts: tuple[str, ...]
    not_after: str


@dataclass(frozen=True, slots=True)
class Report:
    """One look at a running site."""

    site: str
    haproxy: str
    pid: int
    generation: int
    uptime_seconds: int
    connections: int
    last_change: float
    listeners: tuple[ListenerReport, ...]
    services: tuple[ServiceReport, ...]
    certificates: tuple[CertificateReport, ...]
    old_workers: int
    quarantined: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The shape that docs/cli.md shows."""
        return asdict(self)


def running_process(state: files.StateDirectory) -> process.Process:
    """The HAProxy that serves ``state``; raises HaproxyFailed where none does."""
    running = process.adopt(state)
    if running is None:
        hint = "start it with `hapilot up SITE`, or name its state directory with --state"
        raise errors.HaproxyFailed(f"nothing runs in {state.root}", hint)
    return running


def look(made: build.Build, state: files.StateDirectory) -> Report:
    """Ask HAProxy and put the answers beside the site that ``state`` says it runs."""
    running = running_process(state)
    seen = observe.observe(running.run_dir)
    current = state.current()
    return Report(
        site=str(state.origin().get("site", "")),
        haproxy=seen.info.version,
        pid=running.pid,
        generation=current.number if current else 0,
        uptime_seconds=seen.info.uptime_seconds,
        connections=seen.info.connections,
        last_change=current.description.time if current else 0.0,
        listeners=tuple(_listeners(made, seen)),
        services=tuple(_services(made, seen)),
        certificates=tuple(
            CertificateReport(one.shown, tuple(str(host) for host in one.hosts), one.not_after.isoformat())
            for one in made.site.materials.certificates
        ),
        old_workers=sum(1 for worker in seen.workers if worker.old),
    )


def site_of(state: files.StateDirectory) -> Path:
    """The site that runs in ``state``."""
    return Path(str(state.origin().get("site", "")))


def haproxy_of(state: files.StateDirectory) -> str:
    """The HAProxy that runs in ``state``, as ``--haproxy`` takes it."""
    return str(state.origin().get("haproxy", "")) or str(binary.choose(None).path)


def _listeners(made: build.Build, seen: observe.Running) -> list[ListenerReport]:
    reports: list[ListenerReport] = []
    for name, listener in (made.site.spec.listeners or {}).items():
        proxy = seen.proxy(name, "frontend")
        if proxy is not None:
            binds = tuple(str(bind) for bind in listener.bind)
            reports.append(ListenerReport(name, binds, proxy.status, proxy.sessions, proxy.rate, proxy.total))
    return reports


def _services(made: build.Build, seen: observe.Running) -> list[ServiceReport]:
    reports: list[ServiceReport] = []
    for use in made.backends:
        proxy = seen.proxy(use.backend, "backend")
        if proxy is None:
            continue
        addresses = {server.name: server.address for server in use.servers}
        servers = tuple(_server(one, addresses.get(one.name, one.address)) for one in proxy.servers)
        reports.append(ServiceReport(use.backend, use.tls, _health(servers), proxy.sessions, proxy.rate, proxy.total, servers))
    return reports


def _server(one: observe.ServerState, address: str) -> ServerReport:
    return ServerReport(one.name, address, one.status, one.error, one.sessions, one.total, one.weight, one.last_change_seconds)


def _health(servers: tuple[ServerReport, ...]) -> str:
    up = sum(1 for server in servers if server.health.startswith("UP") or server.health == "no check")
    if up == len(servers):
        return "up"
    return "degraded" if up else "down"
