"""What HAProxy's HTTP/1 parser refuses by itself. Each line was seen on real HAProxys (2.6 and 2.8)."""

from __future__ import annotations

import pytest

from hapilot.languages.haproxy.evaluate import http1
from hapilot.languages.haproxy.evaluate.connection import Request


@pytest.mark.parametrize("data", [b"GET /", b"GET / HT", b"A" * 40, b"SSH", b"GET / HTTP/1.1\r\nHost: a", b""])
def test_what_does_not_end_times_out(data: bytes) -> None:
    found = http1.read(data)
    assert isinstance(found, http1.Refusal)
    assert found.status == 408


@pytest.mark.parametrize("data", [b"\x00\x01\n", b"220 hello\r\n", b"get / http\r\n\r\n", b"SSH-2.0\n", b"GET\r\n", b"{}"])
def test_what_is_no_request_is_refused(data: bytes) -> None:
    found = http1.read(data)
    assert isinstance(found, http1.Refusal)
    assert found.status == 400


def test_bytes_that_are_a_request() -> None:
    found = http1.read(b"POST /x?y HTTP/1.0\r\nhost: a.test \r\nX-A: 1\r\n\r\n")
    assert found == Request("POST", "/x?y", "a.test", (("X-A", "1"),), "1.0")


@pytest.mark.parametrize(
    ("target", "host"),
    [
        ("http://b.test/x", "B.test"),
        ("http://b.test:80/x", "b.test"),
        ("http://b.test/x", "b.test:"),
        ("https://b.test/x", "b.test:443"),
        ("http://u@b.test/", "b.test"),
        ("http://b.test:8080/", "b.test:8080"),
        ("http:///x", "b.test"),
        ("http://b.test/", None),
        ("/http://a.test/", "b.test"),
    ],
)
def test_an_absolute_target_of_the_same_host(target: str, host: str | None) -> None:
    assert http1.refusal(Request(path=target, host=host)) is None


@pytest.mark.parametrize(
    ("target", "host"),
    [("http://b.test/x", "a.test"), ("http://b.test/x", "b.test:443"), ("http://b.test:443/", "b.test"), ("http://b.test/", "b.test.")],
)
def test_an_absolute_target_of_another_host(target: str, host: str) -> None:
    refused = http1.refusal(Request(path=target, host=host))
    assert refused is not None
    assert refused.status == 400
