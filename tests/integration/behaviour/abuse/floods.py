"""Floods of HTTP/2 frames: what to send on one connection, without an end.

Called by test_floods, and by `page`, which lists them.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator

from support import frames

_BATCH = 100
_REQUEST = frames.request(scheme=b"http")
_UPLOAD = frames.request(b"POST", scheme=b"http")
_HALF = frames.frame(frames.HEADERS, frames.END_STREAM, 1, frames.block(_REQUEST)[:-3])

Pieces = Callable[[], Iterable[bytes]]


def _streams(make: Callable[[int], bytes]) -> Pieces:
    """What ``make`` gives for one new stream after the other."""

    def pieces() -> Iterator[bytes]:
        for first in range(1, 1 << 30, 2 * _BATCH):
            yield b"".join(make(stream) for stream in range(first, first + 2 * _BATCH, 2))

    return pieces


def _again(frame: bytes, *before: bytes) -> Pieces:
    """The same frame without an end."""
    return lambda: itertools.chain(before, itertools.repeat(frame * _BATCH))


FLOODS: dict[str, Pieces] = {
    "rapid reset (CVE-2023-44487)": _streams(lambda stream: frames.headers(stream, _REQUEST) + frames.reset(stream)),
    "requests that are refused, and reset": _streams(
        lambda stream: frames.headers(stream, [*_REQUEST, (b"X", b"")]) + frames.reset(stream)
    ),
    "bodies that are reset": _streams(
        lambda stream: frames.headers(stream, _UPLOAD, ends=False) + frames.data(stream, b"a", ends=False) + frames.reset(stream)
    ),
    "requests beyond the agreed number of streams": _streams(lambda stream: frames.headers(stream, _REQUEST)),
    "CONTINUATION without an end": _again(frames.frame(frames.CONTINUATION, 0, 1, b"a" * 1_000), _HALF),
    "empty CONTINUATION": _again(frames.frame(frames.CONTINUATION, 0, 1), _HALF),
    "SETTINGS (CVE-2019-9515)": _again(frames.settings((4, 65_535), (4, 65_536))),
    "empty SETTINGS": _again(frames.settings()),
    "PING (CVE-2019-9512)": _again(frames.frame(frames.PING, 0, 0, b"12345678")),
    "empty DATA (CVE-2019-9518)": _again(frames.data(1, b"", ends=False), frames.headers(1, _UPLOAD, ends=False)),
    "WINDOW_UPDATE": _again(frames.frame(frames.WINDOW_UPDATE, 0, 0, b"\0\0\0\1")),
    "PRIORITY (CVE-2019-9513)": _again(
        frames.frame(frames.PRIORITY, 0, 1, b"\0\0\0\3\x10") + frames.frame(frames.PRIORITY, 0, 3, bytes(5))
    ),
    "RST_STREAM of nothing": _streams(frames.reset),
    "frames nobody knows": _again(frames.frame(0x42, 0, 0, b"a" * 100)),
}
