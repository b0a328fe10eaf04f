"""What a vector is: bytes that two readers of HTTP may read in two ways, and what servers may be given of them.

Called by the tables (`http1_framing`, `http1_syntax`, `http1_targets`, `http2_fields`), which `table` puts together.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Literal

FIRST = "/first"
SECOND = "/second"
"""Targets of the request that a vector begins with, for web.example.test, and of the one it tries to hide, for
other.example.test, whose server is another one."""
HIDDEN = b"GET /second HTTP/1.1\r\nHost: other.example.test\r\n\r\n"
"""A whole request: harmless as one of its own, since it goes where its host leads; smuggled, if it reaches the first one's server."""


class Fate(enum.Enum):
    """What servers are given. There is no fate in which a server gets two requests for one, or bytes that are none. A second request
    behind a refused one is refused with it, or goes to its own server."""

    REFUSED = "refused"
    CUT = "refused, or cut off"
    FIRST = "one request"
    BOTH = "two requests"


@dataclass(frozen=True, slots=True)
class Vector:
    """``wire`` is sent as it is over ``speaks``. ``source`` is the section that rules it. ``old`` is the fate before 2.8, where that
    differs. If the first request's server gets it, it gets the target ``arrives`` and ``body``, and no header named in ``lacks``.
    ``is_legal``: it must not be refused either. ``shows`` is for readers, where the bytes are not."""

    name: str
    wire: bytes
    source: str
    fate: Fate
    old: Fate | None = None
    body: bytes = b""
    arrives: str = FIRST
    lacks: tuple[str, ...] = ()
    is_legal: bool = False
    shows: str = ""
    speaks: Literal["http1", "http2"] = "http1"

    def may(self, version: tuple[int, ...]) -> frozenset[Fate]:
        """What may happen on that HAProxy. To refuse, or to end the connection behind the first request, is always right but for what
        is legal."""
        fate = self.old or self.fate if version < (2, 8) else self.fate
        if self.is_legal:
            return frozenset((fate,))
        stricter = {Fate.BOTH: (Fate.FIRST,)}.get(fate, ())
        return frozenset((fate, *stricter, Fate.REFUSED))


def post(*headers: bytes, body: bytes = b"", version: bytes = b"HTTP/1.1", target: bytes = b"/first") -> bytes:
    """A request with a body, framed by ``headers``."""
    return b"\r\n".join((b"POST " + target + b" " + version, b"Host: web.example.test", *headers, b"", b"")) + body


def get(*headers: bytes, line: bytes = b"GET /first HTTP/1.1", host: bytes = b"Host: web.example.test") -> bytes:
    """A request without a body."""
    return b"\r\n".join((line, *((host,) if host else ()), *headers, b"", b""))
