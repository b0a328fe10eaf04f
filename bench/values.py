"""The values of a measurement: who competes (contenders), at what (loads), against which bar (rows, limits), and what came out.

Rows and contenders are made in their folders; :mod:`bench.measure` turns a row into samples, :mod:`bench.arithmetic` turns
samples into a comparison, :mod:`bench.report` and :mod:`bench.record` show and keep it. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from hapilot.compile import target

Metric = Literal["requests/s", "MB/s"]
Which = Literal["embedded", "system"]
"""The HAProxy that comes with hapilot, or the distribution's."""
Verdict = Literal["pass", "miss", "unclear", "not measured"]

EDGE_HOST = "localhost"
"""The host whose TLS ends at the proxy. wrk takes SNI and address from the URL, so the name has to lead to loopback."""


class NotMeasured(Exception):
    """A row can't be measured here; the text says why. Raised by contenders, servers and tools; caught for each row."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What a contender gets. ``folder`` is its own; ``spare_port`` is free for a hop; all addresses are on 127.0.0.1."""

    folder: Path
    haproxy: Path
    target: target.Target
    port: int
    spare_port: int
    other_ports: tuple[int, int]
    """For listeners that belong to the site and carry no load: plain HTTP and SSH."""
    server_port: int
    """The web server behind the edge host. It takes the health checks of the other services too."""
    log_port: int
    """A UDP port where something listens, for contenders that log to syslog."""
    certificate: Path
    """Certificate and key for EDGE_HOST and every name of WILDCARD in one PEM file (ECDSA P-256)."""
    authority: Path
    """The CA that issued it, for contenders that verify a server."""
    tls_server_port: int
    """The same web server over TLS, with that certificate."""
    other_server_port: int = 0
    """The same web server on another port, for sites that change from one server to another; it tells which one answered."""


@dataclass(frozen=True, slots=True)
class Command:
    """How to run a contender: in the foreground, on one thread."""

    arguments: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Contender:
    """One way to serve the site. ``prepare`` writes its files into the stage's folder; it may raise NotMeasured."""

    name: str
    says: str
    prepare: Callable[[Stage], Command]
    asked: str = EDGE_HOST
    """The host that requests name."""


@dataclass(frozen=True, slots=True)
class Load:
    """What clients ask for: ``path`` of the web server, whose body has ``size`` bytes, over so many connections."""

    path: str
    size: int
    connections: int
    metric: Metric
    streams: int = 0
    """Requests at a time on each HTTP/2 connection; 0 is HTTP/1.1."""
    kept: bool = True
    """Whether connections stay; otherwise each request is a new client, with a TLS handshake of its own."""


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison. ``target`` is the least ratio of ours to theirs; ``haproxy`` says which program runs both, or ours where
    theirs is another proxy. Rows with the same ``ours``, load and HAProxy are measured together, all sides in turn."""

    name: str
    title: str
    ours: Contender
    theirs: Contender
    load: Load
    target: float
    haproxy: Which = "embedded"
    judged: Literal["rate", "cpu"] = "rate"
    """What the ratio is of: the load's metric, or CPU time per request."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How long: ``rounds`` bursts of ``seconds`` for each contender."""

    seconds: float
    rounds: int


@dataclass(frozen=True, slots=True)
class Reading:
    """What a limit's measurement gave. ``value`` is held against the limit; ``ours`` and ``theirs`` are shown; ``details`` go
    into the JSON."""

    value: float
    ours: str
    theirs: str = ""
    program: str = ""
    details: Mapping[str, object] = field(default_factory=dict[str, object])


@dataclass(frozen=True, slots=True)
class Limit:
    """A row of which the value may be ``target`` at most. ``measure`` may raise NotMeasured."""

    name: str
    title: str
    target: float
    unit: str
    measure: Callable[[Effort], Reading]


@dataclass(frozen=True, slots=True)
class Burst:
    """What the load tool counted. ``seconds`` of wall time; ``received`` bytes with headers; ``p99`` in milliseconds, where the
    tool tells it."""

    requests: int
    seconds: float
    received: int
    errors: int
    p99: float | None


@dataclass(frozen=True, slots=True)
class Sample:
    """One contender's part of a round: a burst, the CPU seconds that the proxy used for it, and the share of a core that
    programs which do not belong to the measurement used meanwhile."""

    burst: Burst
    cpu: float
    foreign: float = 0.0


@dataclass(frozen=True, slots=True)
class Samples:
    """The rounds of a row, in the order in which they took turns: round n of one followed round n of the other.
    ``discarded`` counts rounds left out because other programs were busy."""

    ours: tuple[Sample, ...]
    theirs: tuple[Sample, ...]
    haproxy_version: str
    discarded: int = 0


WILDCARD = "*.example.test"
"""Further names in the certificate."""

SMALL = Load("/small", 1024, 50, "requests/s")
"""1 KiB: what a request costs."""
BULK = Load("/bulk", 1024 * 1024, 8, "MB/s")
"""1 MiB: what a byte costs."""
MULTIPLEXED = Load("/small", 1024, 20, "requests/s", streams=10)
"""1 KiB over HTTP/2."""
NEW_CLIENTS = Load("/small", 1024, 20, "requests/s", kept=False)
"""1 KiB for each client: what a new one costs."""
