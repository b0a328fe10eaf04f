"""A server that keeps every byte it was sent, and reads it with `strict_http1` alone.

Comes in: connections. Goes out: a `Stream` for each: its bytes and whether it has ended. A request that is whole and well-formed
gets a short 200; one that is not gets nothing and the end, as it can't be told where the next would begin. One thread for all
connections. Called by the tests of behaviour under abuse; the stand-ins of `servers` are for everything else.
"""

from __future__ import annotations

import selectors
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Self

from support import ports, strict_http1

_NOTHING_YET = strict_http1.Reading((), b"", "")


@dataclass(frozen=True, slots=True)
class Stream:
    """What came over one connection since it began or was forgotten."""

    reading: strict_http1.Reading = _NOTHING_YET
    is_open: bool = True


@dataclass(slots=True)
class _Loop:
    """The thread's own, and under the lock the streams by descriptor, ended ones apart."""

    selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    streams: dict[int, Stream] = field(default_factory=dict[int, Stream])
    ended: list[Stream] = field(default_factory=list[Stream])


class RawServer:
    """Listens on loopback while it is in a ``with``. It satisfies what sites need of a server: `name` and `address`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.address = "127.0.0.1", ports.free_port()
        self._loop = _Loop()
        self._lock = threading.Lock()
        self._wake, self._woken = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name=f"raw server {name}", daemon=True)

    def __enter__(self) -> Self:
        listener = socket.create_server(self.address, backlog=4096)
        listener.setblocking(False)
        self._loop.selector.register(listener, selectors.EVENT_READ, self._accept)
        self._loop.selector.register(self._woken, selectors.EVENT_READ)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self._wake.send(b"x")
        self._thread.join(10)
        for key in list(self._loop.selector.get_map().values()):
            assert isinstance(key.fileobj, socket.socket)
            key.fileobj.close()
        self._loop.selector.close()
        self._wake.close()

    @property
    def streams(self) -> tuple[Stream, ...]:
        """Every connection that is open, or ended since `forget`."""
        with self._lock:
            return (*self._loop.ended, *self._loop.streams.values())

    @property
    def requests(self) -> tuple[strict_http1.Message, ...]:
        """The whole requests of all connections."""
        return tuple(message for one in self.streams for message in one.reading.messages)

    def forget(self) -> None:
        """Drop what is past: ended connections, and on open ones the requests that were whole."""
        with self._lock:
            self._loop.ended.clear()
            for number, one in self._loop.streams.items():
                self._loop.streams[number] = replace(one, reading=replace(one.reading, messages=()))

    def wait(self, holds: Callable[[tuple[Stream, ...]], bool], seconds: float = 5.0) -> bool:
        """Whether ``holds`` of the streams within ``seconds``."""
        end = time.monotonic() + seconds
        while not holds(self.streams):
            if time.monotonic() > end:
                return False
            time.sleep(0.002)
        return True

    def _run(self) -> None:
        while True:
            for key, _ in self._loop.selector.select():
                if key.fileobj is self._woken:
                    return
                assert isinstance(key.fileobj, socket.socket)
                key.data(key.fileobj)

    def _accept(self, listener: socket.socket) -> None:
        """Takes all that wait, so that a flood of connections does not fill the queue."""
        while True:
            try:
                plug, _ = listener.accept()
            except BlockingIOError:
                return
            plug.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._loop.streams[plug.fileno()] = Stream()
            self._loop.selector.register(plug, selectors.EVENT_READ, self._take)

    def _take(self, plug: socket.socket) -> None:
        try:
            data = plug.recv(65_536)
        except OSError:
            data = b""
        with self._lock:
            stream = self._loop.streams[plug.fileno()]
            new = strict_http1.read(stream.reading.rest + data)
            reading = replace(new, messages=stream.reading.messages + new.messages)
            self._loop.streams[plug.fileno()] = replace(stream, reading=reading)
        if not data or reading.problem or not self._answer(plug, new.messages):
            self._end(plug)

    def _answer(self, plug: socket.socket, messages: tuple[strict_http1.Message, ...]) -> bool:
        """Whether the client still takes answers. Each says which request it is for."""
        try:
            for message in messages:
                body = b"" if message.method == "HEAD" else message.target.encode()
                head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(message.target)}\r\nX-Server: {self.name}\r\n\r\n"
                plug.sendall(head.encode() + body)
        except OSError:
            return False
        return True

    def _end(self, plug: socket.socket) -> None:
        self._loop.selector.unregister(plug)
        with self._lock:
            self._loop.ended.append(replace(self._loop.streams.pop(plug.fileno()), is_open=False))
        plug.close()
