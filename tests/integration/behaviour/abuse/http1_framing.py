"""Vectors over HTTP/1.1: where a request ends. Called by `table`."""

from __future__ import annotations

from integration.behaviour.abuse.vector import HIDDEN, Fate, Vector, get, post

_REFUSED, _CUT, _FIRST, _BOTH = Fate
_END = b"0\r\n\r\n"
_CHUNKED = b"Transfer-Encoding: chunked"
_RULE, _LENGTH, _CODING, _CHUNK = "RFC 9112, 6.3", "RFC 9112, 6.2", "RFC 9112, 6.1", "RFC 9112, 7.1"
_EXTENSION, _TRAILER, _FORBIDDEN = "RFC 9112, 7.1.1", "RFC 9112, 7.1.2", "RFC 9110, 6.5.1"


def _length(value: bytes) -> bytes:
    return b"Content-Length: " + value


def _coding(value: bytes, *, length: bytes = b"5") -> bytes:
    """A doubtful transfer coding beside a length: the one is the request's end for some readers, the other for others."""
    return post(b"Transfer-Encoding:" + value, _length(length), body=_END + HIDDEN)


def _chunks(body: bytes) -> bytes:
    return post(_CHUNKED, body=body)


def _trailer(line: bytes) -> bytes:
    return _chunks(b"5\r\nhello\r\n0\r\n" + line + b"\r\n\r\n")


LENGTHS = (
    Vector("two lengths that differ", post(_length(b"5"), _length(b"60"), body=b"hello" + HIDDEN), _RULE, _REFUSED),
    Vector("two lengths that agree", post(_length(b"5"), _length(b"5"), body=b"hello"), _RULE, _FIRST, body=b"hello"),
    Vector("a list of lengths that differ", post(_length(b"5, 60"), body=b"hello" + HIDDEN), _RULE, _REFUSED),
    Vector("a list of lengths that agree", post(_length(b"5, 5"), body=b"hello"), _RULE, _FIRST, body=b"hello"),
    Vector("a list with an empty length", post(_length(b"5,"), body=b"hello"), _RULE, _REFUSED),
    Vector("a signed length", post(_length(b"+5"), body=b"hello" + HIDDEN), _LENGTH, _REFUSED),
    Vector("a negative length", post(_length(b"-5"), body=b"hello" + HIDDEN), _LENGTH, _REFUSED),
    Vector("a length with letters", post(_length(b"5x"), body=b"hello" + HIDDEN), _LENGTH, _REFUSED),
    Vector("a hexadecimal length", post(_length(b"0x5"), body=b"hello" + HIDDEN), _LENGTH, _REFUSED),
    Vector("a length with a fraction", post(_length(b"5.0"), body=b"hello" + HIDDEN), _LENGTH, _REFUSED),
    Vector("two numbers", post(_length(b"5 60"), body=b"hello" + HIDDEN), _LENGTH, _REFUSED),
    Vector("an empty length", post(b"Content-Length:", body=b"hello" + HIDDEN), _LENGTH, _REFUSED),
    Vector("a length beyond 64 bits", post(_length(b"18446744073709551621"), body=b"hello" + HIDDEN), _LENGTH, _REFUSED),
    Vector("a length with leading zeros", post(_length(b"0005"), body=b"hello" + HIDDEN), _LENGTH, _BOTH, body=b"hello"),
    Vector("an underscore in its name", post(b"Content_Length: 60", _length(b"5"), body=b"hello" + HIDDEN), _LENGTH, _BOTH, body=b"hello"),
    Vector("a length on GET", get(_length(b"%d" % len(HIDDEN))) + HIDDEN, _RULE, _FIRST, body=HIDDEN, is_legal=True),
    Vector(
        "a request behind a request", post(_length(b"5"), body=b"hello" + HIDDEN), "RFC 9112, 9.3.2", _BOTH, body=b"hello", is_legal=True
    ),
    Vector(
        "a request in the body of a refused one", post(_length(b"%d" % len(HIDDEN)), body=HIDDEN, target=b"/x/../first"), _RULE, _REFUSED
    ),
    Vector(
        "a request in the chunk of a refused one",
        post(_CHUNKED, body=b"%x\r\n" % len(HIDDEN) + HIDDEN + b"\r\n" + _END, target=b"/x/../first"),
        _RULE,
        _REFUSED,
    ),
    Vector("a body that never comes", post(_length(b"60"), body=b"hello"), "RFC 9112, 8", _CUT),
)

