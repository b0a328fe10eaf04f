"""A reader of HTTP/1.1 requests that forgives nothing: the judge of what a server behind HAProxy is given.

Comes in: all bytes of one connection. Goes out: its requests, and what is left: nothing, the beginning of one more request, or
the first byte that no well-formed request has there. Knows RFC 9112 and nothing of HAProxy, and shares no code with the other
readers of the tests. What the RFC lets a reader tolerate (bare LF, folded lines, chunk extensions, two lengths that agree) is
malformed here, because two readers may differ in it. Control characters in values are let pass but for NUL, CR and LF, as no
reader sees an end in them (RFC 9110, section 5.5); trailers of any name too, which a reader keeps apart (section 6.5.1). Called
by raw_server, and by the tests of itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_HOST = r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+;=%-]*)(?::[0-9]{1,5})?"
_REQUEST_LINE = re.compile(rf"({_TOKEN}) ([\x21-\x7e]+) (HTTP/1\.[01])", re.ASCII)
_FIELD = re.compile(rf"({_TOKEN}):[ \t]*([^\0\r\n]*?)[ \t]*", re.ASCII | re.DOTALL)
_SIZE = re.compile(rb"[0-9A-Fa-f]{1,8}")
_ABSOLUTE = re.compile(rf"https?://({_HOST})(?:[/?]|$)", re.IGNORECASE)


class Malformed(ValueError):
    """What is wrong, in words."""


class _Unfinished(Exception):
    """The bytes so far are the beginning of something well-formed."""


@dataclass(frozen=True, slots=True)
class Message:
    """One whole, well-formed request. Names of headers are in lower case."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    trailers: tuple[tuple[str, str], ...] = ()

    def all(self, name: str) -> tuple[str, ...]:
        """The values of every header of that lower-case name."""
        return tuple(value for key, value in self.headers if key == name)


@dataclass(frozen=True, slots=True)
class Reading:
    """What the bytes of a connection are. ``rest`` belongs to no whole request; ``problem`` says why, and is empty where it may
    yet become one."""

    messages: tuple[Message, ...]
    rest: bytes
    problem: str


def read(data: bytes) -> Reading:
    """The requests in ``data``, one after the other, up to the end or the first that is not well-formed."""
    messages: list[Message] = []
    problem = ""
    while data:
        try:
            message, data = _message(data)
        except _Unfinished:
            break
        except Malformed as found:
            problem = str(found)
            break
        messages.append(message)
    return Reading(tuple(messages), data, problem)


def _message(data: bytes) -> tuple[Message, bytes]:
    first, data = _line(data)
    found = _REQUEST_LINE.fullmatch(first)
    if found is None:
        raise Malformed(f"request line {first!r}")
    method, target, version = found.groups()
    headers, data = _fields(data)
    length = _length(headers, version)
    _check_host(headers, target, version)
    _check_target(method, target)
    if length is None:
        body, trailers, data = _chunks(data)
        return Message(method, target, headers, body, trailers), data
    return Message(method, target, headers, _exactly(data, length)), data[length:]


def _line(data: bytes) -> tuple[str, bytes]:
    """One line without its end. What no line can hold is found at once, not at the end of the line."""
    at = data.find(b"\n")
    line = data if at < 0 else data[: at + 1]
    inside = line[:-2] if line.endswith(b"\r\n") else line.removesuffix(b"\r")
    if bad := re.search(rb"[\0\r\n]", inside):
        raise Malformed(f"byte {bad[0]!r} in {line[:200]!r}")
    if at < 0:
        raise _Unfinished
    return inside.decode("latin-1"), data[at + 1 :]


def _fields(data: bytes) -> tuple[tuple[tuple[str, str], ...], bytes]:
    pairs: list[tuple[str, str]] = []
    while True:
        line, data = _line(data)
        if not line:
            return tuple(pairs), data
        found = _FIELD.fullmatch(line)
        if found is None:
            raise Malformed(f"header line {line!r}")
        pairs.append((found[1].lower(), found[2]))


def _length(headers: tuple[tuple[str, str], ...], version: str) -> int | None:
    """The length of the body, None for chunks (RFC 9112, section 6.3)."""
    lengths = [value for name, value in headers if name == "content-length"]
    codings = [value for name, value in headers if name == "transfer-encoding"]
    if len(lengths) + len(codings) > 1:
        raise Malformed(f"lengths {lengths} and codings {codings}")
    if codings:
        if codings[0].lower() != "chunked" or version != "HTTP/1.1":
            raise Malformed(f"transfer coding {codings[0]!r} in {version}")
        return None
    if lengths and not re.fullmatch("[0-9]{1,15}", lengths[0], re.ASCII):
        raise Malformed(f"length {lengths[0]!r}")
    return int(lengths[0]) if lengths else 0


def _check_host(headers: tuple[tuple[str, str], ...], target: str, version: str) -> None:
    """One Host, which the target must not contradict (RFC 9112, sections 3.2 and 3.2.2)."""
    hosts = [value for name, value in headers if name == "host"]
    if len(hosts) > 1 or (not hosts and version == "HTTP/1.1"):
        raise Malformed(f"hosts {hosts}")
    if hosts and not re.fullmatch(_HOST, hosts[0], re.ASCII):
        raise Malformed(f"host {hosts[0]!r}")
    if (absolute := _ABSOLUTE.match(target)) and hosts and absolute[1].lower() != hosts[0].lower():
        raise Malformed(f"target {target!r} for host {hosts[0]!r}")


def _check_target(method: str, target: str) -> None:
    """Each form where it belongs (RFC 9112, section 3.2); a fragment or user information in none."""
    if method == "CONNECT":
        if not re.fullmatch(_HOST, target, re.ASCII) or ":" not in target:
            raise Malformed(f"target {target!r} of CONNECT")
    elif target == "*":
        if method != "OPTIONS":
            raise Malformed(f"target * of {method}")
    elif "#" in target or not (target.startswith("/") or _ABSOLUTE.match(target)):
        raise Malformed(f"target {target!r}")


def _chunks(data: bytes) -> tuple[bytes, tuple[tuple[str, str], ...], bytes]:
    body = b""
    while True:
        line, data = _line(data)
        if not _SIZE.fullmatch(line.encode("latin-1")):
            raise Malformed(f"chunk size {line!r}")
        size = int(line, 16)
        if size == 0:
            break
        body += _exactly(data, size)
        end, data = data[size : size + 2], data[size + 2 :]
        if not b"\r\n".startswith(end):
            raise Malformed(f"{end!r} behind a chunk")
        if len(end) < 2:
            raise _Unfinished
    trailers, data = _fields(data)
    return body, trailers, data


def _exactly(data: bytes, size: int) -> bytes:
    if len(data) < size:
        raise _Unfinished
    return data[:size]
