"""Byte-level clients over blocking sockets.

Comes in: an address, a PROXY header, how to cut the TLS hello, a request. Goes out: `Outcome` values; nothing here
raises because of the network. The first failure of a connection is its outcome from then on. HTTP/2 is in
client_http2, WebSocket frames in websocket. Called by tests.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self, TypeVar

from support import certificates, clienthello, http1
from support.outcome import Broken, Outcome, broken_by_the_network

Address = tuple[str, int]
Place = Address | str
"""Where to connect: an address and port, or the path of a unix socket."""
Result = TypeVar("Result")
TIMEOUT = 5.0


@dataclass(frozen=True, slots=True)
class Tls:
    """How to start TLS. ``records`` re-cuts the hello into several TLS records, ``segments`` cuts the bytes of the
    first flight into TCP segments with ``pause`` seconds between; both as `clienthello.Sizes`."""

    context: ssl.SSLContext
    sni: str | None = None
    records: clienthello.Sizes = ()
    segments: clienthello.Sizes = ()
    pause: float = 0.005


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request. ``host`` None sends none; ``chunked`` sends the body in two chunks; headers go as given."""

    method: str = "GET"
    target: str = "/"
    host: str | None = "test.example"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    chunked: bool = False


class Connection:
    """One TCP connection, with TLS or without. Make it with `connect`, use it in a ``with``."""

    def __init__(self, plug: socket.socket | None, failure: Outcome | None) -> None:
        self.failure = failure
        self._socket = plug
        self._tls: ssl.SSLObject | None = None
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._received = b""
        self._is_flight_cut = False
        self._deadline = 0.0
        self._how: Tls | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the socket, without a TLS goodbye."""
        if self._socket is not None:
            self._socket.close()

    @property
    def local(self) -> Address:
        """Our own address and port, as the server should see them."""
        assert self._socket is not None, self.failure
        return self._socket.getsockname()[:2]

    @property
    def alpn(self) -> str | None:
        """The protocol agreed by ALPN, or None."""
        return self._tls.selected_alpn_protocol() if self._tls else None

    @property
    def peer_names(self) -> tuple[str, ...]:
        """The names in the server's certificate, once the handshake is done."""
        return self._state().peer_names

    def start_tls(self, how: Tls, timeout: float = TIMEOUT) -> Outcome:
        """Shake hands. The outcome is ``bytes`` with the server's names and ALPN, or what broke."""
        return self._attempt(lambda: self._shake_hands(how), timeout)

    def send(self, data: bytes, segments: clienthello.Sizes = (), pause: float = 0.005) -> Outcome:
        """Send bytes, cut into TCP segments (or TLS records) on demand. The outcome is ``bytes``, empty, if all left."""

        def act() -> Outcome:
            for piece in clienthello.cut(data, segments):
                self._write(piece)
                if segments:
                    time.sleep(pause)
            return self._state()

        return self._attempt(act, TIMEOUT)

    def request(self, request: Request | None = None, timeout: float = TIMEOUT) -> Outcome:
        """Send one HTTP/1.1 request and read its answer; the connection can be used for the next one."""
        wanted = request or Request()

        def act() -> Outcome:
            form = http1.format_chunked if wanted.chunked else http1.format_request
            try:
                self._write(form(wanted.method, wanted.target, wanted.host, wanted.headers, wanted.body))
            except Broken as broken:
                if broken.outcome.kind != "reset":
                    raise
                # The server may have answered (and closed) before it read everything: look for the answer.
            return self._read_response(has_body=wanted.method != "HEAD")

        return self._attempt(act, timeout)

    def read_response(self, *, has_body: bool = True, timeout: float = TIMEOUT) -> Outcome:
        """Read one HTTP/1 answer, for a request that was sent by `send`."""
        return self._attempt(lambda: self._read_response(has_body=has_body), timeout)

    def read(self, timeout: float = TIMEOUT) -> Outcome:
        """Whatever bytes come next: ``bytes``, or ``closed``, ``timeout``…"""

        def act() -> Outcome:
            data = self._take(len(self._received)) if self._received else self._receive()
            if not data:
                raise Broken("closed")
            return replace(self._state(), body=data)

        return self._attempt(act, timeout, keeps_timeout=False)

    def read_until(self, mark: bytes, timeout: float = TIMEOUT) -> Outcome:
        """The bytes up to and with ``mark``; ``closed`` with what came if the server ended first."""
        return self._attempt(lambda: replace(self._state(), body=self._until(mark)), timeout, keeps_timeout=False)

    def read_exactly(self, size: int, timeout: float = TIMEOUT) -> Outcome:
        """The next ``size`` bytes."""

        def act() -> Outcome:
            self._fill(size)
            return replace(self._state(), body=self._take(size))

        return self._attempt(act, timeout, keeps_timeout=False)

    def read_to_end(self, timeout: float = TIMEOUT) -> Outcome:
        """Everything until the server closes (``closed``), aborts (``reset``) or ``timeout`` passes."""

        def act() -> Outcome:
            while True:
                data = self._receive()
                if not data:
                    raise Broken("closed")
                self._received += data

        return self._attempt(act, timeout, keeps_timeout=False)

    def end_sending(self) -> None:
        """Half-close the connection: the server sees its end, and may still answer."""
        if self._socket is not None and self.failure is None:
            self._socket.shutdown(socket.SHUT_WR)

    def _attempt(self, act: Callable[[], Outcome], timeout: float, *, keeps_timeout: bool = True) -> Outcome:
        if self.failure is not None:
            return self.failure
        self._deadline = time.monotonic() + timeout
        try:
            return act()
        except Broken as broken:
            body = broken.outcome.body or self._take(len(self._received))
            outcome = replace(self._state(), kind=broken.outcome.kind, detail=broken.outcome.detail, body=body)
            if keeps_timeout or outcome.kind != "timeout":
                self.failure = outcome
            return outcome

    def _state(self) -> Outcome:
        if self._tls is None:
            return Outcome("bytes")
        try:
            der = self._tls.getpeercert(binary_form=True)
        except ValueError:
            return Outcome("bytes")  # the handshake is not done
        return Outcome("bytes", peer_names=certificates.names_of(der) if der else (), alpn=self.alpn)

    def _shake_hands(self, how: Tls) -> Outcome:
        self._how = how
        self._tls = how.context.wrap_bio(self._incoming, self._outgoing, server_hostname=how.sni)
        self._with_tls(self._tls.do_handshake)
        return self._state()

    def _with_tls(self, call: Callable[[], Result]) -> Result:
        """Repeat an operation of the TLS engine, moving bytes between it and the socket, until it is done."""
        while True:
            try:
                with broken_by_the_network():
                    result = call()
            except ssl.SSLWantReadError:
                self._flush()
            except Broken:
                self._say_goodbye()
                raise
            else:
                self._flush()
                return result
            data = self._receive_raw()
            if data:
                self._incoming.write(data)
            else:
                self._incoming.write_eof()

    def _say_goodbye(self) -> None:
        """Send what the engine has left (an alert), as far as the server still takes it."""
        try:
            self._flush()
        except Broken:
            return

    def _flush(self) -> None:
        data = self._outgoing.read()
        if not data:
            return
        if self._is_flight_cut or self._how is None:
            self._send_raw(data)
            return
        self._is_flight_cut = True
        if self._how.records:
            data = clienthello.reframe(data, self._how.records)
        for piece in clienthello.cut(data, self._how.segments):
            self._send_raw(piece)
            if self._how.segments:
                time.sleep(self._how.pause)

    def _write(self, data: bytes) -> None:
        tls = self._tls
        if tls is None:
            self._send_raw(data)
        elif data:
            self._with_tls(lambda: tls.write(data))

    def _receive(self) -> bytes:
        """The next bytes in clear text; empty at the end of the stream."""
        tls = self._tls
        if tls is None:
            return self._receive_raw()
        try:
            return self._with_tls(lambda: tls.read(65_536))
        except Broken as broken:
            if broken.outcome.kind == "closed":
                return b""
            raise

    def _send_raw(self, data: bytes) -> None:
        with broken_by_the_network():
            self._open_socket().sendall(data)

    def _receive_raw(self) -> bytes:
        with broken_by_the_network():
            return self._open_socket().recv(65_536)

    def _open_socket(self) -> socket.socket:
        assert self._socket is not None
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(left)
        return self._socket

    def _fill(self, size: int) -> None:
        while len(self._received) < size:
            data = self._receive()
            if not data:
                raise Broken("closed")
            self._received += data

    def _take(self, size: int) -> bytes:
        data, self._received = self._received[:size], self._received[size:]
        return data

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._received:
            self._fill(len(self._received) + 1)
        return self._take(self._received.index(mark) + len(mark))

    def _rest(self) -> bytes:
        while data := self._receive():
            self._received += data
        return self._take(len(self._received))

    def _read_response(self, *, has_body: bool) -> Outcome:
        while True:
            self._fill(5)
            if not self._received.startswith(b"HTTP/"):
                raise Broken("garbage", "not an HTTP/1 answer")
            status, headers = http1.parse_status(self._until(b"\r\n\r\n"))
            if status >= 200 or status == 101:
                break
        reader = http1.BodyReader(self._until, self._exactly, self._rest)
        bodyless = not has_body or status in (101, 204, 304)
        try:
            body = b"" if bodyless else reader.read(headers)
        except ValueError as problem:
            raise Broken("garbage", f"bad framing of the body: {problem}") from problem
        return replace(self._state(), kind="response", status=status, headers=headers, body=body)

    def _exactly(self, size: int) -> bytes:
        self._fill(size)
        return self._take(size)


