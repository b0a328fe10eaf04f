"""An HTTP/2 client over a `client.Connection`: several requests, with any :authority, on one connection.

Comes in: a connection (after TLS with ALPN h2, or in clear text for prior knowledge) and requests. Goes out: one
`Outcome` per request, in order, whatever broke: a reset stream is ``reset``, a stream cut by GOAWAY or the end of the
connection is ``closed``. Headers are sent as given, unchecked, so that hostile ones can be tried. Built on h2.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions

from support.client import TIMEOUT, Address, Connection, Request, Tls, connect
from support.outcome import Headers, Kind, Outcome

_FRAME_HEAD, _GOAWAY = 9, 7


@dataclass(slots=True)
class _Stream:
    """An answer in the making."""

    status: int = 0
    headers: Headers = ()
    body: bytes = b""
    end: Outcome | None = None
    unsent: bytes = b""


class Http2:
    """One HTTP/2 connection. The connection stays the caller's to close."""

    def __init__(self, connection: Connection, scheme: str = "https") -> None:
        config = h2.config.H2Configuration(
            header_encoding="latin-1",
            validate_outbound_headers=False,
            normalize_outbound_headers=False,
            validate_inbound_headers=False,
        )
        self._connection = connection
        self._scheme = scheme
        self._engine = h2.connection.H2Connection(config)
        self._engine.initiate_connection()
        self._streams: dict[int, _Stream] = {}
        self._received = b""
        self.goaway: int | None = None
        """The error code of the server's GOAWAY, once it came."""

    def request(self, request: Request | None = None, timeout: float = TIMEOUT) -> Outcome:
        """One request; its ``host`` goes as :authority."""
        return self.requests([request or Request()], timeout)[0]

    def requests(self, requests: Sequence[Request], timeout: float = TIMEOUT) -> list[Outcome]:
        """Several requests, all sent before an answer is read; their outcomes in the same order."""
        end = time.monotonic() + timeout
        streams = [self._open(request) for request in requests]
        self._send_bodies()
        while any(stream.end is None for stream in streams):
            self._exchange(end - time.monotonic())
        return [stream.end for stream in streams if stream.end is not None]

    def _open(self, request: Request) -> _Stream:
        try:
            stream_id = self._engine.get_next_available_stream_id()
            headers = [(":method", request.method), (":scheme", self._scheme), (":path", request.target)]
            if request.host is not None:
                headers.append((":authority", request.host))
            headers += [(name.lower(), value) for name, value in request.headers]
            self._engine.send_headers(stream_id, headers, end_stream=not request.body)
        except h2.exceptions.ProtocolError as problem:
            return _Stream(end=Outcome("closed", detail=f"no new stream: {problem}"))
        stream = self._streams[stream_id] = _Stream(unsent=request.body)
        return stream

    def _send_bodies(self) -> None:
        for stream_id, stream in self._streams.items():
            while stream.unsent and stream.end is None:
                room = min(self._engine.local_flow_control_window(stream_id), self._engine.max_outbound_frame_size)
                if room <= 0:
                    break
                piece, stream.unsent = stream.unsent[:room], stream.unsent[room:]
                self._engine.send_data(stream_id, piece, end_stream=not stream.unsent)

    def _exchange(self, timeout: float) -> None:
        if (pending := self._engine.data_to_send()) and not (sent := self._connection.send(pending)).ok:
            self._end_all(sent)
            return
        outcome = self._connection.read(max(timeout, 0.001))
        if not outcome.ok:
            self._end_all(outcome)
            return
        try:
            for event in self._engine.receive_data(self._without_goaway(outcome.body)):
                self._take(event)
            self._send_bodies()
        except h2.exceptions.ProtocolError as problem:
            self._end_all(replace(outcome, kind="garbage", detail=str(problem)))

    def _without_goaway(self, data: bytes) -> bytes:
        """Whole frames for h2, which would refuse every frame after a GOAWAY: the answers that a server still gives
        while it shuts down are what tests want to see (RFC 9113, section 6.8)."""
        self._received += data
        frames = b""
        while len(self._received) >= _FRAME_HEAD:
            size = _FRAME_HEAD + int.from_bytes(self._received[:3])
            if len(self._received) < size:
                break
            frame, self._received = self._received[:size], self._received[size:]
            if frame[3] == _GOAWAY:
                self._go_away(frame[_FRAME_HEAD:])
            else:
                frames += frame
        return frames

    def _go_away(self, payload: bytes) -> None:
        last, self.goaway = int.from_bytes(payload[:4]) & 0x7FFF_FFFF, int.from_bytes(payload[4:8])
        for stream_id in tuple(self._streams):
            if stream_id > last:
                self._end(stream_id, "closed", f"GOAWAY {_name(self.goaway)}")

    def _take(self, event: h2.events.Event) -> None:
        match event:
            case h2.events.ResponseReceived() | h2.events.TrailersReceived() | h2.events.DataReceived():
                self._take_content(event)
            case h2.events.StreamEnded():
                self._end(event.stream_id, "response", "")
            case h2.events.StreamReset():
                self._end(event.stream_id, "reset", _name(event.error_code))
            case _:
                pass

    def _take_content(self, event: h2.events.ResponseReceived | h2.events.TrailersReceived | h2.events.DataReceived) -> None:
        stream = self._streams.get(event.stream_id)
        if stream is None:
            return
        match event:
            case h2.events.ResponseReceived():
                stream.headers = _pairs(event.headers)
                stream.status = int(dict(stream.headers)[":status"])
            case h2.events.TrailersReceived():
                stream.headers += _pairs(event.headers)
            case h2.events.DataReceived():
                stream.body += event.data
                self._engine.acknowledge_received_data(event.flow_controlled_length, event.stream_id)

    def _end(self, stream_id: int, kind: Kind, detail: str) -> None:
        if stream := self._streams.pop(stream_id, None):
            stream.end = Outcome(
                kind,
                status=stream.status,
                headers=stream.headers,
                body=stream.body,
                peer_names=self._connection.peer_names,
                alpn=self._connection.alpn,
                detail=detail,
            )

    def _end_all(self, outcome: Outcome) -> None:
        for stream in self._streams.values():
            stream.end = replace(outcome, status=stream.status, headers=stream.headers, body=stream.body)
        self._streams.clear()


