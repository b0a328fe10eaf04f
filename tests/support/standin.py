"""One stand-in server as the tests see it: what it is told to be, what it saw, how to play dead.

`Spec` comes in from tests, `Seen` goes out to them (and, as JSON, to the client). The event loop's thread writes,
tests read: every shared value is behind the lock or replaced whole. Called by servers.Stand, which makes them.
"""

from __future__ import annotations

import collections
import json
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from support import proxy_protocol
from support.channel import Channel, ProxyPolicy, TlsSeen

Kind = Literal["http", "tcp-echo", "tcp-line", "ssh", "silent-first"]
SERVER_FIRST: tuple[Kind, ...] = ("ssh", "silent-first")
Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Spec:
    """What a stand-in is. ``port`` 0 takes a free one; ``tls`` puts TLS before any kind (``http`` is then https)."""

    kind: Kind
    name: str
    address: str = "127.0.0.1"
    port: int = 0
    proxy: ProxyPolicy = "never"
    tls: ssl.SSLContext | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """One request, or for the TCP kinds one connection (``method`` to ``body`` are empty then)."""

    server: str
    peer: Address
    local: Address
    proxy: proxy_protocol.Header | None = None
    tls: TlsSeen | None = None
    method: str = ""
    target: str = ""
    version: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """The first header of that name (any case), or None."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of the header of that name (any case), in order."""
        return tuple(value for key, value in self.headers if key.lower() == name.lower())

    def as_json(self) -> dict[str, Any]:
        """What is told to the client."""
        return {
            "server": self.server,
            "peer": list(self.peer),
            "local": list(self.local),
            "proxy": _proxy_json(self.proxy),
            "tls": _tls_json(self.tls),
            "method": self.method,
            "target": self.target,
            "version": self.version,
            "headers": [list(pair) for pair in self.headers],
            "body": self.body[:4096].decode("latin-1"),
            "body_size": len(self.body),
        }

    def line(self) -> bytes:
        """The same as one line of JSON, for the TCP kinds."""
        return json.dumps(self.as_json()).encode() + b"\n"


def _proxy_json(header: proxy_protocol.Header | None) -> dict[str, Any] | None:
    if header is None:
        return None
    return {
        "version": header.version,
        "command": header.command,
        "src": list(header.source) if header.source else None,
        "dst": list(header.destination) if header.destination else None,
        "tlvs": [[number, value.hex()] for number, value in header.tlvs],
    }


def _tls_json(seen: TlsSeen | None) -> dict[str, Any] | None:
    if seen is None:
        return None
    return {
        "sni": seen.sni,
        "alpn": seen.alpn,
        "version": seen.version,
        "offered": list(seen.offered),
        "client": list(seen.client),
    }


class Server:
    """A running stand-in. ``answers`` maps a path to the status it is answered with (default 200); change it at will."""

    def __init__(self, spec: Spec, control: Callable[[Server, bool], None], keep: int) -> None:
        self.spec = spec
        self.name = spec.name
        self.answers: dict[str, int] = {}
        self._control = control
        self._lock = threading.Lock()
        self._requests: collections.deque[Seen] = collections.deque(maxlen=keep)
        self._refusals: collections.deque[str] = collections.deque(maxlen=keep)
        self._connections = 0
        self._open = 0
        self._count = 0

    @property
    def address(self) -> Address:
        """Where it listens."""
        return self.spec.address, self.spec.port

    @property
    def port(self) -> int:
        """Its port, the same over stop and start."""
        return self.spec.port

    @property
    def connections(self) -> int:
        """How many connections it has accepted so far."""
        return self._connections

    @property
    def open_connections(self) -> int:
        """How many connections are open now."""
        return self._open

    @property
    def request_count(self) -> int:
        """How many requests (TCP kinds: conversations) it has seen so far, also those no longer kept."""
        return self._count

    @property
    def requests(self) -> tuple[Seen, ...]:
        """The last requests, oldest first."""
        with self._lock:
            return tuple(self._requests)

    @property
    def last(self) -> Seen:
        """The last request. Raises IndexError if there was none."""
        return self.requests[-1]

    @property
    def refusals(self) -> tuple[str, ...]:
        """Why the last refused connections were closed: no PROXY header, failed TLS handshake, bad HTTP."""
        with self._lock:
            return tuple(self._refusals)

    def forget(self) -> None:
        """Drop what was recorded and start counting anew."""
        with self._lock:
            self._requests.clear()
            self._refusals.clear()
            self._connections = self._count = 0

    def stop(self) -> None:
        """Play dead: refuse connections and cut the open ones."""
        self._control(self, False)

    def start(self) -> None:
        """Come back to life on the same port."""
        self._control(self, True)

    def wait_for(self, count: int, timeout: float = 5.0) -> tuple[Seen, ...]:
        """Wait until ``count`` requests were seen, and return the kept ones. Raises TimeoutError."""
        end = time.monotonic() + timeout
        while self._count < count:
            if time.monotonic() > end:
                raise TimeoutError(f"{self.name} saw {self._count} of {count} requests; refused: {self.refusals}")
            time.sleep(0.005)
        return self.requests

    def record(self, seen: Seen) -> None:
        """Keep a request (called by the stand-ins)."""
        with self._lock:
            self._requests.append(seen)
            self._count += 1

    def record_refusal(self, reason: str) -> None:
        """Keep why a connection was refused (called by the stand-ins)."""
        with self._lock:
            self._refusals.append(reason)

    def connection_opened(self) -> None:
        """Count an accepted connection (called by Stand)."""
        with self._lock:
            self._connections += 1
            self._open += 1

    def connection_closed(self) -> None:
        """Count it out again (called by Stand)."""
        with self._lock:
            self._open -= 1


@dataclass(slots=True)
class Visit:
    """One connection in the hands of a stand-in: its bytes, its server, and what is known before the first request."""

    channel: Channel
    server: Server
    seen: Seen
    requests: int = field(default=0)