def connect(address: Place, *, proxy: bytes | None = None, source: str | None = None, timeout: float = TIMEOUT) -> Connection:
    """Connect to ``address``, from the local address ``source``, and send a PROXY header first. A failure is kept in
    the connection: every later call returns it."""
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    plug = socket.socket(family, socket.SOCK_STREAM)
    try:
        with broken_by_the_network():
            plug.settimeout(timeout)
            if family != socket.AF_UNIX:
                plug.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if source is not None:
                plug.bind((source, 0))
            plug.connect(address)
            if proxy is not None:
                plug.sendall(proxy)
    except Broken as broken:
        plug.close()
        return Connection(None, broken.outcome)
    except BaseException:
        plug.close()
        raise
    return Connection(plug, None)


def get(
    address: Place,
    request: Request | None = None,
    *,
    tls: Tls | None = None,
    proxy: bytes | None = None,
    source: str | None = None,
) -> Outcome:
    """One HTTP/1.1 request on a connection of its own, over TLS if ``tls`` is given."""
    with connect(address, proxy=proxy, source=source) as connection:
        if tls is not None and not (shaken := connection.start_tls(tls)).ok:
            return shaken
        return connection.request(request)


def speak(address: Place, data: bytes, *, lines: int = 1, proxy: bytes | None = None) -> Outcome:
    """Send ``data`` and return the next ``lines`` lines as one ``bytes`` outcome."""
    with connect(address, proxy=proxy) as connection:
        sent = connection.send(data)
        return _lines(connection, lines) if sent.ok else sent


