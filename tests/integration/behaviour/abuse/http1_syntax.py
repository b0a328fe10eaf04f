"""Vectors over HTTP/1.1: request lines, header lines, sizes. Called by `table`."""

from __future__ import annotations

from integration.behaviour.abuse.vector import HIDDEN, Fate, Vector, get, post

_REFUSED, _FIRST, _BOTH = Fate.REFUSED, Fate.FIRST, Fate.BOTH
_LINE, _METHOD, _ENDS, _VERSION = "RFC 9112, 3", "RFC 9110, 9.1", "RFC 9112, 2.2", "RFC 9112, 2.3"
_NAME, _VALUE, _COLON, _FOLD = "RFC 9110, 5.1", "RFC 9110, 5.5", "RFC 9112, 5.1", "RFC 9112, 5.2"


def _line(line: bytes) -> bytes:
    return get(line=line) + HIDDEN


def _with(*headers: bytes) -> bytes:
    return get(*headers) + HIDDEN


LINES = (
    Vector("HTTP/0.9", b"GET /first\r\n\r\n" + HIDDEN, "RFC 9112, 2.3", _REFUSED),
    Vector("HTTP/0.9 with headers", get(line=b"GET /first") + HIDDEN, _LINE, _REFUSED),
    Vector("HTTP/1.0", get(line=b"GET /first HTTP/1.0"), _VERSION, _FIRST, is_legal=True),
    Vector("HTTP/1.9", _line(b"GET /first HTTP/1.9"), _VERSION, _BOTH),
    Vector("HTTP/2.0 in a line", _line(b"GET /first HTTP/2.0"), _VERSION, _BOTH),
    Vector("a version with two digits", _line(b"GET /first HTTP/1.10"), _VERSION, _REFUSED),
    Vector("a lower-case version", _line(b"GET /first http/1.1"), _VERSION, _REFUSED),
    Vector("letters behind the version", _line(b"GET /first HTTP/1.1x"), _VERSION, _REFUSED),
    Vector("another protocol", _line(b"GET /first RTSP/1.0"), _VERSION, _REFUSED),
    Vector("two spaces", _line(b"GET  /first HTTP/1.1"), _LINE, _BOTH),
    Vector("a tab for a space", _line(b"GET\t/first HTTP/1.1"), _LINE, _BOTH),
    Vector("space at the end", _line(b"GET /first HTTP/1.1 "), _LINE, _REFUSED),
    Vector("space at the beginning", _line(b" GET /first HTTP/1.1"), _LINE, _REFUSED),
    Vector("space in the target", _line(b"GET /first /x HTTP/1.1"), _LINE, _REFUSED),
    Vector("a version in the target", _line(b"GET /first HTTP/1.1 HTTP/1.1"), _LINE, _REFUSED),
    Vector("a control character in the target", _line(b"GET /fi\x01rst HTTP/1.1"), _LINE, _REFUSED),
    Vector("DEL in the target", _line(b"GET /fi\x7frst HTTP/1.1"), _LINE, _REFUSED),
    Vector("a NUL in the target", _line(b"GET /fi\0rst HTTP/1.1"), _LINE, _REFUSED),
    Vector("a carriage return in the target", _line(b"GET /fi\rrst HTTP/1.1"), _LINE, _REFUSED),
    Vector("bytes above 127 in the target", _line(b"GET /fi\xc3\xa9rst HTTP/1.1"), _LINE, _REFUSED),
    Vector("a fragment in the target", _line(b"GET /first#part HTTP/1.1"), _LINE, _REFUSED),
    Vector("no method", _line(b" /first HTTP/1.1"), _METHOD, _REFUSED),
    Vector("a method with a colon", _line(b"GE:T /first HTTP/1.1"), _METHOD, _REFUSED),
    Vector("a method with a control character", _line(b"GE\x01T /first HTTP/1.1"), _METHOD, _REFUSED),
    Vector("a method with bytes above 127", _line(b"G\xc9T /first HTTP/1.1"), _METHOD, _REFUSED),
    Vector("a method nobody knows", _line(b"FROB /first HTTP/1.1"), _METHOD, _BOTH, is_legal=True),
    Vector("a method in lower case", _line(b"get /first HTTP/1.1"), _METHOD, _BOTH, is_legal=True),
    Vector("bare line feeds as line ends", get().replace(b"\r\n", b"\n") + HIDDEN, _ENDS, _BOTH),
    Vector("bare carriage returns as line ends", get().replace(b"\r\n", b"\r") + HIDDEN, _ENDS, _REFUSED),
    Vector("two carriage returns at a line's end", b"GET /first HTTP/1.1\r\r\nHost: web.example.test\r\n\r\n" + HIDDEN, _ENDS, _REFUSED),
    Vector("empty lines before a request", b"\r\n\r\n" + get() + HIDDEN, _ENDS, _BOTH, is_legal=True),
    Vector("garbage before a request", b"\x16\x03\x01garbage\r\n" + get() + HIDDEN, _ENDS, _REFUSED),
    Vector("garbage behind a request", get() + b"\x00\x01garbage\r\n\r\n" + HIDDEN, "RFC 9112, 9.3.2", _FIRST),
    Vector("half a request behind a request", get() + HIDDEN[:20], "RFC 9112, 9.3.2", _FIRST),
    Vector("the preface of HTTP/2 behind a request", get() + b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + HIDDEN, "RFC 9113, 3.4", _FIRST),
    Vector("a PROXY header", b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n" + get() + HIDDEN, "the PROXY protocol", _REFUSED),
)

HEADERS = (
    Vector("space before a colon", _with(b"X-A : b"), _COLON, _REFUSED),
    Vector("space before a name", _with(b"X-A: b", b" X-B: c"), _FOLD, _BOTH),
    Vector("space before the first name", b"GET /first HTTP/1.1\r\n Host: web.example.test\r\n\r\n" + HIDDEN, _ENDS, _REFUSED),
    Vector("a folded value", _with(b"X-A: b\r\n c"), _FOLD, _BOTH),
    Vector("a value folded by a tab", _with(b"X-A: b\r\n\tc"), _FOLD, _BOTH),
    Vector("a fold of nothing", _with(b"X-A: b\r\n "), _FOLD, _BOTH),
    Vector("a folded host", get(b"X: y", host=b"Host:\r\n web.example.test") + HIDDEN, _FOLD, _BOTH),
    Vector("a line without a colon", _with(b"X-A"), _COLON, _REFUSED),
    Vector("a line without a name", _with(b": b"), _NAME, _REFUSED),
    Vector("an empty value", _with(b"X-A:"), _VALUE, _BOTH, is_legal=True),
    Vector("a separator in a name", _with(b"X(A: b"), _NAME, _REFUSED),
    Vector("a NUL in a name", _with(b"X\0A: b"), _NAME, _REFUSED),
    Vector("bytes above 127 in a name", _with(b"X-\xc3\xa9: b"), _NAME, _REFUSED),
    Vector("a NUL in a value", _with(b"X-A: b\0c"), _VALUE, _REFUSED),
    Vector("a bare carriage return in a value", _with(b"X-A: b\rX-Evil: 1"), _VALUE, _REFUSED, lacks=("x-evil",)),
    Vector("a carriage return at a value's end", _with(b"X-A: b\r"), _VALUE, _REFUSED),
    Vector("a bare line feed in a value", _with(b"X-A: b\nX-B: c"), _ENDS, _BOTH),
    Vector("a control character in a value", _with(b"X-A: b\x01c"), _VALUE, _BOTH),
    Vector("bytes above 127 in a value", _with(b"X-A: \xc3\xa9"), _VALUE, _BOTH, is_legal=True),
    Vector("100 headers", _with(*(b"X-%d: y" % number for number in range(90))), "RFC 9110, 5.4", _BOTH, is_legal=True),
    Vector("200 headers", _with(*(b"X-%d: y" % number for number in range(200))), "RFC 9110, 5.4", _REFUSED),
    Vector("a header of 48 KiB", _with(b"X-A: " + b"a" * 49_152), "RFC 9110, 5.4", _BOTH, is_legal=True),
    Vector("a header of 64 KiB", _with(b"X-A: " + b"a" * 65_536), "RFC 9110, 5.4", _REFUSED),
    Vector("64 KiB in headers of 1 KiB", _with(*(b"X-%d: " % number + b"a" * 1_024 for number in range(64))), "RFC 9110, 5.4", _REFUSED),
    Vector("a name of 64 KiB", _with(b"X" * 65_536 + b": a"), "RFC 9110, 5.4", _REFUSED),
    Vector("a target of 64 KiB", _line(b"GET /first?" + b"a" * 65_536 + b" HTTP/1.1"), _LINE, _REFUSED),
    Vector("a method of 64 KiB", _line(b"G" * 65_536 + b" /first HTTP/1.1"), _METHOD, _REFUSED),
)

FORWARDED = (
    Vector(
        "client address",
        _with(b"X-Forwarded-For: 192.0.2.1", b"X-Real-IP: 192.0.2.1", b"Forwarded: for=192.0.2.1"),
        "RFC 7239, 8.1",
        _BOTH,
        lacks=("x-real-ip", "forwarded"),
    ),
    Vector(
        "client address with underscores",
        _with(b"X_Forwarded_For: 192.0.2.1", b"X-Forwarded_For: 192.0.2.1"),
        "RFC 3875, 4.1.18",
        _BOTH,
        lacks=("x_forwarded_for", "x-forwarded_for"),
    ),
    Vector("Connection names our header", _with(b"Connection: x-forwarded-for"), "RFC 9110, 7.6.1", _REFUSED),
    Vector("Connection names the host", _with(b"Connection: host"), "RFC 9110, 7.6.1", _BOTH),
    Vector("Proxy becomes HTTP_PROXY", _with(b"Proxy: http://192.0.2.1/"), "RFC 3875, 4.1.18", _BOTH),
)

SWITCHES = (
    Vector(
        "Upgrade to h2c",
        _with(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA"),
        "RFC 9113, 3.1",
        _BOTH,
    ),
    Vector(
        "Upgrade to h2c among others",
        _with(b"Connection: Upgrade", b"Upgrade: websocket, h2c", b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="),
        "RFC 9110, 7.8",
        _BOTH,
    ),
    Vector("Upgrade to TLS", _with(b"Connection: Upgrade", b"Upgrade: TLS/1.0"), "RFC 2817, 3", _BOTH),
    Vector(
        "Upgrade with a body",
        post(b"Connection: Upgrade", b"Upgrade: websocket", b"Content-Length: 5", body=b"hello" + HIDDEN),
        "RFC 9110, 7.8",
        _BOTH,
        body=b"hello",
    ),
    Vector("CONNECT to the host", _line(b"CONNECT web.example.test:80 HTTP/1.1"), "RFC 9110, 9.3.6", _REFUSED),
    Vector("CONNECT to another host", _line(b"CONNECT other.example.test:80 HTTP/1.1"), "RFC 9110, 9.3.6", _REFUSED),
    Vector("CONNECT with a path", _line(b"CONNECT /first HTTP/1.1"), "RFC 9110, 9.3.6", _REFUSED),
    Vector("TRACE", _line(b"TRACE /first HTTP/1.1"), "RFC 9110, 9.3.8", _BOTH),
    Vector("HEAD", _line(b"HEAD /first HTTP/1.1"), "RFC 9110, 9.3.2", _BOTH, is_legal=True),
    Vector(
        "Expect with its body at once",
        post(b"Expect: 100-continue", b"Content-Length: 5", body=b"hello" + HIDDEN),
        "RFC 9110, 10.1.1",
        _BOTH,
        body=b"hello",
        is_legal=True,
    ),
    Vector("Expect without a body", _with(b"Expect: 100-continue"), "RFC 9110, 10.1.1", _BOTH),
    Vector(
        "an expectation nobody knows",
        post(b"Expect: 100-continue, y=z", b"Content-Length: 5", body=b"hello" + HIDDEN),
        "RFC 9110, 10.1.1",
        _BOTH,
        body=b"hello",
    ),
    Vector(
        "very many ranges",
        _with(b"Range: bytes=" + b",".join(b"%d-%d" % (number, number) for number in range(1_000))),
        "RFC 9110, 14.2",
        _BOTH,
    ),
    Vector("a range that is none", _with(b"Range: bytes=5-1,-,x"), "RFC 9110, 14.2", _BOTH),
)
