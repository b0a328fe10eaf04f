"""What is known while rules are evaluated: one :class:`State` for each frontend that a connection goes through.

Comes in: from ``arrival``, which fills in the facts of a layer. Read by fetches and converters, changed by actions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from hapilot.languages.haproxy import tree
from hapilot.languages.haproxy.evaluate import trace, values
from hapilot.languages.haproxy.evaluate.connection import Endpoint, First, ProxyHeader, Request, Silent
from hapilot.languages.haproxy.evaluate.tables import Entry, Table
from hapilot.languages.haproxy.evaluate.values import Unknown, Value

_DEFAULT_PORTS = frozenset({("http", "80"), ("https", "443")})


@dataclass(slots=True)
class Message:
    """An HTTP request on its way through the rules. ``uri`` is what the request line holds; ``version`` is 1.0, 1.1 or 2.0.

    ``first_method`` is what conditions go on to see after ``set-method`` (HAProxy keeps it beside the message).
    """

    method: str
    uri: str
    version: str
    headers: list[tuple[str, str]]
    first_method: str = ""

    @classmethod
    def read(cls, request: Request, scheme: Literal["http", "https"]) -> Message:
        """The request as HAProxy represents it; an HTTP/2 one has an absolute URI."""
        headers = [(name, value.strip(" \t")) for name, value in request.headers]
        if request.host is not None:
            headers.insert(0, ("Host", request.host))
        message = cls(request.method, request.path, request.version, headers, request.method)
        if request.version == "2":
            message.version = "2.0"
            message.headers = [(name.lower(), value) for name, value in headers]
            message.uri = f"{scheme}://{request.host or ''}{request.path}" if request.path.startswith("/") else request.path
        message._normalize()
        return message

    def _normalize(self) -> None:
        """Takes a port out of an absolute URI, and out of Host, that is the scheme's own (``http_scheme_based_normalize``)."""
        scheme, _, authority = self.origin.partition("://")
        host, colon, port = authority.rpartition(":")
        if colon and (port == "" or (scheme.lower(), port) in _DEFAULT_PORTS):
            self.uri = f"{scheme}://{host}" + self.uri[len(self.origin) :]
            self.headers = [(name, host if name.lower() == "host" else value) for name, value in self.headers]

    @property
    def origin(self) -> str:
        """What stands before the path in an absolute URI; else empty."""
        start = self.uri.find("://")
        if start < 0 or self.uri.startswith("/"):
            return ""
        slash = self.uri.find("/", start + 3)
        return self.uri if slash < 0 else self.uri[:slash]

    @property
    def pathq(self) -> str | None:
        """Path and query; None for ``*`` and for the authority of a CONNECT."""
        rest = self.uri[len(self.origin) :]
        if rest.startswith("/"):
            return rest
        return "/" if self.origin and not rest else None

    @property
    def path(self) -> str | None:
        """The path alone."""
        pathq = self.pathq
        return None if pathq is None else pathq.partition("?")[0]

    @property
    def target(self) -> str:
        """What a server is sent behind the method: an absolute URI stays one, except that of HTTP/2, which HAProxy made up."""
        return (self.pathq or self.uri) if self.version == "2.0" else self.uri

    def lines(self, name: str) -> list[str]:
        """The values of all lines of a header, in order."""
        wanted = name.lower()
        return [value for other, value in self.headers if other.lower() == wanted]

    def line(self, name: str) -> str | None:
        """The first line of a header."""
        return next(iter(self.lines(name)), None)

    def remove(self, name: str) -> None:
        """Takes all lines of a header out."""
        wanted = name.lower()
        self.headers = [(other, value) for other, value in self.headers if other.lower() != wanted]

    def seen(self) -> trace.SeenRequest:
        """What a server would be sent."""
        return trace.SeenRequest(self.method, self.target, tuple(self.headers))


@dataclass(frozen=True, slots=True)
class TlsFacts:
    """The TLS that ended at this frontend."""

    sni: str | None
    alpn: str | None
    certificate: str | None
    client_certificate: bool = False


@dataclass(slots=True)
class Shared:
    """What all layers of one evaluation write to, and the tables they read."""

    tables: Mapping[str, Table]
    environment: Mapping[str, str]
    steps: list[trace.Step] = field(default_factory=list[trace.Step])
    layers: list[trace.Layer] = field(default_factory=list[trace.Layer])
    lookups: list[trace.Lookup] = field(default_factory=list[trace.Lookup])
    response: list[trace.ResponseHeader] = field(default_factory=list[trace.ResponseHeader])

    def table(self, path: str) -> Table:
        """A table by its path. Raises Unknown where its entries were not given."""
        found = self.tables.get(path)
        if found is None:
            raise Unknown(f"the table {path}")
        return found

    def look_up(self, path: str, method: str, value: Value) -> Entry | None:
        """Finds an entry and notes that it was looked for."""
        entry = self.table(path).find(method, value)
        key, result = entry if entry is not None else (None, None)
        self.lookups.append(trace.Lookup(path, values.as_text(value), key, result))
        return entry


@dataclass(slots=True)
class State:
    """The facts at one point of the rules.

    ``payload`` is what has arrived so far; ``final`` says that no more will be waited for. ``message`` is the HTTP request
    once HAProxy speaks HTTP on this layer. ``arriving`` is what the client sends, for fetches that look into
    the payload; ``unread`` are PROXY headers in front of it, which this layer takes for payload.
    """

    shared: Shared
    section: str
    source: Endpoint | None
    destination: Endpoint | None
    frontend: tuple[str, int] = ("", 0)
    socket: tuple[str, int] = ("", 0)
    backend: str = ""
    servers: Mapping[str, int] = field(default_factory=dict[str, int])
    proxy: ProxyHeader | None = None
    tls: TlsFacts | None = None
    payload: bytes = b""
    arriving: First | Request = field(default_factory=Silent)
    unread: tuple[ProxyHeader, ...] = ()
    final: bool = False
    expects_proxy: bool = False
    message: Message | None = None
    variables: dict[str, Value | Unknown] = field(default_factory=dict[str, "Value | Unknown"])

    def note(self, line: tree.Line, verb: str, detail: str = "") -> None:
        """Records that a line took effect."""
        self.shared.steps.append(trace.Step(self.section, line, verb, detail))

    def variable(self, name: str) -> Value | None:
        """A variable's value; None where it is not set. Raises Unknown where what was put there is not known."""
        value = self.variables.get(name)
        if isinstance(value, Unknown):
            raise value
        return value
