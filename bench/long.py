"""Connections that last: WebSockets that exchange a counter, and downloads that trickle, through a proxy; and the server behind it.

In: the port of a proxy. Out: how many broke, and how many did well. Called by :mod:`bench.harm`. Server and clients live in one thread
of the measurement: they do next to nothing.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import ssl
import threading
from collections.abc import AsyncGenerator, Coroutine, Generator
from dataclasses import dataclass
from typing import Any, TypeVar

from bench import values

HOST = values.WILDCARD.replace("*", "long")
"""The host behind which the server is."""
WEBSOCKETS, DOWNLOADS = 20, 10

_EXCHANGE_SECONDS = 0.2
_ANSWER_SECONDS = 10.0
_PIECES, _PIECE, _PIECE_SECONDS = 20, b"x" * 512, 0.1
"""A download takes two seconds, and the next one follows."""
_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""RFC 6455, section 1.3."""

Result = TypeVar("Result")


@dataclass(slots=True)
class Tally:
    """What became of connections so far. A connection that can't be made counts as cut."""

    websockets_cut: int = 0
    downloads_cut: int = 0
    exchanges: int = 0
    downloads: int = 0

    @property
    def cut(self) -> int:
        """All that broke."""
        return self.websockets_cut + self.downloads_cut


def frame(counter: int) -> bytes:
    """A binary frame from a client with a counter, masked with zeroes (RFC 6455, section 5.2).

    >>> frame(1).hex()
    '82840000000000000001'
    """
    return b"\x82\x84\x00\x00\x00\x00" + counter.to_bytes(4)


def echo(sent: bytes) -> bytes:
    """The server's frame with the counter of a client's frame.

    >>> echo(frame(7)).hex()
    '820400000007'
    """
    return b"\x82\x04" + sent[-4:]


@contextlib.contextmanager
def server() -> Generator[int]:
    """A server for both kinds until the block ends; gives its port on 127.0.0.1."""
    with _loop() as loop:
        made = _run(loop, asyncio.start_server(_serve, "127.0.0.1", 0))
        yield made.sockets[0].getsockname()[1]
        made.close()


@contextlib.contextmanager
def clients(port: int) -> Generator[Tally]:
    """All clients until the block ends, over TLS through the proxy at ``port``. The tally grows meanwhile."""
    tally = Tally()
    with _loop() as loop:
        work = [_exchange(port, tally) for _ in range(WEBSOCKETS)] + [_download(port, tally) for _ in range(DOWNLOADS)]
        running = [asyncio.run_coroutine_threadsafe(one, loop) for one in work]
        try:
            yield tally
        finally:
            for one in running:
                one.cancel()


@contextlib.contextmanager
def _loop() -> Generator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    # Connections that are given up when all is over are no news.
    loop.set_exception_handler(lambda _loop, _context: None)
    thread = threading.Thread(target=loop.run_forever, name="long connections", daemon=True)
    thread.start()
    try:
        yield loop
    finally:
        _run(loop, _cancel_all())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def _run(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, Result]) -> Result:
    return asyncio.run_coroutine_threadsafe(work, loop).result()


async def _cancel_all() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, asyncio.IncompleteReadError), contextlib.closing(writer):
        head = await reader.readuntil(b"\r\n\r\n")
        if b" /socket " in head.split(b"\r\n")[0]:
            writer.write(_upgraded(head))
            while True:
                writer.write(echo(await reader.readexactly(len(frame(0)))))
                await writer.drain()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % (_PIECES * len(_PIECE)))
        for _ in range(_PIECES):
            writer.write(_PIECE)
            await writer.drain()
            await asyncio.sleep(_PIECE_SECONDS)


def _upgraded(head: bytes) -> bytes:
    lines = (line.partition(b":") for line in head.split(b"\r\n"))
    key = next((value.strip() for name, _, value in lines if name.lower() == b"sec-websocket-key"), b"")
    accept = base64.b64encode(hashlib.sha1(key + _MAGIC, usedforsecurity=False).digest())
    return b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n" % accept


async def _exchange(port: int, tally: Tally) -> None:
    """A WebSocket after the other; each stays as long as it can."""
    while True:
        try:
            async with _connected(port, "GET /socket HTTP/1.1", _UPGRADE) as (reader, writer):
                if b" 101 " not in (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")[0] + b" ":
                    raise ConnectionError("not upgraded")
                counter = 0
                while True:
                    counter += 1
                    writer.write(frame(counter))
                    if await asyncio.wait_for(reader.readexactly(6), _ANSWER_SECONDS) != echo(frame(counter)):
                        raise ConnectionError("another counter")
                    tally.exchanges += 1
                    await asyncio.sleep(_EXCHANGE_SECONDS)
        except (OSError, EOFError, TimeoutError):
            tally.websockets_cut += 1
            await asyncio.sleep(_EXCHANGE_SECONDS)


_UPGRADE = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"


async def _download(port: int, tally: Tally) -> None:
    """A download after the other."""
    while True:
        try:
            async with _connected(port, "GET /slow HTTP/1.1", "Connection: close\r\n") as (reader, _):
                head = await reader.readuntil(b"\r\n\r\n")
                if b" 200 " not in head.split(b"\r\n")[0] + b" ":
                    raise ConnectionError("no download")
                await asyncio.wait_for(reader.readexactly(_PIECES * len(_PIECE)), _PIECES * _PIECE_SECONDS + _ANSWER_SECONDS)
                tally.downloads += 1
        except (OSError, EOFError, TimeoutError):
            tally.downloads_cut += 1
            await asyncio.sleep(_EXCHANGE_SECONDS)


@contextlib.asynccontextmanager
async def _connected(port: int, request: str, headers: str) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=HOST)
    try:
        writer.write(f"{request}\r\nHost: {HOST}\r\n{headers}\r\n".encode())
        yield reader, writer
    finally:
        writer.transport.abort()
