"""Vectors over HTTP/2: frames where none may be, and field blocks in many of them. Called by `table`."""

from __future__ import annotations

from integration.behaviour.abuse.vector import Fate, Vector
from support import frames

_REFUSED, _FIRST = Fate.REFUSED, Fate.FIRST
_ORDER, _FRAME, _BLOCK, _STREAM = "RFC 9113, 6.10", "RFC 9113, 4.1", "RFC 9113, 4.3", "RFC 9113, 5.1"
_GOOD = frames.request()
_SECOND = frames.request(path=b"/second", authority=b"other.example.test")
_OPEN = frames.frame(frames.HEADERS, frames.END_STREAM, 1, frames.block(_GOOD)[:-3])
_LAST = frames.block(_GOOD)[-3:]
_PADDED = 0x8
_MANY = [(b"x-%d" % number, b"a" * 1_024) for number in range(64)]


def _vector(name: str, shows: str, wire: bytes, source: str, fate: Fate = _REFUSED, *, is_legal: bool = False) -> Vector:
    return Vector(name, wire, source, fate, is_legal=is_legal, shows=shows, speaks="http2")


FRAMES = (
    _vector("fields in pieces", "HEADERS, CONTINUATION of 10 bytes each", frames.continued(1, _GOOD, 10), _ORDER, _FIRST, is_legal=True),
    _vector(
        "a value of 8 KiB",
        "x-a: aaa…",
        frames.continued(1, (*_GOOD, (b"x-a", b"a" * 8_192)), 4_096),
        "RFC 9113, 10.5.1",
        _FIRST,
        is_legal=True,
    ),
    _vector("a value of 64 KiB", "x-a: aaa…", frames.continued(1, (*_GOOD, (b"x-a", b"a" * 65_536)), 16_384), "RFC 9113, 10.5.1"),
    _vector("64 KiB in fields of 1 KiB", "x-0: aaa…, x-1: aaa…, …", frames.continued(1, (*_GOOD, *_MANY), 16_384), "RFC 9113, 10.5.1"),
    _vector(
        "64 KiB of empty values", "x: (13,000 times)", frames.continued(1, (*_GOOD, *([(b"x", b"")] * 13_000)), 16_384), "RFC 9113, 10.5.1"
    ),
    _vector(
        "a small table, asked for often",
        "one indexed field, 16,000 times",
        frames.frame(frames.HEADERS, 5, 1, frames.block(_GOOD) + b"\x88" * 16_000),
        "RFC 7541, 7.3",
    ),
    _vector(
        "a field that is in no table",
        "index 1000",
        frames.frame(frames.HEADERS, 5, 1, frames.block(_GOOD) + b"\xff\xe9\x06"),
        "RFC 7541, 2.3.3",
    ),
    _vector(
        "a name that ends behind its frame",
        "length 127 of 3 bytes",
        frames.frame(frames.HEADERS, 5, 1, frames.block(_GOOD) + b"\x00\x7f\x00abc"),
        _BLOCK,
    ),
    _vector(
        "an integer without an end", "ff ff ff …", frames.frame(frames.HEADERS, 5, 1, frames.block(_GOOD) + b"\xff" * 20), "RFC 7541, 5.1"
    ),
    _vector(
        "another frame inside a field block",
        "HEADERS 1, PING, CONTINUATION 1",
        _OPEN + frames.frame(frames.PING, 0, 0, b"12345678") + frames.frame(frames.CONTINUATION, frames.END_HEADERS, 1, _LAST),
        _ORDER,
    ),
    _vector(
        "another stream inside a field block",
        "HEADERS 1, HEADERS 3, CONTINUATION 1",
        _OPEN + frames.headers(3, _SECOND) + frames.frame(frames.CONTINUATION, frames.END_HEADERS, 1, _LAST),
        _ORDER,
    ),
    _vector(
        "the end of another stream's field block",
        "HEADERS 1, CONTINUATION 3",
        _OPEN + frames.frame(frames.CONTINUATION, frames.END_HEADERS, 3, _LAST),
        _ORDER,
    ),
    _vector(
        "the end of no field block", "CONTINUATION 1", frames.frame(frames.CONTINUATION, frames.END_HEADERS, 1, frames.block(_GOOD)), _ORDER
    ),
    _vector("a request on stream 0", "HEADERS 0", frames.headers(0, _GOOD), "RFC 9113, 6.2"),
    _vector("a request on an even stream", "HEADERS 2", frames.headers(2, _GOOD), "RFC 9113, 5.1.1"),
    _vector("a body on stream 0", "DATA 0", frames.data(0, b"hello") + frames.headers(1, _GOOD), "RFC 9113, 6.1"),
    _vector("a body before its request", "DATA 1, HEADERS 1", frames.data(1, b"hello") + frames.headers(1, _GOOD), _STREAM),
    _vector(
        "padding longer than its frame",
        "HEADERS with 255 bytes of padding in 60",
        frames.frame(frames.HEADERS, 5 | _PADDED, 1, b"\xff" + frames.block(_GOOD)),
        "RFC 9113, 6.2",
    ),
    _vector(
        "padding",
        "HEADERS with 3 bytes of padding",
        frames.frame(frames.HEADERS, 5 | _PADDED, 1, b"\x03" + frames.block(_GOOD) + bytes(3)),
        "RFC 9113, 6.2",
        _FIRST,
        is_legal=True,
    ),
    _vector(
        "a frame beyond the size that was agreed",
        "HEADERS of 80 KiB",
        frames.headers(1, (*_GOOD, (b"x-a", b"a" * 81_920))),
        "RFC 9113, 4.2",
    ),
    _vector(
        "a stream that depends on itself",
        "HEADERS with PRIORITY",
        frames.frame(frames.HEADERS, 0x25, 1, b"\x00\x00\x00\x01\x10" + frames.block(_GOOD)),
        "RFC 7540, 5.3.1",
    ),
    _vector(
        "a window that overflows",
        "WINDOW_UPDATE 2147483647",
        frames.frame(frames.WINDOW_UPDATE, 0, 0, b"\x7f\xff\xff\xff") + frames.headers(1, _GOOD),
        "RFC 9113, 6.9.1",
    ),
    _vector("settings out of range", "SETTINGS_MAX_FRAME_SIZE 1", frames.settings((5, 1)) + frames.headers(1, _GOOD), "RFC 9113, 6.5.2"),
    _vector(
        "a frame nobody knows",
        "a frame of type 0x42",
        frames.frame(0x42, 0xFF, 0, b"hello") + frames.headers(1, _GOOD),
        _FRAME,
        _FIRST,
        is_legal=True,
    ),
    _vector(
        "PUSH_PROMISE from a client",
        "PUSH_PROMISE",
        frames.frame(5, frames.END_HEADERS, 1, b"\0\0\0\2" + frames.block(_GOOD)),
        "RFC 9113, 8.4",
    ),
)
