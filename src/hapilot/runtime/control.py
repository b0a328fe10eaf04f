"""A private unix socket for orders: one request and one answer per connection, both a line of bytes.

:func:`serving` runs it for ``up``: bytes of a request go into a function, in a thread for each connection, and what it gives goes back.
:func:`ask` is the other side. Sizes, times and the number of connections are bounded, users other than ours and root are refused; what
the bytes mean is none of our business.
Called by ``reconcile.orders`` and ``reconcile.asking``.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

from hapilot.runtime import peer

CONNECTIONS = 16
"""Clients at once; further ones are told to come again."""
REQUEST_SECONDS = 5.0
"""A client has this long to say what it wants, and to take the answer: it is a program on the same machine."""
END_SECONDS = 2.0
"""How long the end waits for answers to be taken."""

_BACKLOG = 64


@dataclass(frozen=True, slots=True)
class Client:
    """Who asks."""

    connection: socket.socket
    peer: peer.Peer

    @property
    def is_gone(self) -> bool:
        """Whether it has left: its order need not begin any more."""
        poll = select.poll()
        # A client that has said everything may have closed its half; only one that has closed both is gone (POLLHUP, poll(2)).
        poll.register(self.connection, 0)
        return any(event & (select.POLLHUP | select.POLLERR) for _, event in poll.poll(0))


@dataclass(frozen=True, slots=True)
class Offer:
    """What is served at ``path``: ``answer`` makes the answer to a request; ``busy`` is what a client gets that is one too many,
    ``stranger`` what one of another user gets; ``longest`` is how many bytes a request may have."""

    path: Path
    answer: Callable[[bytes, Client], bytes]
    busy: bytes
    longest: int
    stranger: bytes = b""


@contextlib.contextmanager
def serving(offer: Offer) -> Generator[Callable[[], None]]:
    """Serves for as long as it lasts. What it gives closes the socket and removes it: whoever comes later finds nobody. At the end,
    answers that are under way get a moment. Raises OSError where the socket can't be made."""
    server = _Server(offer)
    try:
        yield server.close
    finally:
        server.close()
        server.wait(END_SECONDS)


def ask(path: Path, request: bytes, longest: int, seconds: float) -> bytes:
    """The answer to ``request``, of at most ``longest`` bytes and one; empty where the other side ended without one.

    Raises FileNotFoundError or ConnectionRefusedError where nobody serves there, TimeoutError after ``seconds``, and OSError.
    """
    with socket.socket(socket.AF_UNIX) as connection, _named(path) as name:
        deadline = time.monotonic() + seconds
        connection.settimeout(REQUEST_SECONDS)
        connection.connect(name)
        # One that is too busy answers and closes before it has read.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(request)
        with contextlib.suppress(ConnectionResetError):
            return _read(connection, longest, deadline)
        return b""


class _Server:
    """Accepts in one thread, answers in one for each connection."""

    def __init__(self, offer: Offer) -> None:
        self._offer = offer
        self._places = threading.BoundedSemaphore(CONNECTIONS)
        self._closing = threading.Lock()
        self._answering: set[threading.Thread] = set()
        self._ending = os.eventfd(0, os.EFD_CLOEXEC)
        self._listener = _listen(offer.path)
        self._inode = offer.path.stat().st_ino
        self._thread = threading.Thread(target=self._accept, name="control", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """No more connections."""
        with self._closing:
            if self._ending < 0:
                return
            with contextlib.suppress(OSError):
                if self._offer.path.stat().st_ino == self._inode:
                    self._offer.path.unlink()
            os.eventfd_write(self._ending, 1)
            self._thread.join(END_SECONDS)
            self._listener.close()
            os.close(self._ending)
            self._ending = -1

    def wait(self, seconds: float) -> None:
        """Until every answer was taken, or for so long."""
        deadline = time.monotonic() + seconds
        for thread in tuple(self._answering):
            thread.join(max(0.0, deadline - time.monotonic()))

    def _accept(self) -> None:
        poll = select.poll()
        poll.register(self._listener, select.POLLIN)
        poll.register(self._ending, select.POLLIN)
        while all(descriptor != self._ending for descriptor, _ in poll.poll()):
            try:
                connection, _ = self._listener.accept()
            except OSError:
                # The client left at once, or there is no descriptor left: the next one may do better.
                time.sleep(0.05)
                continue
            if not self._places.acquire(blocking=False):
                _say(connection, self._offer.busy)
                connection.close()
                continue
            thread = threading.Thread(target=self._serve, args=(connection,), name="order", daemon=True)
            self._answering.add(thread)
            try:
                thread.start()
            except RuntimeError:  # the system has no room for another thread
                self._answering.discard(thread)
                self._places.release()
                connection.close()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection:
                self._talk(Client(connection, peer.of(connection)))
        finally:
            self._answering.discard(threading.current_thread())
            self._places.release()

    def _talk(self, client: Client) -> None:
        if not client.peer.may_order:
            _say(client.connection, self._offer.stranger)
            return
        request = _read_request(client.connection, self._offer.longest)
        if request is not None:
            _say(client.connection, self._offer.answer(request, client))


def _listen(path: Path) -> socket.socket:
    """A listening socket that appears under its name with the right mode at once. One that a killed hapilot has left is replaced."""
    listener = socket.socket(socket.AF_UNIX)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.unlink(missing_ok=True)
        with _named(beside) as name:
            listener.bind(name)
        beside.chmod(0o600)
        listener.listen(_BACKLOG)
        listener.settimeout(0)
        beside.replace(path)
    except OSError:
        listener.close()
        beside.unlink(missing_ok=True)
        raise
    return listener


@contextlib.contextmanager
def _named(path: Path) -> Generator[str]:
    """A name of ``path`` that fits into an address, which has 107 bytes (unix(7)): through its folder, opened."""
    if len(os.fsencode(path)) <= 107:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def _read_request(connection: socket.socket, longest: int) -> bytes | None:
    """A line, or as much of it as may be judged; None where the client left or did not come to its end."""
    try:
        return _read(connection, longest, time.monotonic() + REQUEST_SECONDS) or None
    except OSError:
        return None


def _read(connection: socket.socket, longest: int, deadline: float) -> bytes:
    """Up to the end of the line, the end of the stream or one byte more than ``longest``. All of it within the time, however it comes."""
    parts = bytearray()
    while len(parts) <= longest and not parts.endswith(b"\n"):
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        connection.settimeout(left)
        part = connection.recv(min(65536, longest + 1 - len(parts)))
        if not part:
            break
        parts += part
    return bytes(parts)


def _say(connection: socket.socket, answer: bytes) -> None:
    """A client that does not listen is none of our business."""
    with contextlib.suppress(OSError):
        connection.settimeout(REQUEST_SECONDS)
        connection.sendall(answer)