def ssh(address: Place, *, proxy: bytes | None = None, source: str | None = None) -> Outcome:
    """An ssh-like client, which speaks first: the server's banner line and its JSON line in one ``bytes`` outcome."""
    with connect(address, proxy=proxy, source=source) as connection:
        sent = connection.send(b"SSH-2.0-client\r\n")
        return _lines(connection, 2) if sent.ok else sent


def silent(address: Place, wait: float, *, proxy: bytes | None = None, source: str | None = None) -> Outcome:
    """A client that says nothing: what arrives within ``wait`` seconds, up to the first end of line."""
    with connect(address, proxy=proxy, source=source) as connection:
        return connection.read_until(b"\n", timeout=wait)


def raw_hello(address: Place, flight: bytes, pieces: Sequence[int] | int = (), pause: float = 0.005) -> Outcome:
    """Send the bytes of a (built) ClientHello and return the first bytes of the answer."""
    with connect(address) as connection:
        sent = connection.send(flight, pieces, pause)
        return connection.read() if sent.ok else sent


def _lines(connection: Connection, count: int) -> Outcome:
    body = b""
    outcome = Outcome("bytes")
    for _ in range(count):
        outcome = connection.read_until(b"\n")
        body += outcome.body
        if not outcome.ok:
            break
    return replace(outcome, body=body)
