"""The HTTP/1.1 stand-in: answers every request with a JSON body of what it saw.

Takes a `Visit` whose PROXY header and TLS are done. Special paths: ``/sse?count=&interval=`` streams events,
``/slow?seconds=`` waits, ``/big?bytes=`` sends that much, ``/paced?pieces=&size=&interval=`` sends a body of pieces with pauses between
them. ``Upgrade: websocket`` echoes frames, any other upgrade echoes bytes. A connection that starts with the HTTP/2 preface goes on in
standin_http2.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import urllib.parse
from dataclasses import replace
from typing import NoReturn

from support import http1, standin_http2, websocket
from support.channel import Refused
from support.standin import Seen, Visit

PREFACE = b"PRI * HTTP/2.0\r\n\r\n"
_TLS_RECORD = b"\x16"


async def serve(visit: Visit) -> None:
    """Serve requests until the client closes or asks to close."""
    if (await visit.channel.peek())[:1] == _TLS_RECORD:
        await _refuse(visit, "a TLS hello")
    while head := await visit.channel.read_until(b"\r\n\r\n"):
        if head == PREFACE:
            await standin_http2.serve(visit, PREFACE)
            return
        try:
            seen = await _read_request(visit, head)
        except ValueError as problem:
            await _refuse(visit, str(problem))
        visit.server.record(seen)
        if upgrade := seen.header("upgrade"):
            await _upgrade(visit, seen, upgrade)
            return
        await _answer(visit, seen)
        if _is_last(seen):
            return


async def _refuse(visit: Visit, reason: str) -> NoReturn:
    await visit.channel.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    raise Refused(f"HTTP: {reason}")


async def _read_request(visit: Visit, head: bytes) -> Seen:
    first, headers = http1.split_head(head)
    method, target, version = first.split(" ")
    seen = replace(visit.seen, method=method, target=target, version=version, headers=headers)
    if (seen.header("expect") or "").lower() == "100-continue":
        await visit.channel.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    return replace(seen, body=await _read_body(visit, seen))


async def _read_body(visit: Visit, seen: Seen) -> bytes:
    if (seen.header("transfer-encoding") or "").lower() == "chunked":
        return await _read_chunks(visit)
    return await visit.channel.read_exactly(int(seen.header("content-length") or 0))


async def _read_chunks(visit: Visit) -> bytes:
    body = b""
    while size := int((await visit.channel.read_until(b"\r\n")).split(b";")[0], 16):
        body += await visit.channel.read_exactly(size)
        await visit.channel.read_exactly(2)
    while await visit.channel.read_until(b"\r\n") not in (b"\r\n", b""):
        pass  # trailers
    return body


def _is_last(seen: Seen) -> bool:
    wishes = (seen.header("connection") or "").lower()
    return "close" in wishes or (seen.version == "HTTP/1.0" and "keep-alive" not in wishes)


async def _answer(visit: Visit, seen: Seen) -> None:
    path, _, query = seen.target.partition("?")
    values = dict(urllib.parse.parse_qsl(query))
    if path == "/sse":
        await _stream_events(visit, int(values.get("count", "5")), float(values.get("interval", "0.05")))
        return
    if path == "/paced":
        await _send_paced(visit, int(values["pieces"]), int(values["size"]), float(values["interval"]))
        return
    if path == "/slow":
        await asyncio.sleep(float(values.get("seconds", "1")))
    kind, body = "application/json", json.dumps(seen.as_json()).encode()
    if path == "/big":
        kind, body = "application/octet-stream", bytes(int(values.get("bytes", "100000")))
    status = visit.server.answers.get(path, 200)
    length = f"Content-Length: {len(body)}\r\n" if status != 204 else ""
    head = f"HTTP/1.1 {status} Standin\r\nContent-Type: {kind}\r\n{length}X-Standin: {visit.server.name}\r\n\r\n"
    bodyless = seen.method == "HEAD" or status in (204, 304)
    await visit.channel.write(head.encode("latin-1") + (b"" if bodyless else body))


async def _stream_events(visit: Visit, count: int, interval: float) -> None:
    head = (
        f"HTTP/1.1 200 Standin\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
        f"Transfer-Encoding: chunked\r\nX-Standin: {visit.server.name}\r\n\r\n"
    )
    await visit.channel.write(head.encode("latin-1"))
    for number in range(count):
        await visit.channel.write(http1.chunk(f"data: {number}\n\n".encode()))
        await asyncio.sleep(interval)
    await visit.channel.write(b"0\r\n\r\n")


def paced_piece(number: int, size: int) -> bytes:
    """What ``/paced`` sends as its piece of that number."""
    return (hashlib.sha256(str(number).encode()).digest() * (size // 32 + 1))[:size]


async def _send_paced(visit: Visit, pieces: int, size: int, interval: float) -> None:
    head = f"HTTP/1.1 200 Standin\r\nContent-Length: {pieces * size}\r\nX-Standin: {visit.server.name}\r\n\r\n"
    await visit.channel.write(head.encode("latin-1"))
    for number in range(pieces):
        await visit.channel.write(paced_piece(number, size))
        await asyncio.sleep(interval)


async def _upgrade(visit: Visit, seen: Seen, protocol: str) -> None:
    is_websocket = protocol.lower() == "websocket"
    accept = websocket.accept_key(seen.header("sec-websocket-key") or "")
    lines = [
        "HTTP/1.1 101 Switching Protocols",
        "Connection: Upgrade",
        f"Upgrade: {protocol}",
        *([f"Sec-WebSocket-Accept: {accept}"] if is_websocket else []),
        f"X-Standin: {visit.server.name}",
    ]
    await visit.channel.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
    if is_websocket:
        await _echo_frames(visit)
        return
    while data := await visit.channel.read():
        await visit.channel.write(data)


async def _echo_frames(visit: Visit) -> None:
    received = b""
    while data := await visit.channel.read():
        received += data
        while (found := websocket.decode(received)) is not None:
            frame, used = found
            received = received[used:]
            opcode = websocket.PONG if frame.opcode == websocket.PING else frame.opcode
            await visit.channel.write(websocket.encode(websocket.Frame(opcode, frame.payload), is_masked=False))
            if frame.opcode == websocket.CLOSE:
                return
