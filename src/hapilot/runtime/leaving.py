"""How many sessions a server still has, in every worker: the one that serves and the old ones that finish their connections.

In: the HAProxy that runs, and servers by the names of their backends. Out: numbers, as HAProxy counts them (``scur`` and ``qcur`` of
``show stat``: management manual, 9.1). `drain --wait` counts until there are none.

An old worker takes no orders about servers (``Proxy is disabled``, 2.6 and 2.8): a client's connection that it keeps may bring one request
more, wherever it leads.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from hapilot.base import errors
from hapilot.plan import running as states
from hapilot.plan import tables
from hapilot.runtime import client, commands, process

_SECONDS = 2.0
"""How long an old worker may take to answer: it has little to do."""

Pair = tuple[str, str]
"""A backend and a server, by HAProxy's names."""
Ask = Callable[[str], str]
"""A command to one worker, and its answer."""


@dataclass(frozen=True, slots=True)
class Left:
    """Sessions that servers have, with what waits for them: in the worker that serves, and in ``workers`` old ones. ``other`` old workers
    have none, ``unknown`` did not answer."""

    serving: int
    old: int = 0
    workers: int = 0
    other: int = 0
    unknown: int = 0

    @property
    def sessions(self) -> int:
        """All of them."""
        return self.serving + self.old

    @property
    def is_over(self) -> bool:
        """Whether nothing goes to the servers any more."""
        return not self.sessions and not self.unknown


def count(running: process.Process, servers: Collection[Pair]) -> Left:
    """The sessions of ``servers`` now. Raises HaproxyFailed where the worker that serves does not answer."""
    serving = _sessions(running.runtime.send, servers)
    old = workers = other = unknown = 0
    for pid, ask in _old_workers(running):
        try:
            there = _sessions(ask, servers)
        except errors.HaproxyFailed:
            # It may have ended between the two questions.
            unknown += pid in {pid for pid, _ in _old_workers(running)}
            continue
        old, workers, other = old + there, workers + bool(there), other + (not there)
    return Left(serving, old, workers, other, unknown)


def _old_workers(running: process.Process) -> Iterator[tuple[int, Ask]]:
    master = client.MasterClient(running.master.path, _SECONDS)
    try:
        found = master.processes()
    except errors.HaproxyFailed:
        return
    for line in found:
        if line.kind == "worker" and line.old:
            yield line.pid, _asker(master, line.pid)


def _asker(master: client.MasterClient, pid: int) -> Ask:
    return lambda command: master.send(f"@!{pid} {command}")


def _sessions(ask: Ask, servers: Collection[Pair]) -> int:
    """What one worker counts."""
    found = 0
    for backend in {backend for backend, _ in servers}:
        wanted = {server for other, server in servers if other == backend}
        found += sum(sum(_of(ask, name, wanted)) for name in _names(ask, backend))
    return found


def _of(ask: Ask, backend: str, wanted: Collection[str]) -> Iterator[int]:
    """The servers' own numbers. Nothing where there is no such backend, which HAProxy says in words."""
    lines = [line.split() for line in ask(f"show servers state {commands.argument(backend)}").splitlines()]
    number = next((words[0] for words in lines if len(words) > 1 and words[0].isdigit()), None)
    if number is None:
        return
    # By its name HAProxy may take a frontend that is called the same.
    for row in commands.parse_stat(ask(f"show stat {commands.argument(f'#{number}')} 4 -1")):
        if row.get("svname") in wanted:
            yield from (int(row.get(column) or 0) for column in ("scur", "qcur"))


def _names(ask: Ask, backend: str) -> tuple[str, ...]:
    """What a worker calls ``backend``: that, and the spare one that stands for it there, if one does."""
    notes = commands.parse_map(ask(f"show map {tables.NOTES}"))
    spare = states.stands_for({entry.key: entry.value for entry in notes}).get(backend)
    return (backend, spare) if spare is not None else (backend,)
