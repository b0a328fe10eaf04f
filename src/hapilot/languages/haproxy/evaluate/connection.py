"""A connection to simulate: where it arrives, who it is, and what the client sends first.

Comes in: whatever ``explain`` was asked. Goes out: a frozen :class:`Connection` for ``evaluator.Evaluator``.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Literal

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One end of a connection."""

    ip: Address
    port: int

    def __str__(self) -> str:
        return f"[{self.ip}]:{self.port}" if self.ip.version == 6 else f"{self.ip}:{self.port}"


def endpoint(text: str) -> Endpoint:
    """``192.0.2.1:443`` or ``[2001:db8::1]:443``. Raises ValueError for anything else."""
    host, _, port = text.rpartition(":")
    return Endpoint(ipaddress.ip_address(host.strip("[]")), int(port))


@dataclass(frozen=True, slots=True)
class ProxyHeader:
    """A PROXY protocol header. ``local`` (v2) and ``unknown`` (v1) carry no addresses. ``authority`` is the v2 TLV of that name."""

    version: Literal[1, 2]
    kind: Literal["proxy", "local", "unknown"] = "proxy"
    source: Endpoint | None = None
    destination: Endpoint | None = None
    authority: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request. ``path`` is the target as sent, with the query; ``host`` None means that there is no Host header, but for one among
    the ``headers``. ``uncertain`` are the names (in lower case) of headers that an earlier layer may have changed."""

    method: str = "GET"
    path: str = "/"
    host: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    version: Literal["1.0", "1.1", "2"] = "1.1"
    uncertain: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """The certificate that a client shows where it is asked for one. ``trusted_by`` are the CA files, as the configuration writes their
    paths, whose authorities vouch for it now: nobody here checks signatures or dates."""

    der: bytes
    trusted_by: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Tls:
    """The client starts TLS. ``inside`` is what it sends once the handshake is done."""

    sni: str | None = None
    alpn: tuple[str, ...] = ()
    inside: Request | bytes | None = None
    client_certificate: ClientCertificate | None = None


@dataclass(frozen=True, slots=True)
class Http:
    """The client sends an HTTP request in clear text."""

    request: Request = Request()


@dataclass(frozen=True, slots=True)
class Ssh:
    """The client speaks SSH: it sends its banner without waiting (RFC 4253, section 4.2)."""

    banner: str = "SSH-2.0-OpenSSH_9.2"


@dataclass(frozen=True, slots=True)
class Silent:
    """The client waits for the server to speak first."""


@dataclass(frozen=True, slots=True)
class Raw:
    """The client sends these bytes."""

    data: bytes


First = Tls | Http | Ssh | Silent | Raw


@dataclass(frozen=True, slots=True)
class Connection:
    """One client connection.

    ``at`` is where it arrives: an address and port, or the text of a ``bind`` address (a unix socket, for example).
    ``source`` is None on unix sockets. ``destination`` defaults to ``at`` where that is an address.
    """

    at: Endpoint | str
    first: First
    source: Endpoint | None = None
    destination: Endpoint | None = None
    proxy: ProxyHeader | None = None

    @property
    def target(self) -> Endpoint | None:
        """Where the client believes it connects to."""
        if self.destination is None and isinstance(self.at, Endpoint):
            return self.at
        return self.destination