CODINGS = (
    Vector("length and chunked", _coding(b" chunked"), _RULE, _FIRST),
    Vector("chunked and a longer length", _coding(b" chunked", length=b"60"), _RULE, _FIRST),
    Vector(
        "a length inside the first chunk",
        post(_length(b"4"), _CHUNKED, body=b"%x\r\n" % len(HIDDEN) + HIDDEN + b"\r\n" + _END),
        _RULE,
        _FIRST,
        body=HIDDEN,
    ),
    Vector("chunked, then identity", post(_CHUNKED, b"Transfer-Encoding: identity", _length(b"5"), body=_END + HIDDEN), _CODING, _REFUSED),
    Vector("identity, then chunked", post(b"Transfer-Encoding: identity", _CHUNKED, _length(b"5"), body=_END + HIDDEN), _CODING, _REFUSED),
    Vector("identity", _coding(b" identity"), _CODING, _REFUSED),
    Vector("chunked twice", _coding(b" chunked, chunked"), _CODING, _REFUSED),
    Vector("chunked in two lines", post(_CHUNKED, _CHUNKED, body=_END + HIDDEN), _CODING, _REFUSED),
    Vector("chunked is not the last", _coding(b" chunked, gzip"), _RULE, _REFUSED),
    Vector("another coding before chunked", post(b"Transfer-Encoding: gzip, chunked", body=_END + HIDDEN), _CODING, _REFUSED),
    Vector("a coding nobody knows", _coding(b" xchunked"), _CODING, _REFUSED),
    Vector("a coding in quotes", _coding(b' "chunked"'), _CODING, _REFUSED),
    Vector("a coding with a parameter", _coding(b" chunked;q=1"), _CODING, _REFUSED),
    Vector("an empty coding", _coding(b""), _CODING, _REFUSED),
    Vector("a coding with an empty element", _coding(b" chunked,"), _CODING, _REFUSED),
    Vector("mixed case", post(b"tRANSFER-eNCODING: cHUNKED", body=_END + HIDDEN), "RFC 9112, 7", _BOTH, is_legal=True),
    Vector("a coding behind a tab", post(b"Transfer-Encoding:\tchunked", body=_END + HIDDEN), "RFC 9112, 5", _BOTH, is_legal=True),
    Vector("a coding behind a vertical tab", _coding(b" \x0bchunked"), _CODING, _REFUSED),
    Vector("a coding behind a form feed", _coding(b" \x0cchunked"), _CODING, _REFUSED),
    Vector("a coding behind a non-breaking space", _coding(b" \xa0chunked"), _CODING, _REFUSED),
    Vector("a NUL behind the coding", _coding(b" chunked\0"), _CODING, _REFUSED),
    Vector("an underscore in its name", post(b"Transfer_Encoding: chunked", _length(b"5"), body=_END + HIDDEN), _CODING, _BOTH, body=_END),
    Vector("space before the colon", post(b"Transfer-Encoding : chunked", _length(b"5"), body=_END + HIDDEN), "RFC 9112, 5.1", _REFUSED),
    Vector("tab before the colon", post(b"Transfer-Encoding\t: chunked", _length(b"5"), body=_END + HIDDEN), "RFC 9112, 5.1", _REFUSED),
    Vector("a folded coding", _coding(b"\r\n chunked"), "RFC 9112, 5.2", _FIRST),
    Vector(
        "the coding folded into another header",
        post(b"X-A: b\r\n Transfer-Encoding: chunked", _length(b"5"), body=_END + HIDDEN),
        "RFC 9112, 5.2",
        _BOTH,
        body=_END,
    ),
    Vector("chunked in HTTP/1.0", post(_CHUNKED, body=_END + HIDDEN, version=b"HTTP/1.0"), _CODING, _REFUSED),
    Vector(
        "chunked in HTTP/1.0 beside a length",
        post(_CHUNKED, _length(b"5"), b"Connection: keep-alive", body=_END + HIDDEN, version=b"HTTP/1.0"),
        _CODING,
        _REFUSED,
    ),
    Vector("Connection names the coding", post(b"Connection: transfer-encoding", _CHUNKED, body=_END + HIDDEN), "RFC 9110, 7.6.1", _BOTH),
    Vector(
        "Connection names the length",
        post(b"Connection: content-length", _length(b"5"), body=b"hello" + HIDDEN),
        "RFC 9110, 7.6.1",
        _BOTH,
        body=b"hello",
    ),
)