def requests(
    address: Address,
    wanted: Sequence[Request],
    *,
    tls: Tls | None = None,
    proxy: bytes | None = None,
    source: str | None = None,
) -> list[Outcome]:
    """Several requests on one new HTTP/2 connection, over TLS (its context must offer ALPN h2) or in clear text."""
    with connect(address, proxy=proxy, source=source) as connection:
        if tls is not None:
            shaken = connection.start_tls(tls)
            if shaken.ok and shaken.alpn != "h2":
                shaken = replace(shaken, kind="garbage", detail=f"ALPN gave {shaken.alpn}, not h2")
            if not shaken.ok:
                return [shaken] * len(wanted)
        return Http2(connection, "https" if tls else "http").requests(wanted)


def _pairs(headers: Sequence[tuple[str | bytes, str | bytes]]) -> Headers:
    return tuple((_text(name), _text(value)) for name, value in headers)


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")


def _name(code: int | None) -> str:
    try:
        return h2.errors.ErrorCodes(code or 0).name
    except ValueError:
        return str(code)


def open_websocket(connection: Connection, host: str, target: str = "/") -> tuple[h2.connection.H2Connection, int, int]:
    """A WebSocket as a stream of HTTP/2 (RFC 8441): the engine, the stream and the status. Raises AssertionError if the server does
    not offer it. The connection's TLS is up."""
    engine = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="latin-1", validate_outbound_headers=False))
    engine.initiate_connection()
    connection.send(engine.data_to_send())
    while engine.remote_settings.enable_connect_protocol != 1:
        received = connection.read().body
        assert received, "the server offers no WebSockets over HTTP/2"
        engine.receive_data(received)
    stream = engine.get_next_available_stream_id()
    first = [(":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "https"), (":path", target), (":authority", host)]
    engine.send_headers(stream, [*first, ("sec-websocket-version", "13")])
    connection.send(engine.data_to_send())
    while True:
        received = connection.read().body
        assert received, "no answer"
        for event in engine.receive_data(received):
            if isinstance(event, h2.events.ResponseReceived):
                connection.send(engine.data_to_send())
                status = next(value for name, value in event.headers or () if _text(name) == ":status")
                return engine, stream, int(_text(status))
            assert not isinstance(event, h2.events.StreamReset), event


def exchange(connection: Connection, engine: h2.connection.H2Connection, stream: int, data: bytes) -> bytes:
    """Send bytes in a stream; the next bytes that come back in it."""
    engine.send_data(stream, data)
    connection.send(engine.data_to_send())
    while True:
        received = connection.read().body
        assert received, "the connection ended"
        for event in engine.receive_data(received):
            if isinstance(event, h2.events.DataReceived) and event.data:
                return event.data
