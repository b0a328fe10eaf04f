"""What runs right now, read from HAProxy's sockets.

In: the directory of the sockets. Out: :class:`Running`, frozen. Called by ``plan`` (through the loop), ``status`` and tests.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from hapilot.base import errors
from hapilot.runtime import client, commands

RUNTIME_SOCKET = "runtime.sock"
MASTER_SOCKET = "master.sock"
SERVER_STATE = "servers.state"
"""What a reload hands on about servers; the configuration names it: ``server-state-file "${HAPILOT_RUN}/servers.state"``."""

WORKER_SECONDS = 0.5
"""How long a worker may take to say how many connections it has: it takes a millisecond."""

ProxyKind = Literal["frontend", "backend"]


@dataclass(frozen=True, slots=True)
class Info:
    """The worker as a whole. ``rate`` is new sessions per second."""

    version: str
    pid: int
    uptime_seconds: int
    connections: int
    max_connections: int
    rate: int
    total_requests: int
    stopping: bool


@dataclass(frozen=True, slots=True)
class ServerState:
    """One server. ``check_status`` is HAProxy's code (L4CON, L6RSP, …; management manual, 9.1);
    ``last_check`` its words for the last health check; ``error`` is empty while the server is up."""

    name: str
    address: str
    status: str
    check_status: str
    last_check: str
    check_description: str
    weight: int
    sessions: int
    total: int
    queue: int
    last_change_seconds: int
    error: str


@dataclass(frozen=True, slots=True)
class ProxyState:
    """One frontend or backend; bytes are from the client's view (in: received from it)."""

    name: str
    kind: ProxyKind
    status: str
    sessions: int
    total: int
    rate: int
    bytes_in: int
    bytes_out: int
    errors: int
    servers: tuple[ServerState, ...] = ()


@dataclass(frozen=True, slots=True)
class Worker:
    """One worker process. ``sessions`` is None where it could not be asked."""

    pid: int
    age_seconds: int
    reloads: int
    old: bool
    sessions: int | None


@dataclass(frozen=True, slots=True)
class Running:
    """One look at a running HAProxy."""

    info: Info
    proxies: tuple[ProxyState, ...]
    workers: tuple[Worker, ...]
    _named: Mapping[tuple[str, ProxyKind], ProxyState] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # The first of a name counts, should HAProxy ever tell two.
        object.__setattr__(self, "_named", {(proxy.name, proxy.kind): proxy for proxy in reversed(self.proxies)})

    def by_own_names(self, given: Mapping[str, str]) -> Running:
        """The same, with each backend that a spare one stands for (``given``: backend to spare) found by its own name too."""
        if not given:
            return self
        found = replace(self)
        spares = {backend: self._named.get((spare, "backend")) for backend, spare in given.items()}
        named = {(backend, "backend"): proxy for backend, proxy in spares.items() if proxy is not None}
        object.__setattr__(found, "_named", {**self._named, **named})
        return found

    def proxy(self, name: str, kind: ProxyKind) -> ProxyState | None:
        """The frontend or backend of that name, or None."""
        return self._named.get((name, kind))


def observe(run_dir: Path, timeout: float = client.SECONDS) -> Running:
    """Reads everything once. Raises HaproxyFailed if the worker does not answer; a silent master only costs the workers."""
    runtime = client.RuntimeClient(run_dir / RUNTIME_SOCKET, timeout)
    info = read_info(commands.parse_info(runtime.send("show info")))
    proxies = read_proxies(commands.parse_stat(runtime.send("show stat")))
    return Running(info, proxies, observe_workers(run_dir, timeout))


def observe_workers(run_dir: Path, timeout: float = client.SECONDS) -> tuple[Worker, ...]:
    """The workers, the current one first. Empty if there is no master to ask. Those that hang cost a second, however many they are."""
    master = client.MasterClient(run_dir / MASTER_SOCKET, timeout)
    try:
        lines = [line for line in master.processes() if line.kind == "worker"]
    except errors.HaproxyFailed:
        return ()
    asked, over = client.MasterClient(master.path, WORKER_SECONDS), time.monotonic() + 2 * WORKER_SECONDS
    found = ((line, _sessions(asked, line.pid) if time.monotonic() < over else None) for line in lines)
    return tuple(Worker(line.pid, line.uptime_seconds, line.reloads, line.old, sessions) for line, sessions in found)


def _sessions(master: client.MasterClient, pid: int) -> int | None:
    # An old worker may end between the two questions: then there is nothing to count.
    with contextlib.suppress(errors.HaproxyFailed, KeyError, ValueError):
        return int(commands.parse_info(master.send(f"@!{pid} show info"))["CurrConns"])
    return None


def read_info(fields: Mapping[str, str]) -> Info:
    """``show info`` as a value. Pure."""
    return Info(
        version=fields.get("Version", ""),
        pid=_number(fields.get("Pid")),
        uptime_seconds=_number(fields.get("Uptime_sec")),
        connections=_number(fields.get("CurrConns")),
        max_connections=_number(fields.get("Maxconn")),
        rate=_number(fields.get("SessRate")),
        total_requests=_number(fields.get("CumReq")),
        stopping=fields.get("Stopping", "0") != "0",
    )


def read_proxies(rows: Iterable[Mapping[str, str]]) -> tuple[ProxyState, ...]:
    """``show stat`` as values, in HAProxy's order. Pure. A `listen` section appears as a frontend and a backend."""
    found: list[ProxyState] = []
    servers: dict[str, list[ServerState]] = {}
    for row in rows:
        kind = row.get("svname", "")
        if kind == "FRONTEND":
            found.append(_proxy(row, "frontend", ()))
        elif kind == "BACKEND":
            found.append(_proxy(row, "backend", tuple(servers.pop(row["pxname"], ()))))
        elif row.get("type") == "2":
            servers.setdefault(row["pxname"], []).append(_server(row))
    return tuple(found)


def _proxy(row: Mapping[str, str], kind: ProxyKind, servers: tuple[ServerState, ...]) -> ProxyState:
    return ProxyState(
        name=row["pxname"],
        kind=kind,
        status=row.get("status", ""),
        sessions=_number(row.get("scur")),
        total=_number(row.get("stot")),
        rate=_number(row.get("rate")),
        bytes_in=_number(row.get("bin")),
        bytes_out=_number(row.get("bout")),
        errors=sum(_number(row.get(column)) for column in ("ereq", "econ", "eresp")),
        servers=servers,
    )


def _server(row: Mapping[str, str]) -> ServerState:
    status = row.get("status", "")
    description = row.get("check_desc", "")
    last = row.get("last_chk", "")
    said = f"{description}: {last}" if last and last != description else description
    return ServerState(
        name=row["svname"],
        address=row.get("addr", ""),
        status=status,
        # An asterisk marks a check that is under way (management manual, 9.1).
        check_status=row.get("check_status", "").removeprefix("* "),
        last_check=last,
        check_description=description,
        weight=_number(row.get("weight")),
        sessions=_number(row.get("scur")),
        total=_number(row.get("stot")),
        queue=_number(row.get("qcur")),
        last_change_seconds=_number(row.get("lastchg")),
        error=said if status.startswith(("DOWN", "NOLB")) else "",
    )


def _number(text: str | None) -> int:
    """HAProxy leaves columns empty that do not apply."""
    return int(text) if text and text.lstrip("-").isdigit() else 0
