"""What the evaluator found out: the steps a connection took, where it ended, and what was known on the way.

Comes in: from the modules beside it, step by step. Goes out: a frozen :class:`Trace`, which ``explain`` turns into words for people.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from hapilot.languages.haproxy import tree
from hapilot.languages.haproxy.evaluate.connection import Endpoint


@dataclass(frozen=True, slots=True)
class Step:
    """One line that took effect. ``verb`` is what it did (``accept``, ``set-var``, ``use_backend``, …), ``detail`` with what."""

    section: str
    line: tree.Line
    verb: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Lookup:
    """One look into a table; ``key`` and ``value`` are None where nothing matched."""

    path: str
    looked_up: str
    key: str | None
    value: str | None


@dataclass(frozen=True, slots=True)
class Layer:
    """One frontend that the connection went through. ``certificate``, ``sni`` and ``alpn`` tell of the TLS that ended here."""

    section: str
    bind: tree.Line
    mode: Literal["tcp", "http"]
    tls: bool = False
    certificate: str | None = None
    sni: str | None = None
    alpn: str | None = None
    proxied: bool = False


@dataclass(frozen=True, slots=True)
class SeenRequest:
    """The HTTP request as the server (or the answering rule) sees it. ``uncertain`` are the names of headers, in lower case, of which the
    value is not known, or whether they are there at all; ``*`` is any. Connection is never among ``headers``: it is of one hop, and whether
    HAProxy says ``close`` in it depends on options and on the connection to the server."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    uncertain: frozenset[str] = frozenset()

    def header(self, name: str) -> str | None:
        """The last value of a header, whatever the case of its name."""
        values = [value for other, value in self.headers if other.lower() == name.lower()]
        return values[-1] if values else None


@dataclass(frozen=True, slots=True)
class ResponseHeader:
    """A line that works on the headers of the answer, in the order in which it takes effect; ``value`` is None where it can't be known
    beforehand, and whether the line applies at all may depend on the answer then."""

    section: str
    line: tree.Line
    action: str
    name: str
    value: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer. ``body`` is None where it is not known; ``server`` is the name of the one that gave it, in its backend."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    server: str = ""

    def header(self, name: str) -> str | None:
        """The first value of a header, whatever the case of its name."""
        return next((value for other, value in self.headers if other.lower() == name.lower()), None)


@dataclass(frozen=True, slots=True)
class Forward:
    """The connection goes to one of ``servers`` of ``backend``: to ``certain`` for sure, where that is not None. ``cookies`` tells for
    each server that has one the Set-Cookie by which the client will come back to it; there are none where it has come back already."""

    backend: str
    servers: tuple[tree.Line, ...]
    mode: Literal["tcp", "http"]
    send_proxy: Literal["v1", "v2"] | None = None
    tls: bool = False
    sni: str | None = None
    certain: tree.Line | None = None
    cookies: tuple[tuple[str, str], ...] = ()
    names: tuple[str, ...] = ()
    """Of the servers; a ``server-template`` line has several."""
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Respond:
    """HAProxy answers itself. ``line`` is None where it does so without a rule (no server, a bad request)."""

    status: int
    body: str = ""
    content_type: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    line: tree.Line | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Redirect:
    """HAProxy sends the client elsewhere."""

    status: int
    location: str
    line: tree.Line


@dataclass(frozen=True, slots=True)
class Reject:
    """The connection is closed without an answer."""

    reason: str
    line: tree.Line | None = None


@dataclass(frozen=True, slots=True)
class Opaque:
    """A line decides that the evaluator does not understand; ``reason`` says what about it."""

    line: tree.Line
    reason: str


Outcome = Forward | Respond | Redirect | Reject | Opaque


@dataclass(frozen=True, slots=True)
class Trace:
    """The whole way of one connection. ``variables`` are those of the last layer; ``client`` is the source it knew in the end.

    ``answer`` is what the client is sent: HAProxy's own answer, or the server's as the rules leave it, where the evaluator was told that.
    Header names are as HAProxy writes them (over HTTP/2 they travel in lower case); headers of one hop, such as Connection, are left out.
    """

    outcome: Outcome
    steps: tuple[Step, ...]
    layers: tuple[Layer, ...]
    lookups: tuple[Lookup, ...]
    variables: Mapping[str, str]
    client: Endpoint | None
    destination: Endpoint | None
    request: SeenRequest | None
    response: tuple[ResponseHeader, ...] = ()
    answer: Answer | None = None
