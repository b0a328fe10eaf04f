"""The Build: everything that was decided about a site, before it is text.

``compile`` makes it; ``render`` prints it, ``explain`` follows connections through it, ``plan`` compares two. The
configuration tree and the tables in it are what HAProxy will run; the rest says what they mean in our words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hapilot.base.diagnostics import Diagnostic
from hapilot.base.origin import Origin
from hapilot.compile.target import Target
from hapilot.languages.haproxy import tree
from hapilot.model import values
from hapilot.model.site import Site

Side = Literal["tls", "plain", "sni", "stream", "ssh", "tcp"]
"""At which place of a listener a route is decided: in a request over TLS that ended here (tls) or in clear (plain), by the SNI of a
connection that is passed on (sni) or whose TLS ended here and holds no HTTP (stream), or for a whole protocol (ssh, tcp)."""

TlsMode = Literal["edge", "passthrough", "reencrypt", "none"]

MISDIRECTED = ".misdirected"
"""Table value: the host is passed through; a request for it on a terminated connection is answered with 421."""
CHOICE = ".choice"
"""Table value, with ``:NUMBER`` behind it: conditions decide among several routes."""
TO_HTTPS = ".https"
"""Table value, with ``:PORT`` behind it: the answer is a redirect to https on that port."""
ANY_HOST = "*"
"""Key of routes without a host. A wildcard's key is ``*.`` and its name."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A further condition of a route: one of ``values``; ``name`` is that of the header or parameter."""

    kind: Literal["method", "header", "query", "client"]
    name: str
    values: tuple[str, ...]

    @property
    def shown(self) -> str:
        """For people: ``method POST``, ``header X-Beta: 1``."""
        said = " or ".join(self.values)
        return f"{self.kind} {self.name}: {said}" if self.name else f"{self.kind} {said}"


@dataclass(frozen=True, slots=True)
class Route:
    """One way from a listener to a service. ``host`` None means every host."""

    listener: str
    side: Side
    service: str
    backend: str
    tls: TlsMode
    host: values.HostPattern | None
    path: str
    origin: Origin
    conditions: tuple[Condition, ...] = ()
    """All must hold."""
    canary: str = ""
    """The backend for a share of the requests, if there is one."""

    @property
    def host_key(self) -> str:
        """The host as tables have it."""
        return ANY_HOST if self.host is None else str(self.host)

    @property
    def shown(self) -> str:
        """For people: ``shop.example.test/path``, ``(every host)``, ``ssh``."""
        if self.side in ("ssh", "tcp"):
            return f"{self.side} on {self.listener}"
        host = "(every host)" if self.host is None else str(self.host)
        where = host if self.path == "/" else f"{host}{self.path}"
        return f"{where} with {' and '.join(one.shown for one in self.conditions)}" if self.conditions else where


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a table. ``route`` is the one that asked for it, in tables of routes."""

    key: str
    value: str
    origin: Origin
    route: Route | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A map, or a list where values are empty: ``path`` relative to the configuration."""

    path: str
    entries: tuple[Entry, ...]
    comment: str


@dataclass(frozen=True, slots=True)
class Script:
    """A Lua script that the configuration loads: ``path`` relative to it."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """A page that HAProxy answers with: ``path`` relative to the configuration."""

    path: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Layer:
    """A frontend and what it is there for. ``explain`` shows the layers that a connection passes as hops."""

    frontend: str
    listener: str
    kind: Literal["sniff", "sni", "tls", "stream", "http", "tcp"]
    why: str


@dataclass(frozen=True, slots=True)
class ServerUse:
    """A server of a backend in our words, beside HAProxy's server line."""

    name: str
    address: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class BackendUse:
    """Which service a backend serves; several backends serve one service where listeners' ports differ."""

    backend: str
    service: str
    tls: TlsMode
    servers: tuple[ServerUse, ...]
    origin: Origin


@dataclass(frozen=True, slots=True)
class Build:
    """A compiled site."""

    site: Site
    target: Target
    config: tree.Config
    tables: tuple[Table, ...]
    scripts: tuple[Script, ...]
    routes: tuple[Route, ...]
    layers: tuple[Layer, ...]
    backends: tuple[BackendUse, ...]
    diagnostics: tuple[Diagnostic, ...]
    pages: tuple[Page, ...] = ()
    spares: tuple[tree.Section, ...] = ()
    """Backends in reserve, which are no part of ``config``: see ``passes.spares``."""
