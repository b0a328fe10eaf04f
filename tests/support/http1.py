"""HTTP/1.1 text: requests formatted as given, heads split without any normalising, bodies read by their framing.

Comes in: bytes. Goes out: bytes, or header lists in order with exact case. Called by the client; the stand-in servers
share the parsing of heads. Deliberately lenient about what a test wants to send. RFC 9112.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from support.outcome import Broken, Headers


def format_request(method: str, target: str, host: str | None, headers: Sequence[tuple[str, str]], body: bytes) -> bytes:
    """A request; Content-Length is added where there is a body and the caller gave none."""
    lines = list(headers)
    if body and not has_header(lines, "content-length") and not has_header(lines, "transfer-encoding"):
        lines.append(("Content-Length", str(len(body))))
    return _format_head(method, target, host, lines) + body


def format_chunked(method: str, target: str, host: str | None, headers: Sequence[tuple[str, str]], body: bytes) -> bytes:
    """A request whose body goes in (at most) two chunks."""
    half = (len(body) + 1) // 2
    pieces = [piece for piece in (body[:half], body[half:]) if piece]
    content = b"".join(chunk(piece) for piece in pieces) + b"0\r\n\r\n"
    return _format_head(method, target, host, [*headers, ("Transfer-Encoding", "chunked")]) + content


def chunk(data: bytes) -> bytes:
    """One chunk of the chunked coding."""
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def has_header(headers: Sequence[tuple[str, str]], name: str) -> bool:
    """Whether a header of that lower-case name is there."""
    return any(key.lower() == name for key, _ in headers)


def header(headers: Sequence[tuple[str, str]], name: str) -> str:
    """The first value of the header of that lower-case name; empty if there is none."""
    return next((value for key, value in headers if key.lower() == name), "")


def split_head(head: bytes) -> tuple[str, Headers]:
    """First line and headers, exactly as they came. Raises ValueError on a line without a colon."""
    first, *lines = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    pairs: list[tuple[str, str]] = []
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise ValueError(f"not a header: {line!r}")
        pairs.append((name, value.strip(" \t")))
    return first, tuple(pairs)


def parse_status(head: bytes) -> tuple[int, Headers]:
    """Status and headers of an answer's head."""
    try:
        first, headers = split_head(head)
        return int(first.split(" ", 2)[1]), headers
    except (ValueError, IndexError) as problem:
        raise Broken("garbage", str(problem), head) from problem


@dataclass(frozen=True, slots=True)
class BodyReader:
    """Reads an answer's body with three ways to get bytes: up to a mark, an exact number, everything to the end."""

    until: Callable[[bytes], bytes]
    exactly: Callable[[int], bytes]
    rest: Callable[[], bytes]

    def read(self, headers: Headers) -> bytes:
        """The body that ``headers`` announce; without any framing everything up to the end."""
        if header(headers, "transfer-encoding").lower() == "chunked":
            return self._chunks()
        if has_header(headers, "content-length"):
            return self.exactly(int(header(headers, "content-length")))
        return self.rest()

    def _chunks(self) -> bytes:
        body = b""
        while size := int(self.until(b"\r\n").split(b";")[0], 16):
            body += self.exactly(size)
            self.exactly(2)
        while self.until(b"\r\n") != b"\r\n":
            pass  # trailers
        return body


def _format_head(method: str, target: str, host: str | None, headers: Sequence[tuple[str, str]]) -> bytes:
    lines = [f"{method} {target} HTTP/1.1"]
    if host is not None:
        lines.append(f"Host: {host}")
    lines += [f"{name}: {value}" for name, value in headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