CHUNKS = (
    Vector("chunks", _chunks(b"5\r\nhello\r\n" + _END + HIDDEN), _CHUNK, _BOTH, body=b"hello", is_legal=True),
    Vector("an extension", _chunks(b"5;a=b\r\nhello\r\n0;c\r\n\r\n" + HIDDEN), _EXTENSION, _BOTH, body=b"hello", is_legal=True),
    Vector("an extension in quotes", _chunks(b'5;a="b;c"\r\nhello\r\n' + _END + HIDDEN), _EXTENSION, _BOTH, body=b"hello"),
    Vector("a line feed in an extension", _chunks(b"5;a\nb\r\nhello\r\n" + _END + HIDDEN), _EXTENSION, _CUT),
    Vector("a carriage return in an extension", _chunks(b"5;a\rb\r\nhello\r\n" + _END + HIDDEN), _EXTENSION, _CUT),
    Vector("a NUL in an extension", _chunks(b"5;a\0b\r\nhello\r\n" + _END + HIDDEN), _EXTENSION, _BOTH, body=b"hello"),
    Vector("an extension of 80 KiB", _chunks(b"5;" + b"a" * 81_920 + b"\r\nhello\r\n" + _END + HIDDEN), _EXTENSION, _CUT),
    Vector("space behind a size", _chunks(b"5 \r\nhello\r\n" + _END + HIDDEN), _EXTENSION, _BOTH, body=b"hello"),
    Vector("space before a size", _chunks(b" 5\r\nhello\r\n" + _END + HIDDEN), _CHUNK, _CUT),
    Vector("a size with 0x", _chunks(b"0x5\r\nhello\r\n" + _END + HIDDEN), _CHUNK, _CUT),
    Vector("a size with leading zeros", _chunks(b"0000005\r\nhello\r\n" + _END + HIDDEN), _CHUNK, _BOTH, body=b"hello"),
    Vector("a size with very many zeros", _chunks(b"0" * 40 + b"5\r\nhello\r\n" + _END + HIDDEN), _CHUNK, _BOTH, body=b"hello"),
    Vector("a signed size", _chunks(b"+5\r\nhello\r\n" + _END + HIDDEN), _CHUNK, _CUT),
    Vector("a negative size", _chunks(b"-1\r\nhello\r\n" + _END + HIDDEN), _CHUNK, _CUT),
    Vector("no size", _chunks(b"\r\nhello\r\n" + _END + HIDDEN), _CHUNK, _CUT),
    Vector("letters for a size", _chunks(b"zz\r\nhello\r\n" + _END + HIDDEN), _CHUNK, _CUT),
    Vector("a size with an underscore", _chunks(b"1_0\r\n" + b"hello" * 3 + b"h\r\n" + _END + HIDDEN), _CHUNK, _CUT),
    Vector("a size beyond 32 bits", _chunks(b"100000005\r\nhello\r\n" + _END + HIDDEN), _CHUNK, _CUT),
    Vector("a size beyond 64 bits", _chunks(b"10000000000000005\r\nhello\r\n" + _END + HIDDEN), _CHUNK, _CUT),
    Vector("a chunk longer than its size", _chunks(b"5\r\nhelloXX\r\n" + _END + HIDDEN), _CHUNK, _CUT),
    Vector("a chunk shorter than its size", _chunks(b"9\r\nhello\r\n" + _END + HIDDEN), _CHUNK, _CUT),
    Vector("bare line feeds behind sizes", _chunks(b"5\nhello\r\n0\n\r\n" + HIDDEN), _CHUNK, _CUT, _BOTH, body=b"hello"),
    Vector("a bare line feed behind a chunk", _chunks(b"5\r\nhello\n" + _END + HIDDEN), _CHUNK, _CUT, _BOTH, body=b"hello"),
    Vector("a bare carriage return behind a size", _chunks(b"5\rhello\r\n" + _END + HIDDEN), _CHUNK, _CUT),
    Vector("a chunk, then garbage", _chunks(b"5\r\nhello\r\nzz\r\n" + HIDDEN), _CHUNK, _CUT),
    Vector("a last chunk without its end", _chunks(b"5\r\nhello\r\n0\r\n"), _CHUNK, _CUT),
    Vector("bytes behind the last chunk", _chunks(b"5\r\nhello\r\n0\r\nX" + HIDDEN), _CHUNK, _CUT),
)

TRAILERS = (
    Vector("a trailer", _trailer(b"X-Sum: 1") + HIDDEN, _TRAILER, _BOTH, body=b"hello", is_legal=True),
    Vector("a length", _trailer(b"Content-Length: 60") + HIDDEN, _FORBIDDEN, _BOTH, body=b"hello"),
    Vector("a coding", _trailer(b"Transfer-Encoding: chunked") + HIDDEN, _FORBIDDEN, _BOTH, body=b"hello"),
    Vector("a host", _trailer(b"Host: other.example.test") + HIDDEN, _FORBIDDEN, _BOTH, body=b"hello"),
    Vector("a client address", _trailer(b"X-Forwarded-For: 192.0.2.1") + HIDDEN, _FORBIDDEN, _BOTH, body=b"hello"),
    Vector("credentials", _trailer(b"Authorization: Basic eA==") + HIDDEN, _FORBIDDEN, _BOTH, body=b"hello"),
    Vector("a line without a colon", _trailer(b"X-Sum") + HIDDEN, _TRAILER, _CUT),
    Vector("a request", _trailer(HIDDEN.removesuffix(b"\r\n\r\n")), _TRAILER, _CUT),
    Vector("a bare line feed at the end", _chunks(b"5\r\nhello\r\n0\r\nX-Sum: 1\n\n") + HIDDEN, _TRAILER, _BOTH, body=b"hello"),
    Vector("80 KiB", _trailer(b"X-Sum: " + b"a" * 81_920) + HIDDEN, _TRAILER, _CUT),
)
