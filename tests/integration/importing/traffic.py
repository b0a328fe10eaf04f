"""Connections made up from the words of a configuration: the same for the same words and the same seed.

Comes in: a vocabulary, the doors of a configuration, how many requests. Goes out: `Visit`s: what is said on each connection, one after
the other. Called by the test, which says all of it to the original and again to what came of it.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from integration.importing.placing import Door, Kind
from integration.importing.vocabulary import Vocabulary
from support import client, http1

Headers = tuple[tuple[str, str], ...]

METHODS = ("GET",) * 12 + ("POST", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "PROPFIND")
PATHS = ("/", "/index.html", "/a/b/c", "/x.php", "/img/logo.PNG", "/missing", "/broken", "/moved", "/%2e%2e/etc", "/a//b", "/ü")
HOSTS = ("other.test", "localhost", "127.0.0.1", "www.example.test")
FURTHER = (
    ("X-Forwarded-For", "10.9.8.7"),
    ("X-Forwarded-For", "203.0.113.9, 10.0.0.1"),
    ("X-Forwarded-Proto", "https"),
    ("Accept-Encoding", "gzip, deflate"),
    ("User-Agent", "curl/8.0"),
    ("User-Agent", "Mozilla/5.0 (X11; Linux) Googlebot/2.1"),
    ("Referer", "http://other.test/from"),
    ("Origin", "https://www.shop.test"),
    ("Content-Type", "application/json"),
    ("Authorization", "Basic d3Jvbmc6d3Jvbmc="),
    ("Upgrade", "websocket"),
    ("X-Real-IP", "198.51.100.3"),
    ("Proxy", "http://evil.test"),
    ("Connection", "keep-alive"),
    ("Range", "bytes=0-3"),
    ("If-None-Match", '"x"'),
    ("X-Empty", ""),
)
BAD = (
    b"GET / HTTP/1.1\r\nHost: a.test\r\nHost: b.test\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost : a.test\r\n\r\n",
    b"GET  / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/3.0\r\nHost: a.test\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: x\r\n\r\n",
    b"GET /\r\n\r\n",
    b"GET http://other.test/absolute HTTP/1.1\r\nHost: a.test\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a.test\r\nX\0Y: z\r\n\r\n",
    b"\x16\x03\x01\x00\x05hello\r\n\r\n",
    b"CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n",
    b"hello there\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: a.test\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a.test\r\nX-Long: " + b"y" * 14_000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a.test\r\nX-Long: " + b"y" * 15_500 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a.test\r\nX-Long: " + b"y" * 17_000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a.test\r\n" + b"X-Many: y\r\n" * 98 + b"\r\n",
    b"GET / HTTP/1.1\r\nHost: a.test\r\n" + b"X-Many: y\r\n" * 110 + b"\r\n",
)


@dataclass(frozen=True, slots=True)
class Ask:
    """One request as bytes. ``keeps_cookies`` sends back what earlier answers at this door have set; ``is_line``: no HTTP at all."""

    data: bytes
    has_body: bool = True
    keeps_cookies: bool = False
    is_line: bool = False
    request: client.Request | None = None
    """The same for HTTP/2, where it can be said there."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One connection: to a door by number, from a local address, with the source that a PROXY header tells, and with TLS or without."""

    door: int
    source: str
    told: str | None
    tls: bool
    sni: str | None
    http2: bool
    asks: tuple[Ask, ...]


def visits(seed: str, words: Vocabulary, doors: Sequence[Door], kinds: frozenset[Kind], count: int) -> list[Visit]:
    """Connections with ``count`` requests in all, or a few more."""
    maker = _Maker(random.Random(seed), words, kinds)
    made: list[Visit] = []
    while sum(len(visit.asks) for visit in made) < count:
        made.append(maker.visit(doors, len(made)))
    return made


