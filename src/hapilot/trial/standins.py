"""Servers that stand in for those of a site: each on a port of its own on loopback, in threads of this process.

In: who they are. Out: their ports, what visited them, and what they had to complain about. ``run`` and ``demo`` start them.
"""

from __future__ import annotations

import contextlib
import itertools
import resource
import selectors
import socket
import ssl
import threading
from collections.abc import Generator, Sequence
from dataclasses import replace

from hapilot.base import errors
from hapilot.runtime import attempt
from hapilot.trial import issuing, reading, talking

_SPARE_FILES = 256
"""Descriptors for everything else: connections, HAProxy's sockets, files."""
_STEP = 0.1
_MOST_COMPLAINTS = 5


class Standins:
    """The servers, while they run. Safe to ask from any thread."""

    def __init__(self, servers: Sequence[talking.Server], sockets: Sequence[socket.socket], issuer: issuing.Issuer) -> None:
        self.servers = tuple(servers)
        self.ports: tuple[int, ...] = tuple(one.getsockname()[1] for one in sockets)
        self._sockets = sockets
        self._desk = talking.Desk(issuer, self._note)
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._visits: dict[int, talking.Visit] = {}
        self._complaints: dict[int, list[str]] = {}
        self._open: set[socket.socket] = set()
        self._ended = threading.Event()

    def visit(self, number: int) -> talking.Visit | None:
        """What came with the visit of that number."""
        with self._lock:
            return self._visits.get(number)

    def visit_of(self, seen: attempt.Seen) -> talking.Visit | None:
        """The visit that an answer comes from; None where none of the servers gave it."""
        said = seen.header(talking.HEADER)
        number = int(said) if said and said.isdecimal() else talking.visit_in(seen.data)
        return None if number is None else self.visit(number)

    def complaints(self, service: str) -> tuple[str, ...]:
        """What the servers of a service did not expect, the last few for each."""
        with self._lock:
            of_service = [server for server in self.servers if server.service == service]
            return tuple(f"{server.name}: {text}" for server in of_service for text in self._complaints.get(server.number, ()))

    def run(self) -> None:
        """Accepts connections until :meth:`end`."""
        with selectors.DefaultSelector() as selector:
            for server, one in zip(self.servers, self._sockets, strict=True):
                selector.register(one, selectors.EVENT_READ, server)
            while not self._ended.is_set():
                for key, _ in selector.select(_STEP):
                    self._accept(key)

    def end(self) -> None:
        """No new connections, and the end of those there are."""
        self._ended.set()
        with self._lock:
            left = list(self._open)
        for connection in left:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self, key: selectors.SelectorKey) -> None:
        listening, server = key.fileobj, key.data
        if not isinstance(listening, socket.socket) or not isinstance(server, talking.Server):
            raise TypeError("only sockets with their servers are registered")
        try:
            connection, _ = listening.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError:
            return  # it went away before we came
        with self._lock:
            self._open.add(connection)
        threading.Thread(target=self._serve, args=(connection, server), daemon=True).start()

    def _serve(self, connection: socket.socket, server: talking.Server) -> None:
        with connection:
            try:
                talking.talk(connection, server, self._desk)
            except reading.Refused as problem:
                self._complain(server, str(problem))
            except ssl.SSLError as problem:
                # A check that only connects ends in the middle of a handshake; what a client says of our certificate is worth telling.
                if problem.reason and "ALERT" in problem.reason:
                    self._complain(server, f"its client broke TLS off: {problem.reason.replace('_', ' ').lower()}")
            except (reading.Gone, OSError, ValueError):
                pass  # clients come and go
            finally:
                with self._lock:
                    self._open.discard(connection)

    def _note(self, visit: talking.Visit) -> talking.Visit:
        with self._lock:
            noted = replace(visit, number=next(self._numbers))
            self._visits[noted.number] = noted
        return noted

    def _complain(self, server: talking.Server, text: str) -> None:
        with self._lock:
            known = self._complaints.setdefault(server.number, [])
            if text not in known and len(known) < _MOST_COMPLAINTS:
                known.append(text)


@contextlib.contextmanager
def standing_in(servers: Sequence[talking.Server], issuer: issuing.Issuer) -> Generator[Standins]:
    """The servers, for as long as it lasts. Raises HapilotError where there can't be as many."""
    _allow(len(servers))
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(_listening(server)) for server in servers]
        made = Standins(servers, sockets, issuer)
        accepting = threading.Thread(target=made.run, daemon=True)
        accepting.start()
        try:
            yield made
        finally:
            made.end()
            accepting.join()


@contextlib.contextmanager
def _listening(server: talking.Server) -> Generator[socket.socket]:
    with socket.socket() as one:
        try:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind(("127.0.0.1", server.port))
            one.listen(128)
        except OSError as problem:
            raise errors.HapilotError(f"no stand-in for {server.service}/{server.name}: {problem.strerror}") from problem
        one.setblocking(False)  # noqa: FBT003 - the signature of socket
        yield one


def _allow(count: int) -> None:
    """Raises the limit of open files as far as this process may, if it is too low for ``count`` sockets."""
    wanted = count + _SPARE_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= wanted or soft == resource.RLIM_INFINITY:
        return
    if hard != resource.RLIM_INFINITY and hard < wanted:
        message = f"the site has {count} servers, and this process may open {hard} files at most"
        raise errors.HapilotError(message, f"raise the limit to {wanted} or more: `ulimit -Hn {wanted}` as root")
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
