"""The answer of ``explain``: plain values, in our words, with their JSON form."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from hapilot.base.origin import Origin


@dataclass(frozen=True, slots=True)
class Hop:
    """One layer that the connection passes; ``why`` it is there."""

    frontend: str
    kind: str
    why: str


@dataclass(frozen=True, slots=True)
class TlsFacts:
    """``mode`` is the service's TLS mode, or None where the connection reaches none; ``certificate`` is the one shown here."""

    mode: str | None
    certificate: str | None
    sni: str | None


@dataclass(frozen=True, slots=True)
class ProxyFacts:
    """The PROXY header that is sent in front: whose connection it is, with None for a unix socket's, and what the header says."""

    peer: str | None
    source: str
    destination: str


@dataclass(frozen=True, slots=True)
class RouteFacts:
    """The route that won."""

    match: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """A server that may be chosen."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Considered:
    """A route that did not win, and why."""

    match: str
    service: str
    origin: Origin
    why: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Where one connection goes and why."""

    target: str
    outcome: Literal["forward", "redirect", "respond", "reject"]
    reason: str
    listener: str | None = None
    protocol: str | None = None
    proxy: ProxyFacts | None = None
    tls: TlsFacts | None = None
    hops: tuple[Hop, ...] = ()
    route: RouteFacts | None = None
    service: str | None = None
    backend: str | None = None
    servers: tuple[ServerFacts, ...] = ()
    client_ip: str | None = None
    send_proxy: str | None = None
    server_tls: str | None = None
    """The name that is verified at the server, where TLS goes on to it."""
    request_headers: tuple[tuple[str, str], ...] = ()
    request_path: str | None = None
    status: int | None = None
    location: str | None = None
    considered: tuple[Considered, ...] = ()
    raw_line: str | None = None
    """The verbatim line that decides, where it is one that hapilot does not understand."""

    def as_json(self) -> dict[str, Any]:
        """The shape that docs/cli.md shows."""
        shape = asdict(self)
        shape["request_headers"] = [list(pair) for pair in self.request_headers]
        return shape
