"""A client of HTTP/2 in clear text that sends as fast as it can, in a thread of its own, and comes again when it is thrown out.

Comes in: an address and what to send on each connection. Goes out: how much went, and how often the server ended it. Called by
test_floods.
"""

from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from support import frames
from support.client import Address


@dataclass(slots=True)
class Flood:
    """Runs for ``seconds`` from the start of its ``with``. ``make`` gives what to send on a connection, piece by piece; ``listens``:
    whether what the server says is read."""

    address: Address
    make: Callable[[], Iterable[bytes]]
    seconds: float
    listens: bool = True
    sent: int = 0
    """Bytes that the server's machine has taken."""
    connections: int = 0
    ended: int = 0
    """How many of the connections the server has ended."""
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        assert self._thread is not None
        self._thread.join(self.seconds + 10)

    @property
    def is_running(self) -> bool:
        """Whether it still sends."""
        return self._thread is not None and self._thread.is_alive()

    def _run(self) -> None:
        end = time.monotonic() + self.seconds
        while time.monotonic() < end:
            self.connections += 1
            with socket.create_connection(self.address, 5) as plug:
                plug.setblocking(False)
                try:
                    self._pour(plug, end)
                except OSError:
                    self.ended += 1

    def _pour(self, plug: socket.socket, end: float) -> None:
        """Raises OSError when the server has had enough."""
        poll = select.poll()
        poll.register(plug, select.POLLOUT | (select.POLLIN if self.listens else 0))
        for piece in self._pieces():
            rest = piece
            while rest and time.monotonic() < end:
                found = dict(poll.poll(50)).get(plug.fileno(), 0)
                if found & select.POLLIN and not plug.recv(65_536):
                    raise ConnectionResetError
                if found & ~select.POLLIN:
                    count = plug.send(rest)
                    rest = rest[count:]
                    self.sent += count
            if rest:
                return

    def _pieces(self) -> Iterator[bytes]:
        yield frames.PREFACE + frames.settings()
        yield from self.make()
