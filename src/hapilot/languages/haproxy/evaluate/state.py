"""What is known while rules are evaluated: one :class:`State` for each frontend that a connection goes through.

Comes in: from ``arrival``, which fills in the facts of a layer. Read by fetches and converters, changed by actions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from hapilot.languages.haproxy import tree
from hapilot.languages.haproxy.evaluate import trace, values
from hapilot.languages.haproxy.evaluate.connection import Endpoint, First, ProxyHeader, Request, Silent
from hapilot.languages.haproxy.evaluate.cookies import Offer
from hapilot.languages.haproxy.evaluate.counters import Counters, Entry
from hapilot.languages.haproxy.evaluate.identity import Identity
from hapilot.languages.haproxy.evaluate.message import Answer, Message
from hapilot.languages.haproxy.evaluate.tables import Entry as TableEntry
from hapilot.languages.haproxy.evaluate.tables import Table
from hapilot.languages.haproxy.evaluate.users import UserList
from hapilot.languages.haproxy.evaluate.values import Unknown, Value


@dataclass(frozen=True, slots=True)
class TlsFacts:
    """The TLS that ended at this frontend. ``client`` is the certificate that the client showed because it was asked for one;
    ``verified`` says that it was found good (without that, HAProxy was told to let it pass)."""

    sni: str | None
    alpn: str | None
    certificate: str | None
    client: Identity | None = None
    verified: bool = True


@dataclass(frozen=True, slots=True)
class Health:
    """The servers of a backend as they are at the start: how many ``nbsrv`` counts, and which are up by name, None where that is not known.
    ``is_sure``: none of them is checked, so that the number stays."""

    count: int
    up: Mapping[str, bool | None]
    is_sure: bool


@dataclass(slots=True)
class Shared:
    """What all layers of one evaluation write to, and what they read: tables, users, the contents of files."""

    tables: Mapping[str, Table]
    environment: Mapping[str, str]
    users: Mapping[str, UserList] = field(default_factory=dict[str, UserList])
    files: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    counters: Counters = field(default_factory=lambda: Counters({}))
    steps: list[trace.Step] = field(default_factory=list[trace.Step])
    layers: list[trace.Layer] = field(default_factory=list[trace.Layer])
    lookups: list[trace.Lookup] = field(default_factory=list[trace.Lookup])
    response: list[trace.ResponseHeader] = field(default_factory=list[trace.ResponseHeader])
    has_agents: bool = False
    """Whether others set variables (``filter spoe``, Lua)."""

    def table(self, path: str) -> Table:
        """A table by its path. Raises Unknown where its entries were not given."""
        found = self.tables.get(path)
        if found is None:
            raise Unknown(f"the table {path}")
        return found

    def look_up(self, path: str, method: str, value: Value, *, fold: bool = False) -> TableEntry | None:
        """Finds an entry, with ``fold`` whatever the case, and notes that it was looked for."""
        table = self.table(path)
        entry = (table.folded() if fold else table).find(method, value)
        key, result = entry if entry is not None else (None, None)
        self.lookups.append(trace.Lookup(path, values.as_text(value), key, result))
        return entry


class Page(Protocol):
    """An ``http-error`` line (``replies.Reply``)."""

    def answer(self, state: State, pages: Pages) -> Answer | None:
        """The answer, where it is known."""
        ...


Pages = Sequence[Mapping[int, Page]]
"""The pages that proxies have for the errors that HAProxy answers with itself, by status; the backend's before the frontend's."""


@dataclass(slots=True)
class State:
    """The facts at one point of the rules.

    ``payload`` is what has arrived so far; ``final`` says that no more will be waited for. ``message`` is the HTTP request
    once HAProxy speaks HTTP on this layer. ``arriving`` is what the client sends, for fetches that look into
    the payload; ``unread`` are PROXY headers in front of it, which this layer takes for payload. ``in_stream`` is true from
    ``tcp-request content`` on. ``answering`` is true for rules on the answer, and ``answer`` what is known of it.
    ``strict`` is true for lines of a user's own: what depends on the load, on chance or on what came before is not known for them, while
    for hapilot's own the connection is the first of its client.
    """

    shared: Shared
    section: str
    source: Endpoint | None
    destination: Endpoint | None
    frontend: tuple[str, int] = ("", 0)
    socket: tuple[str, int] = ("", 0)
    backend: str = ""
    servers: Mapping[str, Health] = field(default_factory=dict[str, Health])
    proxy: ProxyHeader | None = None
    tls: TlsFacts | None = None
    payload: bytes = b""
    arriving: First | Request = field(default_factory=Silent)
    unread: tuple[ProxyHeader, ...] = ()
    final: bool = False
    expects_proxy: bool = False
    message: Message | None = None
    variables: dict[str, Value | Unknown] = field(default_factory=dict[str, "Value | Unknown"])
    in_stream: bool = False
    session_tracked: dict[int, Entry] = field(default_factory=dict[int, Entry])
    tracked: dict[int, Entry] = field(default_factory=dict[int, Entry])
    pages: Pages = ()
    offer: Offer | None = None
    answering: bool = False
    answer: Answer | None = None
    strict: bool = False

    def note(self, line: tree.Line, verb: str, detail: str = "") -> None:
        """Records that a line took effect."""
        self.shared.steps.append(trace.Step(self.section, line, verb, detail))

    def nothing_yet(self) -> None:
        """Asked by fetches that find no payload. Raises Unknown where no rule has waited for what the client sends, so that chance decides
        whether it is there; hapilot's own rules wait."""
        if self.strict and self.final and not isinstance(self.arriving, Silent):
            raise Unknown("whether the client's first bytes are there, for which no rule waits")

    def variable(self, name: str) -> Value | None:
        """A variable's value; None where it is not set. Raises Unknown where what was put there is not known."""
        value = self.variables.get(name)
        if isinstance(value, Unknown):
            raise value
        if value is None and (self.shared.has_agents or (name.startswith("proc.") and self.strict)):
            raise Unknown(f"the variable {name}")
        return value
