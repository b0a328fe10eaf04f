"""What HAProxy needs to run a configuration: open files, which it counts itself before it starts, and memory.

In: a Build and the number of processors. Out: a :class:`Budget`. Called by ``compile.limits``, which compares it with what the machine
allows, and by ``doctor``. Pure. The count of files follows HAProxy's own (2.6 and 2.8, src/haproxy.c, compute_ideal_maxconn and
compute_ideal_maxsock, and every ``global.maxsock++``) to the last one; memory was measured (see the figures below).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from hapilot.base.memory import Memory
from hapilot.compile import build
from hapilot.languages.haproxy import tree

LEAST_CONNECTIONS: Final = 100
"""HAProxy starts for no fewer (DEFAULT_MAXCONN): where they do not fit it refuses to."""

_RESERVED: Final = 10
"""Of the process itself (init_early)."""
_RUNTIME_CONNECTIONS: Final = 10
"""To the runtime API's sockets, and as many to each of the master's."""
_MASTER: Final = 1 + _RUNTIME_CONNECTIONS
"""Of a listener of the master: its socket (-S), and from 2.7 on the pair over which it answers a reload. Beside them, one for the pair
between master and worker."""
_FILES_PER_THREAD: Final = 3
"""An epoll instance and a wake-up pipe."""
_MOST_THREADS: Final = 64
"""In one thread group, of which there is one unless the configuration says otherwise."""

_KIB: Final = 1024
_PROCESS: Final = 20_000 * _KIB
_THREAD: Final = 260 * _KIB
_PROXY: Final = 12_500
_SERVER: Final = 6_600
_TLS_SERVER: Final = 23_000
_RULE: Final = 1_400
_ENTRY: Final = 360
_CERTIFICATE: Final = 40_000
_NAME: Final = 3_000
_OPEN_FILE: Final = 70
"""Bytes of resident memory, on x86-64, the larger of 2.6.12's and 2.8.25's: a process with its libraries, a thread, a frontend or
backend, a server, its TLS context, a rule, a line of a table, a certificate and a name of it for each ``bind`` line with TLS, and an
open file. Measured as the growth from 1,000 to 20,000 of each; tests/integration/runtime/test_budget.py measures whole sites."""

_BUFFER: Final = 16_384
"""Bytes of ``tune.bufsize`` where the configuration does not say any."""
_STREAM: Final = 4 * _KIB
_TLS_SIDE: Final = 16 * _KIB
"""Of a stream, and of each of its ends over TLS, at most (SSL_SESSION_MAX_COST); beside the two buffers of a stream."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What one configuration needs. ``listeners`` counts listening sockets, ``connections`` is the limit that the configuration itself
    sets (``maxconn``), ``layers`` how many of HAProxy's connections one client takes at most; memory is in bytes, that of all
    connections apart."""

    listeners: int
    checks: int
    control: int
    threads: int
    connections: int | None
    splices: bool
    layers: int
    memory: int
    connection_memory: int

    @property
    def reserved(self) -> int:
        """Open files before the first connection."""
        return _RESERVED + self.listeners + self.checks + self.control + _FILES_PER_THREAD * self.threads

    def files(self, connections: int) -> int:
        """Open files for so many connections at once: two for each, and where bytes are spliced a pipe for every fourth."""
        pipes = (connections // 4 if connections >= 4 else connections) if self.splices else 0
        return self.reserved + 2 * connections + 2 * pipes

    @property
    def least(self) -> int:
        """Open files without which HAProxy does not start."""
        return self.files(LEAST_CONNECTIONS if self.connections is None else self.connections)

    def room(self, files: int) -> int:
        """The connections that HAProxy takes at once where it is started with a limit of ``files``."""
        if self.connections is not None:
            return self.connections
        left = files - self.reserved
        return max(2 * left // 5 if self.splices else left // 2, LEAST_CONNECTIONS)


@dataclass(frozen=True, slots=True)
class _Facts:
    """What one section costs: the words of its ``bind`` lines, and how many of everything else it has."""

    binds: tuple[list[str], ...]
    servers: int
    tls: int
    checks: int
    rules: int
    splices: bool


def budget(made: build.Build, cpus: int, before: Memory | None = None) -> Budget:
    """The budget of ``made`` on a machine with so many processors. What sections cost that are as ``before`` is taken from there."""
    known = Memory() if before is None else before
    facts = known.each("costs", made.config.sections, _facts)
    every = (*facts, *known.each("costs of spares", made.spares, _facts))
    shared = [_words(line) for section in made.config.sections if section.kind == "global" for line in section.lines]
    said = {words[0]: words[1] for words in shared if len(words) > 1}
    threads = min(_number(said, "nbthread") or cpus, _MOST_THREADS)
    certificates = made.site.materials.certificates
    binds = [words for one in facts for words in one.binds]
    ends = sum("ssl" in words for words in binds)
    of_certificates = len(certificates) * _CERTIFICATE + sum(len(one.hosts) for one in certificates) * _NAME
    return Budget(
        listeners=sum(len(words[1].split(",")) for words in binds if len(words) > 1),
        checks=sum(one.checks for one in facts),
        control=_control(shared) + 1 + _MASTER * (2 if made.target.version >= (2, 7) else 1),
        threads=threads,
        connections=_number(said, "maxconn"),
        splices=any(one.splices for one in facts),
        layers=_layers(made),
        memory=_memory(made, facts, every, threads) + ends * of_certificates,
        connection_memory=_STREAM + 2 * (_number(said, "tune.bufsize") or _BUFFER) + 2 * _TLS_SIDE * bool(ends) + 2 * _OPEN_FILE,
    )


def _facts(section: tree.Section) -> _Facts:
    lines = [_words(line) for line in section.lines if _keyword(line) in _READ]
    servers = list(_servers(lines))
    return _Facts(
        binds=tuple(words for words in lines if words[0] == "bind"),
        servers=len(servers),
        tls=sum("ssl" in words for words in servers),
        checks=sum(map(_checks, servers)),
        rules=sum(_keyword(line).startswith(("http-", "tcp-", "use_")) for line in section.lines),
        splices=any(words[0] == "option" and words[1:2] and words[1].startswith("splice-") for words in lines),
    )


_READ = frozenset({"bind", "server", "default-server", "option"})
"""What lines are about that cost files. Of many thousand lines most are not."""


def _keyword(line: tree.Line) -> str:
    """A line's first word; of a user's own line that is empty, nothing."""
    first = line.words[0]
    if not isinstance(first, str):
        return first.before
    return next(iter(first.split(None, 1)), "") if line.opaque else first


def _words(line: tree.Line) -> list[str]:
    """A line's words; what a variable stands for does not matter here."""
    return str(line.words[0]).split() if line.opaque else [word if isinstance(word, str) else word.before for word in line.words]


