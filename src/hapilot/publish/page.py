"""Serves one page over a private unix socket.

In: the socket's path, who may connect, a function that makes the page. Out: HTTP answers to GET. ``reconcile.telling`` runs it for the
metrics, in a thread; HAProxy is the client, so this never sees a stranger. What goes wrong here must not touch the site: it is told
once and tried again.
"""

from __future__ import annotations

import http.server
import os
import select
import socket
import socketserver
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

TICK_SECONDS = 0.5
"""How often it looks whether its socket was removed."""
RETRY_SECONDS = 5.0
"""Between two attempts to open the socket."""
CLIENT_SECONDS = 5.0
"""A client that says nothing for this long is left."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request gets."""

    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Offer:
    """``owner`` is the user who may connect, None for our own; ``answer`` makes the page from the request's Accept header, in a
    thread of its own; ``complain`` is told what went wrong."""

    path: Path
    owner: int | None
    answer: Callable[[str], Answer]
    complain: Callable[[str], None]


def serve(offer: Offer, ending: int) -> None:
    """Serves until the descriptor ``ending`` can be read, and returns within milliseconds then."""
    said = ""
    while not _ready(0.0, ending):
        try:
            with _Server(offer) as server:
                said = ""
                _answer(server, ending)
        except OSError as problem:
            text = f"hapilot's own metrics can't be served on {offer.path}: {problem.strerror or problem}"
            if text != said:
                offer.complain(text)
            said = text
            _ready(RETRY_SECONDS, ending)


def _answer(server: _Server, ending: int) -> None:
    """Until the end, or until somebody else has removed the socket."""
    while server.is_there():
        ready = _ready(TICK_SECONDS, ending, server.fileno())
        if ending in ready:
            return
        if ready:
            server.handle_request()


def _ready(seconds: float, *descriptors: int) -> set[int]:
    """Those that can be read, as soon as there is one, or none after ``seconds``."""
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    return {descriptor for descriptor, _ in poll.poll(round(seconds * 1000))}


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Listens under the name at once with the right mode and owner: it is made beside it and renamed."""

    daemon_threads = True
    timeout = TICK_SECONDS

    def __init__(self, offer: Offer) -> None:
        self.offer = offer
        self._inode = 0
        super().__init__(str(offer.path.with_name(f".{offer.path.name}.{os.getpid()}")), _Handler)

    def server_bind(self) -> None:
        beside = Path(str(self.server_address))
        beside.unlink(missing_ok=True)
        super().server_bind()
        beside.chmod(0o600)
        if self.offer.owner is not None:
            os.chown(beside, self.offer.owner, -1)

    def server_activate(self) -> None:
        super().server_activate()
        beside = Path(str(self.server_address))
        self._inode = beside.stat().st_ino
        beside.replace(self.offer.path)

    def server_close(self) -> None:
        super().server_close()
        Path(str(self.server_address)).unlink(missing_ok=True)
        if self.is_there():
            self.offer.path.unlink(missing_ok=True)

    def is_there(self) -> bool:
        """Whether the name still leads here: whoever ends HAProxy removes every socket in the folder."""
        try:
            return self.offer.path.stat().st_ino == self._inode
        except FileNotFoundError:
            return False

    def handle_error(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        """A client that went away is none of our business."""


class _Handler(http.server.BaseHTTPRequestHandler):
    """Answers every GET with the page, and closes: HTTP/1.0."""

    timeout = CLIENT_SECONDS
    server_version = "hapilot"
    sys_version = ""

    def do_GET(self) -> None:
        server = cast("_Server", self.server)
        try:
            answer = server.offer.answer(self.headers.get("Accept", ""))
        except Exception as problem:
            server.offer.complain(f"hapilot's own metrics could not be made: {type(problem).__name__}: {problem}")
            self.send_error(500)
            return
        self.send_response(200)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def address_string(self) -> str:
        """Unix sockets have no addresses."""
        return "haproxy"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the base class
        """Scrapes are no news."""
