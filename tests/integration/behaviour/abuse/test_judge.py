"""The judges of the other tests: they know what is well-formed, and find what is not."""

from __future__ import annotations

import pytest

from integration.behaviour.abuse import verdict
from integration.behaviour.abuse.vector import HIDDEN, Fate, Vector, get, post
from support import client, raw_server, strict_http1

WHOLE = (
    get(),
    get(line=b"OPTIONS * HTTP/1.1"),
    get(line=b"GET http://web.example.test/first HTTP/1.1"),
    get(line=b"GET /first HTTP/1.0", host=b""),
    get(b"X-A:", b"X-B: \tb c\t", b"X-C: \xc3\xa9"),
    post(b"Content-Length: 5", body=b"hello"),
    post(b"Transfer-Encoding: chunked", body=b"5\r\nhello\r\n0\r\n\r\n"),
    post(b"Transfer-Encoding: chunked", body=b"5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"),
)
WRONG = {
    "bare line feeds": get().replace(b"\r\n", b"\n"),
    "a bare carriage return": get(b"X-A: b\rc"),
    "a NUL": get(b"X-A: b\0c"),
    "a fold": get(b"X-A: b\r\n c"),
    "space before a colon": get(b"X-A : b"),
    "no colon": get(b"X-A"),
    "no host": get(host=b""),
    "two hosts": get(b"Host: web.example.test"),
    "user information": get(host=b"Host: a@web.example.test"),
    "two lengths": post(b"Content-Length: 5", b"Content-Length: 5", body=b"hello"),
    "a list of lengths": post(b"Content-Length: 5, 5", body=b"hello"),
    "a signed length": post(b"Content-Length: +5", body=b"hello"),
    "length and coding": post(b"Content-Length: 5", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
    "another coding": post(b"Transfer-Encoding: xchunked", body=b"0\r\n\r\n"),
    "a list of codings": post(b"Transfer-Encoding: chunked,", body=b"0\r\n\r\n"),
    "a coding in HTTP/1.0": post(b"Transfer-Encoding: chunked", body=b"0\r\n\r\n", version=b"HTTP/1.0"),
    "a chunk extension": post(b"Transfer-Encoding: chunked", body=b"5;a=b\r\nhello\r\n0\r\n\r\n"),
    "a chunk without its end": post(b"Transfer-Encoding: chunked", body=b"5\r\nhelloXX0\r\n\r\n"),
    "two spaces": get(line=b"GET  /first HTTP/1.1"),
    "another version": get(line=b"GET /first HTTP/1.9"),
    "a byte above 127 in the target": get(line=b"GET /\xc3 HTTP/1.1"),
    "a fragment": get(line=b"GET /#a HTTP/1.1"),
    "no slash": get(line=b"GET first HTTP/1.1"),
    "a star on GET": get(line=b"GET * HTTP/1.1"),
    "another host in the target": get(line=b"GET http://other.example.test/ HTTP/1.1"),
    "user information in the target": get(line=b"GET http://a@web.example.test/ HTTP/1.1"),
    "garbage": b"\x16\x03\x01\r\n\r\n",
}


@pytest.mark.parametrize("wire", WHOLE)
def test_what_is_well_formed_is_read_to_its_end(wire: bytes) -> None:
    """Also with another request behind it; and every beginning of it is unfinished, never wrong."""
    (message,) = strict_http1.read(wire).messages
    assert message.body in (b"", b"hello")
    both = strict_http1.read(wire + HIDDEN)
    assert [one.target for one in both.messages] == [message.target, "/second"]
    assert (both.rest, both.problem) == (b"", "")
    for size in range(1, len(wire)):
        part = strict_http1.read(wire[:size])
        assert (part.messages, part.problem) == ((), ""), wire[:size]


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_not_well_formed_is_found(kind: str) -> None:
    found = strict_http1.read(WRONG[kind] + HIDDEN)
    assert found.problem, found
    assert found.messages == ()


def _streams(*data: bytes, other: bytes = b"", is_open: bool = False) -> verdict.Streams:
    streams = {"web": [raw_server.Stream(strict_http1.read(one), is_open) for one in data]}
    return streams | {"other": [raw_server.Stream(strict_http1.read(other), is_open)]}


def _forwarded(wire: bytes) -> bytes:
    """A request as HAProxy sends it on."""
    ours = b"X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: x\r\nX-Forwarded-Port: 80\r\n"
    head, end, body = wire.partition(b"\r\n\r\n")
    return head + b"\r\n" + ours.removesuffix(b"\r\n") + end + body


_FIRST, _HIDDEN, _INNOCENT = _forwarded(get()), _forwarded(HIDDEN), {"/mine": "web.example.test"}
_MINE = _forwarded(get(b"X-Mine: /mine", line=b"GET /mine HTTP/1.1"))
_VECTOR = Vector("any", get() + HIDDEN, "", Fate.BOTH)


def test_a_request_that_was_split_as_haproxy_says_is_no_wrong() -> None:
    found = verdict.judge(_VECTOR, _streams(_FIRST + _MINE, other=_HIDDEN), _INNOCENT)
    assert found == verdict.Verdict(Fate.BOTH, ())
    assert verdict.judge(_VECTOR, _streams(_MINE), _INNOCENT) == verdict.Verdict(Fate.REFUSED, ())
    assert verdict.judge(_VECTOR, _streams(_MINE, _FIRST[:-2]), _INNOCENT) == verdict.Verdict(Fate.CUT, ())


@pytest.mark.parametrize(
    ("streams", "said"),
    [
        (_streams(_FIRST + _HIDDEN, _MINE), "a request for ['other.example.test']"),
        (_streams(_FIRST + HIDDEN, _MINE), "0 x-forwarded-for"),
        (_streams(_FIRST + b"GET /x HTTP/1.1\r\nX: " + _MINE), "somebody else's /mine arrived as []"),
        (_streams(_FIRST, _MINE.replace(b"X-Mine", b"X-Yours")), "was changed"),
        (_streams(_FIRST + _FIRST, _MINE, is_open=True), ""),
        (_streams(_FIRST + b"\0", _MINE), "no request"),
        (_streams(_FIRST[:-2], _MINE, is_open=True), "still waits"),
        (_streams(_FIRST.replace(b"127.0.0.1", b"192.0.2.1"), _MINE), "forged"),
        (_streams(_forwarded(get(b"Connection: Upgrade", b"Upgrade: H2C")), _MINE), "offer to leave"),
        (_streams(_forwarded(post(b"Content-Length: 1", body=b"x")), _MINE), "another body"),
    ],
)
def test_a_leak_is_found(streams: verdict.Streams, said: str) -> None:
    """What the tests of vectors are there to see. A request twice has no wrongs, and no fate."""
    found = verdict.judge(_VECTOR, streams, _INNOCENT)
    assert said in "\n".join(found.wrongs)
    assert found.wrongs or found.fate is None


def test_the_raw_server_answers_whole_requests_and_ends_wrong_ones() -> None:
    with raw_server.RawServer("web") as server:
        with client.connect(server.address) as connection:
            connection.send(get() + HIDDEN[:10])
            assert connection.read_response().body == b"/first"
            connection.send(HIDDEN[10:])
            assert connection.read_response().body == b"/second"
            connection.send(b"\0")
            assert connection.read().kind in ("closed", "reset")
        (stream,) = server.streams
        assert [one.target for one in server.requests] == ["/first", "/second"]
        assert stream.reading.problem
        assert not stream.is_open
        server.forget()
        assert server.streams == ()
