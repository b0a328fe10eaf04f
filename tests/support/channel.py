"""One accepted connection as a byte stream for the stand-in servers: PROXY header first, then TLS, then data.

Comes in: a connected non-blocking socket. Goes out: bytes, and what was learnt on the way (PROXY header, SNI, ALPN).
TLS is driven through memory buffers, so that bytes which arrive together with a PROXY header are never lost. Called by
the stand-ins; runs in their event loop.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeVar

from support import clienthello, proxy_protocol

ProxyPolicy = Literal["never", "required", "optional"]
Result = TypeVar("Result")


class Refused(Exception):
    """The client broke the rules (no PROXY header, bad TLS, bad HTTP); the connection is closed and this is kept."""


@dataclass(frozen=True, slots=True)
class TlsSeen:
    """What the TLS handshake said. ``client`` are the names in the client's certificate."""

    sni: str | None
    alpn: str | None
    version: str
    offered: tuple[str, ...]
    client: tuple[str, ...] = ()


class Channel:
    """An accepted connection. `read` and `write` speak clear text, whether TLS was started or not."""

    def __init__(self, plug: socket.socket) -> None:
        self._loop = asyncio.get_running_loop()
        self._socket = plug
        self._raw = b""
        self._received = b""
        self._tls: ssl.SSLObject | None = None
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._hello = b""

    async def read_proxy(self, policy: ProxyPolicy, patience: float | None) -> proxy_protocol.Header | None:
        """The PROXY header that ``policy`` asks for. Where it is optional, a client that says nothing for ``patience``
        seconds (None: for ever) has none. Raises Refused."""
        if policy == "never":
            return None
        while (found := self._parse_proxy(policy)) is None:
            try:
                async with asyncio.timeout(patience if policy == "optional" and not self._raw else None):
                    data = await self._loop.sock_recv(self._socket, 65_536)
            except TimeoutError:
                return None
            if not data:
                raise Refused("the connection ended before a PROXY header")
            self._raw += data
        header, used = found
        self._raw = self._raw[used:]
        return header

    def _parse_proxy(self, policy: ProxyPolicy) -> tuple[proxy_protocol.Header | None, int] | None:
        if policy == "optional" and not proxy_protocol.could_start(self._raw):
            return None, 0
        try:
            return proxy_protocol.parse(self._raw)
        except proxy_protocol.Malformed as problem:
            raise Refused(str(problem)) from problem

    async def start_tls(self, context: ssl.SSLContext) -> TlsSeen:
        """Shake hands as a server. Raises Refused."""
        tls = self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        try:
            await self._with_tls(tls.do_handshake, is_hello=True)
        except ssl.SSLError as problem:
            raise Refused(f"TLS: {problem.reason or problem}") from problem
        try:
            said = clienthello.read(self._hello)
        except (ValueError, IndexError):
            said = clienthello.Said(None, (), ())
        return TlsSeen(said.sni, tls.selected_alpn_protocol(), tls.version() or "", said.alpn, _client_names(tls))

    async def read(self) -> bytes:
        """The next bytes; empty at the end of the stream."""
        if self._received:
            data, self._received = self._received, b""
            return data
        return await self._receive()

    async def peek(self) -> bytes:
        """The next bytes, which stay to be read; empty at the end of the stream."""
        if not self._received:
            self._received = await self._receive()
        return self._received

    async def read_until(self, mark: bytes, limit: int = 1 << 20) -> bytes:
        """The bytes up to and with ``mark``; empty if the stream ends first. Raises Refused over ``limit`` bytes."""
        while mark not in self._received:
            data = await self._receive()
            if not data or len(self._received) > limit:
                if data:
                    raise Refused(f"more than {limit} bytes without {mark!r}")
                return b""
            self._received += data
        end = self._received.index(mark) + len(mark)
        data, self._received = self._received[:end], self._received[end:]
        return data

    async def read_exactly(self, size: int) -> bytes:
        """The next ``size`` bytes. Raises Refused if the stream ends first."""
        while len(self._received) < size:
            data = await self._receive()
            if not data:
                raise Refused("the connection ended in the middle of a body")
            self._received += data
        data, self._received = self._received[:size], self._received[size:]
        return data

    async def write(self, data: bytes) -> None:
        """Send all of ``data``."""
        tls = self._tls
        if tls is None:
            await self._loop.sock_sendall(self._socket, data)
            return
        for piece in clienthello.cut(data, 65_536):
            await self._with_tls(lambda piece=piece: tls.write(piece))

    async def _receive(self) -> bytes:
        tls = self._tls
        if tls is None:
            return await self._receive_raw()
        try:
            return await self._with_tls(lambda: tls.read(65_536))
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""

    async def _with_tls(self, call: Callable[[], Result], *, is_hello: bool = False) -> Result:
        while True:
            wants_more = False
            result: Result | None = None
            try:
                result = call()
            except ssl.SSLWantReadError:
                wants_more = True
            finally:
                flight = self._outgoing.read()
                if flight:
                    await self._loop.sock_sendall(self._socket, flight)
            if not wants_more:
                return result  # pyright: ignore[reportReturnType]  # the call returned it
            data = await self._receive_raw()
            if data:
                self._incoming.write(data)
                self._hello += data if is_hello and not flight else b""
            else:
                self._incoming.write_eof()

    async def _receive_raw(self) -> bytes:
        if self._raw:
            data, self._raw = self._raw, b""
            return data
        return await self._loop.sock_recv(self._socket, 65_536)


def _client_names(tls: ssl.SSLObject) -> tuple[str, ...]:
    shown = tls.getpeercert() or {}
    names = shown.get("subjectAltName", ())
    return tuple(str(name) for _, name in names)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
