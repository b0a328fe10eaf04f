"""The HTTP/2 stand-in, over TLS (ALPN h2) or in clear text with prior knowledge.

Takes a `Visit`; answers each request with a JSON body of what it saw (its headers include the pseudo headers). A
gRPC request (``content-type: application/grpc``) gets its body back and a ``grpc-status`` trailer. Built on h2.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace

import h2.config
import h2.connection
import h2.events
import h2.exceptions

from support.channel import Refused
from support.standin import Seen, Visit


@dataclass(slots=True)
class _Stream:
    seen: Seen
    body: bytes = b""


@dataclass(slots=True)
class _Answer:
    """What is left to send on a stream, as its flow control window allows."""

    body: bytes
    trailers: list[tuple[str, str]]


@dataclass(slots=True)
class _Conversation:
    visit: Visit
    engine: h2.connection.H2Connection
    streams: dict[int, _Stream] = field(default_factory=dict[int, _Stream])
    answers: dict[int, _Answer] = field(default_factory=dict[int, _Answer])


async def serve(visit: Visit, already_read: bytes = b"") -> None:
    """Serve streams until the client closes. ``already_read`` is the part of the preface that was consumed."""
    config = h2.config.H2Configuration(client_side=False, header_encoding="latin-1", validate_inbound_headers=False)
    conversation = _Conversation(visit, h2.connection.H2Connection(config))
    engine = conversation.engine
    engine.initiate_connection()
    data = already_read
    while True:
        try:
            for event in engine.receive_data(data):
                _take(conversation, event)
        except h2.exceptions.ProtocolError as problem:
            await visit.channel.write(engine.data_to_send())
            raise Refused(f"HTTP/2: {problem}") from problem
        _send_what_fits(conversation)
        if pending := engine.data_to_send():
            await visit.channel.write(pending)
        data = await visit.channel.read()
        if not data:
            return


def _take(conversation: _Conversation, event: h2.events.Event) -> None:
    match event:
        case h2.events.RequestReceived():
            conversation.streams[event.stream_id] = _Stream(_seen(conversation.visit, event))
        case h2.events.DataReceived():
            if stream := conversation.streams.get(event.stream_id):
                stream.body += event.data
            conversation.engine.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        case h2.events.StreamEnded():
            if stream := conversation.streams.pop(event.stream_id, None):
                _answer(conversation, event.stream_id, stream)
        case h2.events.StreamReset():
            conversation.streams.pop(event.stream_id, None)
            conversation.answers.pop(event.stream_id, None)
        case _:
            pass


def _seen(visit: Visit, event: h2.events.RequestReceived) -> Seen:
    headers = tuple((_text(name), _text(value)) for name, value in event.headers)
    named = dict(headers)
    return replace(
        visit.seen,
        method=named.get(":method", ""),
        target=named.get(":path", ""),
        version="HTTP/2",
        headers=headers,
    )


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")


def _answer(conversation: _Conversation, stream_id: int, stream: _Stream) -> None:
    server = conversation.visit.server
    seen = replace(stream.seen, body=stream.body)
    server.record(seen)
    status = server.answers.get(seen.target.partition("?")[0], 200)
    is_grpc = (seen.header("content-type") or "").startswith("application/grpc")
    kind = "application/grpc" if is_grpc else "application/json"
    headers = [(":status", str(status)), ("content-type", kind), ("x-standin", server.name)]
    body = stream.body if is_grpc else json.dumps(seen.as_json()).encode()
    trailers = [("grpc-status", "0")] if is_grpc else []
    if seen.method == "HEAD" or status in (204, 304):
        conversation.engine.send_headers(stream_id, headers, end_stream=True)
        return
    conversation.engine.send_headers(stream_id, headers)
    conversation.answers[stream_id] = _Answer(body, trailers)


def _send_what_fits(conversation: _Conversation) -> None:
    engine = conversation.engine
    for stream_id, answer in list(conversation.answers.items()):
        while answer.body:
            room = min(engine.local_flow_control_window(stream_id), engine.max_outbound_frame_size)
            if room <= 0:
                break
            engine.send_data(stream_id, answer.body[:room])
            answer.body = answer.body[room:]
        if answer.body:
            continue
        del conversation.answers[stream_id]
        if answer.trailers:
            engine.send_headers(stream_id, answer.trailers, end_stream=True)
        else:
            engine.end_stream(stream_id)
