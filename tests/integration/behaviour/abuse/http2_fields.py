"""Vectors over HTTP/2: what it can say and HTTP/1.1, in which the server is asked, can't. Called by `table`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from integration.behaviour.abuse.vector import HIDDEN, Fate, Vector
from support import frames

_REFUSED, _CUT, _FIRST, _ = Fate
_FIELD, _PSEUDO, _REQUEST, _CONNECTION, _LENGTH = (
    "RFC 9113, 8.2.1",
    "RFC 9113, 8.3",
    "RFC 9113, 8.3.1",
    "RFC 9113, 8.2.2",
    "RFC 9113, 8.1.1",
)

Field = tuple[bytes, bytes]


def _vector(
    name: str, fields: Sequence[Field], source: str, fate: Fate, old: Fate | None = None, *, body: bytes = b"", is_legal: bool = False
) -> Vector:
    """A request of these fields alone, without a body."""
    shows = "\n".join(f"{_shown(key)}: {_shown(value)}" for key, value in fields)
    return Vector(name, frames.headers(1, fields), source, fate, old, body=body, is_legal=is_legal, shows=shows, speaks="http2")


def _with(
    name: str, fields: Sequence[Field], source: str, fate: Fate = _REFUSED, old: Fate | None = None, *, is_legal: bool = False
) -> Vector:
    """A good request with more fields."""
    return _vector(name, (*frames.request(), *fields), source, fate, old, is_legal=is_legal)


def _asks(
    name: str, source: str, fate: Fate = _REFUSED, *, method: bytes = b"GET", path: bytes = b"/first", host: bytes = b"web.example.test"
) -> Vector:
    return _vector(name, frames.request(method, path, host), source, fate)


def _sends(
    name: str, fields: Sequence[Field], content: bytes, source: str, fate: Fate, old: Fate | None = None, *, body: bytes = b""
) -> Vector:
    """A request with a body of its own length."""
    whole = (*frames.request(b"POST"), *fields)
    wire = frames.headers(1, whole, ends=False) + frames.data(1, content)
    shows = "\n".join((*(f"{_shown(key)}: {_shown(value)}" for key, value in whole), "", _shown(content)))
    return Vector(name, wire, source, fate, old, body=body, shows=shows, speaks="http2")


def _trails(name: str, fields: Sequence[Field], source: str, fate: Fate, old: Fate | None = None) -> Vector:
    wire = frames.headers(1, frames.request(b"POST"), ends=False) + frames.data(1, b"hello", ends=False) + frames.headers(1, fields)
    shows = "\n".join(("(a POST with the body hello)", "", *(f"{_shown(key)}: {_shown(value)}" for key, value in fields)))
    return Vector(name, wire, source, fate, old, body=b"hello", shows=shows, speaks="http2")


def _shown(text: bytes) -> str:
    return text.decode("latin-1").encode("unicode_escape").decode("ascii")


def _without(name: bytes) -> list[Field]:
    return [pair for pair in frames.request() if pair[0] != name]


PSEUDO = (
    _with("a second :path", [(b":path", b"/second")], _PSEUDO),
    _with("a second :method", [(b":method", b"POST")], _PSEUDO),
    _with("a second :authority", [(b":authority", b"other.example.test")], _PSEUDO),
    _with("a second :scheme", [(b":scheme", b"http")], _PSEUDO),
    _with("a pseudo-header behind a header", [(b"x-a", b"b"), (b":path", b"/second")], _PSEUDO),
    _vector("a header before the pseudo-headers", [(b"x-a", b"b"), *frames.request()], _PSEUDO, _REFUSED),
    _with("a pseudo-header nobody knows", [(b":evil", b"1")], _PSEUDO),
    _with(":status", [(b":status", b"200")], _PSEUDO),
    _with(":protocol without CONNECT", [(b":protocol", b"websocket")], "RFC 8441, 4", _REFUSED, _FIRST),
    _vector("no :path", _without(b":path"), _REQUEST, _REFUSED),
    _vector("no :method", _without(b":method"), _REQUEST, _REFUSED),
    _vector("no :scheme", _without(b":scheme"), _REQUEST, _REFUSED),
    _vector("neither :authority nor host", _without(b":authority"), _REQUEST, _REFUSED),
    _vector("host for :authority", [*_without(b":authority"), (b"host", b"web.example.test")], _REQUEST, _FIRST, is_legal=True),
    _with("host that agrees with :authority", [(b"host", b"web.example.test")], _REQUEST, _FIRST, is_legal=True),
    _with("host of another name than :authority", [(b"host", b"other.example.test")], _REQUEST, _FIRST),
    _with("two hosts", [(b"host", b"web.example.test"), (b"host", b"other.example.test")], _REQUEST, _FIRST),
    _asks("an empty :path", _REQUEST, path=b""),
    _asks("a :path without a slash", _REQUEST, path=b"first"),
    replace(_asks("a star as :path", _REQUEST, _FIRST, path=b"*"), arrives="/"),
    _asks("an absolute :path", _REQUEST, path=b"http://other.example.test/first"),
    _asks("a space in :path", _REQUEST, path=b"/first HTTP/1.1"),
    _asks("a line end in :path", _FIELD, path=b"/first HTTP/1.1\r\nX-Evil: 1\r\nX: "),
    _asks("a line feed in :path", _FIELD, path=b"/first\n"),
    _asks("a tab in :path", _REQUEST, path=b"/fi\trst"),
    _asks("a NUL in :path", _FIELD, path=b"/first\0"),
    _asks("bytes above 127 in :path", _REQUEST, path=b"/fi\xc3\xa9rst"),
    _asks("a fragment in :path", _REQUEST, path=b"/first#part"),
    _asks("a space in :method", _REQUEST, method=b"GET /second"),
    _asks("a line end in :method", _FIELD, method=b"GET / HTTP/1.1\r\nHost: other.example.test\r\n\r\nGET"),
    _asks("an empty :method", _REQUEST, method=b""),
    _asks("a line end in :authority", _FIELD, host=b"web.example.test\r\nX-Evil: 1"),
    _asks("a space in :authority", _REQUEST, host=b"web.example.test other"),
    _asks("user information in :authority", _REQUEST, host=b"other.example.test@web.example.test"),
    _asks("a path in :authority", _REQUEST, host=b"web.example.test/second?"),
    _asks("a comma in :authority", _REQUEST, host=b"web.example.test,other.example.test"),
    _vector(
        "a line end in :scheme",
        [(b":method", b"GET"), (b":scheme", b"https\r\nX-Evil: 1"), (b":authority", b"web.example.test"), (b":path", b"/first")],
        _FIELD,
        _REFUSED,
    ),
    _vector(
        "a host in :scheme",
        [(b":method", b"GET"), (b":scheme", b"http://other.example.test/?"), (b":authority", b"web.example.test"), (b":path", b"/first")],
        _REQUEST,
        _REFUSED,
    ),
    _vector("CONNECT", [(b":method", b"CONNECT"), (b":authority", b"web.example.test:443")], "RFC 9113, 8.5", _REFUSED),
    _asks("CONNECT with :path", "RFC 9113, 8.5", method=b"CONNECT"),
    _vector(
        "CONNECT for a WebSocket",
        [*frames.request(b"CONNECT"), (b":protocol", b"websocket"), (b"sec-websocket-version", b"13")],
        "RFC 8441, 5",
        _FIRST,
        is_legal=True,
    ),
)

FIELDS = (
    _with("capitals in a name", [(b"X-Upper", b"1")], _FIELD),
    _with("a line end in a name", [(b"x-a: b\r\nx-evil", b"1")], _FIELD),
    _with("a colon in a name", [(b"x-a:b", b"1")], _FIELD),
    _with("a space in a name", [(b"x a", b"1")], _FIELD),
    _with("space behind a name", [(b"transfer-encoding ", b"chunked")], _FIELD),
    _with("a NUL in a name", [(b"x\0a", b"1")], _FIELD),
    _with("bytes above 127 in a name", [(b"x-\xe9", b"1")], _FIELD),
    _with("an empty name", [(b"", b"1")], _FIELD),
    _with("a line end in a value", [(b"x-a", b"b\r\nX-Evil: 1")], _FIELD),
    _with("two line ends and a request in a value", [(b"x-a", b"b\r\n\r\n" + HIDDEN)], _FIELD),
    _with("a carriage return in a value", [(b"x-a", b"b\rX-Evil: 1")], _FIELD),
    _with("a line feed in a value", [(b"x-a", b"b\nX-Evil: 1")], _FIELD),
    _with("a line feed at a value's end", [(b"x-a", b"b\n")], _FIELD),
    _with("a NUL in a value", [(b"x-a", b"b\0c")], _FIELD),
    _with("space around a value", [(b"x-a", b" b ")], _FIELD, _FIRST),
    _with("a control character in a value", [(b"x-a", b"b\x01c")], _FIELD, _FIRST),
    _with("a line end in a cookie", [(b"cookie", b"a=b\r\nX-Evil: 1")], _FIELD),
    _with("cookies in pieces", [(b"cookie", b"a=b"), (b"cookie", b"c=d")], "RFC 9113, 8.2.3", _FIRST, is_legal=True),
    _with("200 fields", [(b"x-%d" % number, b"y") for number in range(200)], "RFC 9113, 10.5.1"),
    _with("a value of 15 KiB", [(b"x-a", b"a" * 15_360)], "RFC 9113, 10.5.1", _FIRST, is_legal=True),
)

CONNECTION = (
    _with("connection", [(b"connection", b"x-forwarded-for")], _CONNECTION),
    _with("connection: close", [(b"connection", b"close")], _CONNECTION),
    _with("keep-alive", [(b"keep-alive", b"timeout=5")], _CONNECTION),
    _with("proxy-connection", [(b"proxy-connection", b"keep-alive")], _CONNECTION),
    _with("upgrade", [(b"upgrade", b"h2c")], _CONNECTION),
    _with("transfer-encoding: chunked", [(b"transfer-encoding", b"chunked")], _CONNECTION),
    _sends(
        "transfer-encoding: chunked, with a body that ends early",
        [(b"transfer-encoding", b"chunked")],
        b"0\r\n\r\n" + HIDDEN,
        _CONNECTION,
        _REFUSED,
    ),
    _with("te: trailers", [(b"te", b"trailers")], _CONNECTION, _FIRST, is_legal=True),
    _with("te: chunked", [(b"te", b"chunked")], _CONNECTION),
    _with("http2-settings", [(b"http2-settings", b"AAMAAABkAAQCAAAAAAIAAAAA")], _CONNECTION, _FIRST),
    _with("client address", [(b"x-forwarded-for", b"192.0.2.1"), (b"x_forwarded_for", b"192.0.2.1")], "RFC 7239, 8.1", _FIRST),
)

BODIES = (
    _sends("a body", [], b"hello", _LENGTH, _FIRST, body=b"hello"),
    _sends("a length that agrees", [(b"content-length", b"5")], b"hello", _LENGTH, _FIRST, body=b"hello"),
    _sends("a length that is too short", [(b"content-length", b"0")], HIDDEN, _LENGTH, _FIRST),
    _sends("a length of five of many", [(b"content-length", b"5")], b"hello" + HIDDEN, _LENGTH, _REFUSED),
    _sends("a length that is too long", [(b"content-length", b"60")], b"hello", _LENGTH, _CUT),
    _with("a length without a body", [(b"content-length", b"60")], _LENGTH, _REFUSED, _FIRST),
    _sends("two lengths that differ", [(b"content-length", b"5"), (b"content-length", b"60")], b"hello", _LENGTH, _REFUSED),
    _sends("two lengths that agree", [(b"content-length", b"5"), (b"content-length", b"5")], b"hello", _LENGTH, _FIRST, body=b"hello"),
    _sends("a signed length", [(b"content-length", b"+5")], b"hello", _LENGTH, _REFUSED),
    _sends("a list of lengths", [(b"content-length", b"5, 60")], b"hello", _LENGTH, _REFUSED),
    _sends("an empty length", [(b"content-length", b"")], b"hello", _LENGTH, _REFUSED),
    _sends("chunks for a body", [], b"0\r\n\r\n" + HIDDEN, _LENGTH, _FIRST, body=b"0\r\n\r\n" + HIDDEN),
)

TRAILERS = (
    _trails("a trailer", [(b"x-sum", b"1")], "RFC 9113, 8.1", _FIRST),
    _trails("a pseudo-header", [(b":path", b"/second")], "RFC 9113, 8.1", _CUT),
    _trails("a line end in a value", [(b"x-a", b"b\r\n\r\n" + HIDDEN)], _FIELD, _CUT),
    _trails("a length", [(b"content-length", b"60")], "RFC 9110, 6.5.1", _CUT),
    _trails("a coding", [(b"transfer-encoding", b"chunked")], _CONNECTION, _CUT),
    _trails("a client address", [(b"x-forwarded-for", b"192.0.2.1")], "RFC 9110, 6.5.1", _FIRST),
)