@dataclass(frozen=True, slots=True)
class _Maker:
    chance: random.Random
    words: Vocabulary
    kinds: frozenset[Kind]

    def visit(self, doors: Sequence[Door], turn: int) -> Visit:
        """A connection; the first ones go to each door in turn, so that none is missed."""
        number = turn if turn < len(doors) else self.chance.randrange(len(doors))
        door = doors[number]
        tls = door.tls or (door.mode == "tcp" and "tls" in self.kinds and self.chance.random() < 0.8)
        told = self._address() if door.proxied and self.chance.random() < 0.95 else None
        source = f"127.0.0.{self.chance.choice((1, 1, 1, 2, 3, 9))}"
        http2 = tls and "h2" in door.alpn and self.chance.random() < 0.3
        host = self._host()
        asks = tuple(self.ask(host, door) for _ in range(self.chance.choice((1, 2, 3, 5, 8))))
        if door.mode == "tcp" and "line" in self.kinds and not door.tls and self.chance.random() < 0.8:
            tls, asks = False, tuple(Ask(f"{self._value()} {self._host()}\r\n".encode(), is_line=True) for _ in range(3))
        sni = host.partition(":")[0].strip("[].") if tls and self.chance.random() < 0.9 else None
        return Visit(number, source, told, tls, sni if sni and not sni[0].isdigit() else None, http2, asks)

    def ask(self, host: str, door: Door) -> Ask:
        """One request; most are for the name of the connection."""
        if self.chance.random() < 0.04 and door.mode == "http":
            return Ask(self.chance.choice(BAD))
        name = host if self.chance.random() < 0.6 else self._host()
        method, target = self.chance.choice(METHODS), self._target(name)
        headers = self._headers()
        body = b"name=value&user=bob" if method in ("POST", "PUT", "PATCH") else b""
        if self.chance.random() < 0.04:
            return self._old(method, target, headers)
        asked = client.Request(method, target, name, headers, body)
        chunked = bool(body) and self.chance.random() < 0.3
        form = http1.format_chunked if chunked else http1.format_request
        data = form(method, target, name if self.chance.random() < 0.97 else None, headers, body)
        return Ask(data, method != "HEAD", self.chance.random() < 0.5, request=asked if self._fits_http2(asked) else None)

    def _fits_http2(self, asked: client.Request) -> bool:
        return not {name.lower() for name, _ in asked.headers} & {"connection", "upgrade"} and asked.target.isascii()

    def _old(self, method: str, target: str, headers: Headers) -> Ask:
        lines = [f"{method} {target} HTTP/1.0", *(f"{name}: {value}" for name, value in headers)]
        length = [] if method not in ("POST", "PUT", "PATCH") else ["Content-Length: 0"]
        return Ask(("\r\n".join([*lines, *length]) + "\r\n\r\n").encode("latin-1"), method != "HEAD")

    def _host(self) -> str:
        known = self.words.hosts
        host = self.chance.choice(known) if known and self.chance.random() < 0.85 else self.chance.choice(HOSTS)
        roll = self.chance.random()
        if roll < 0.06:
            return host.upper()
        if roll < 0.12:
            return f"{host}:{self.chance.choice((80, 443, 8080))}"
        return f"sub.{host}" if roll < 0.16 else f"{host}." if roll < 0.18 else host

    def _target(self, host: str) -> str:
        known = self.words.paths
        path = self.chance.choice(known) if known and self.chance.random() < 0.7 else self.chance.choice(PATHS)
        roll = self.chance.random()
        if roll < 0.2:
            path = path.rstrip("/") + self.chance.choice(("/", "/more", "x", "/a/b.html", "/status"))
        elif roll < 0.25:
            path = path.upper()
        if self.words.endings and self.chance.random() < 0.25:
            path = path.rstrip("/") + f"/file{self.chance.choice(self.words.endings)}"
        if self.chance.random() < 0.3:
            path += f"{'&' if '?' in path else '?'}{self._parameter()}={self._value()}"
        return f"http://{host}{path}" if self.chance.random() < 0.02 else path

    def _parameter(self) -> str:
        return self.chance.choice(self.words.parameters or ["q"])

    def _value(self) -> str:
        pool = self.words.values if self.words.values and self.chance.random() < 0.8 else ["1", "42", "on", "x"]
        return self.chance.choice(pool)

    def _address(self) -> str:
        pool = self.words.addresses if self.words.addresses and self.chance.random() < 0.6 else ["203.0.113.7", "10.1.2.3", "127.0.0.1"]
        first, _, last = self.chance.choice(pool).rpartition(".")
        return f"{first}.{last if last != '0' else '5'}"

    def _headers(self) -> Headers:
        found: list[tuple[str, str]] = []
        for name, values in self.words.headers.items():
            if name.lower() != "host" and self.chance.random() < 0.35:
                found.append((name, self.chance.choice(values) if values and self.chance.random() < 0.7 else self._value()))
        found += self.chance.sample(FURTHER, self.chance.choice((0, 0, 1, 2)))
        if self.words.logins and self.chance.random() < 0.5:
            found.append(("Authorization", self.chance.choice(self.words.logins)))
        if self.words.cookies and self.chance.random() < 0.4:
            found.append(("Cookie", f"{self.chance.choice(self.words.cookies)}={self._value()}; other=1"))
        return tuple(found)