def _number(said: dict[str, str], name: str) -> int | None:
    text = said.get(name, "")
    return int(text) if text.isdecimal() else None


def _control(shared: Iterable[list[str]]) -> int:
    """The runtime API's sockets with their connections."""
    sockets = [words for words in shared if words[:2] == ["stats", "socket"]]
    most = next((int(words[2]) for words in shared if words[:2] == ["stats", "maxconn"]), None)
    return len(sockets) + (_RUNTIME_CONNECTIONS if most is None else most)


def _servers(lines: Iterable[list[str]]) -> Iterator[list[str]]:
    """The words of each server's line, with those that ``default-server`` adds before them."""
    common: list[str] = []
    for words in lines:
        if words[0] == "default-server":
            common = [*common, *words[1:]]
        elif words[0] == "server":
            yield [*common, *words[3:]]


def _checks(words: list[str]) -> int:
    """The files that a server's checks reserve; one that follows another's checks (``track``) has none of its own."""
    own = "check" in words and "no-check" not in words and "track" not in words
    return int(own) + int("agent-check" in words)


def _layers(made: build.Build) -> int:
    """Connections of one client through HAProxy: one for each layer, and one more where a layer hands over to itself."""
    deepest = 1
    by_name = {section.name: section for section in made.config.sections if section.kind == "frontend"}
    for layer in made.layers:
        if layer.kind == "sniff":
            handed = any(isinstance(word, tree.Env) for line in by_name[layer.frontend].lines for word in line.words)
            behind = any(other.listener == layer.listener and other.frontend != layer.frontend for other in made.layers)
            deepest = max(deepest, 1 + behind + handed)
    return deepest


def _memory(made: build.Build, facts: Iterable[_Facts], every: Iterable[_Facts], threads: int) -> int:
    """``every`` has the spare backends' too."""
    proxies = sum(section.kind in ("frontend", "backend", "listen") for section in (*made.config.sections, *made.spares))
    entries = sum(len(table.entries) for table in made.tables)
    fixed = _PROCESS + threads * _THREAD + sum(len(page.content) for page in made.pages)
    servers, tls = sum(one.servers for one in facts), sum(one.tls for one in facts)
    rules = sum(one.rules for one in every)
    return fixed + proxies * _PROXY + servers * _SERVER + tls * _TLS_SERVER + rules * _RULE + entries * _ENTRY
