"""A proxy as the evaluator has it: a frontend, backend or listen section with its sockets, rules and servers, read once.

Filled by ``directives`` line by line, for ``sections``; read by ``streams``, ``servers`` and the other steps.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from hapilot.languages.haproxy import tree
from hapilot.languages.haproxy.evaluate import cookies, counters, formats, forwarding, replies, rules, statistics
from hapilot.languages.haproxy.evaluate.binds import Bind, Server
from hapilot.languages.haproxy.evaluate.values import Unknown


@dataclass(frozen=True, slots=True)
class Switch:
    """A ``use_backend`` or ``use-server`` line: a name, perhaps dynamic, and when it holds."""

    rule: rules.Rule
    name: formats.Format


@dataclass(slots=True)
class Proxy:
    """One section. Rules are in the order of the file, each kind by itself, as HAProxy keeps them."""

    kind: str
    name: str
    number: int
    mode: Literal["tcp", "http"] = "tcp"
    waits: bool = False
    binds: list[Bind] = field(default_factory=list[Bind])
    servers: list[Server] = field(default_factory=list[Server])
    connection: list[rules.Rule] = field(default_factory=list[rules.Rule])
    session: list[rules.Rule] = field(default_factory=list[rules.Rule])
    content: list[rules.Rule] = field(default_factory=list[rules.Rule])
    http: list[rules.Rule] = field(default_factory=list[rules.Rule])
    redirects: list[rules.Rule] = field(default_factory=list[rules.Rule])
    response: list[rules.Rule] = field(default_factory=list[rules.Rule])
    after_response: list[rules.Rule] = field(default_factory=list[rules.Rule])
    errors: dict[int, replies.Reply] = field(default_factory=dict[int, replies.Reply])
    cookie: cookies.Persistence | Unknown | None = None
    table: counters.StickTable | None = None
    all_backups: bool = False
    backends: list[Switch] = field(default_factory=list[Switch])
    chosen_servers: list[Switch] = field(default_factory=list[Switch])
    default_backend: tuple[tree.Line, str] | None = None
    forwarded: dict[str, forwarding.Told] = field(default_factory=dict[str, forwarding.Told])
    server_header: str = ""
    monitor: tuple[tree.Line, str] | None = None
    monitor_fails: list[rules.Rule] = field(default_factory=list[rules.Rule])
    stats: statistics.Statistics | None = None
    disabled_by: tree.Line | None = None
    """The line that says ``disabled``: no socket is opened, and as a backend it has no server."""
    restores_servers: bool = False
    """A file says what the servers were before (``load-server-state-from-file``)."""
    has_agent: bool = False
    """A filter sets variables."""
    chooses_freely: bool = False
    """Which server is taken may depend on what is remembered (``stick on``, ``ignore-persist``)."""
    uncertain: set[str] = field(default_factory=set[str])
    """Headers of the request that a server may see otherwise than is known here."""
    obstacle: tuple[tree.Line, str] | None = None
    """The first line that may lead anywhere, and why."""

    @property
    def title(self) -> str:
        """Kind and name, as in the file."""
        return f"{self.kind} {self.name}"
