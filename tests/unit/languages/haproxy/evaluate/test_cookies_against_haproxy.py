"""Cookies and the choice of servers, against real HAProxys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hapilot.languages.haproxy.evaluate import trace
from hapilot.languages.haproxy.evaluate.connection import Http, Request, Tls
from hapilot.languages.haproxy.tree import Section, line, opaque
from support import haproxy
from unit.languages.haproxy.evaluate import lab, serving

pytestmark = [
    pytest.mark.haproxy,
    pytest.mark.parametrize("binary", haproxy.binaries(), ids=lambda binary: binary.id),
]

STICKY = """
cookie SRV insert indirect nocache httponly secure domain .shop.test attr SameSite=Lax attr Priority=High
server s1 127.0.0.1:OTHER cookie one
server s2 127.0.0.2:OTHER cookie two weight 0
server s3 127.0.0.3:OTHER cookie three disabled
use-server s2 if { path /named }
"""
BACKUPS = """
cookie SRV insert
server s1 127.0.0.1:OTHER disabled cookie one
server s2 127.0.0.2:OTHER backup
server s3 127.0.0.3:OTHER backup cookie three
use-server s1 if { path /named }
use-server s3 if { path /named }
"""
SEVERAL = """
balance roundrobin
cookie K insert nocache postonly
server s1 127.0.0.1:OTHER cookie one
server s2 127.0.0.2:OTHER cookie two
server s3 127.0.0.3:OTHER cookie two weight 0
"""
ONLY_WEIGHTLESS = "cookie SRV insert indirect\nserver s1 127.0.0.1:OTHER weight 0 cookie one\nserver s2 127.0.0.2:OTHER disabled"
ALL_BACKUPS = "option allbackups\nserver s1 127.0.0.1:OTHER backup\nserver s2 127.0.0.2:OTHER backup\nserver s3 127.0.0.3:OTHER weight 0"

COOKIES = [
    *("SRV=one", "SRV=two", "SRV=three", "SRV=four", "SRV=", "SRV", "a=1; SRV=two; b=2", "SRV=two; a=1", "a=1;SRV=two", "srv=two"),
    *(
        'a="x; SRV=one"; SRV=two',
        "SRV=one; SRV=two",
        "SRV=four; SRV=two",
        "SRV = two ; a = 1",
        "K=two",
        "K=one; a",
        "a=1;;SRV=two",
        "SRV=two|AAAAA",
    ),
]


@pytest.mark.parametrize(
    "backend", [STICKY, BACKUPS, SEVERAL, ONLY_WEIGHTLESS, ALL_BACKUPS], ids=["sticky", "backups", "several", "zero", "all"]
)
def test_cookies_and_the_choice_of_servers(binary: haproxy.Binary, tmp_path: Path, backend: str) -> None:
    headers = {"s1": "Cache-Control public,max-age=9", "s2": "Cache-Control no-store", "s3": "X-Third 3"}
    sections = [
        serving.raw(
            "frontend", "front", "bind PORT\nhttp-after-response set-header X-Cookies %[res.hdr_cnt(set-cookie)]\ndefault_backend back"
        ),
        serving.raw("backend", "back", f"http-error status 503 content-type text/plain string none\n{backend.strip()}"),
        *(serving.server(name, f"127.0.0.{name[1]}", header) for name, header in headers.items()),
    ]
    with lab.serve(binary, tmp_path, sections) as running:
        for request in _with_cookies():
            seen, expected, found = serving.compare(running, Http(request))
            assert expected == seen, request
            if isinstance(found.outcome, trace.Forward) and found.outcome.certain is not None:
                assert f"x-server: {str(found.outcome.certain.words[0]).split()[1]}" in seen, request


def _with_cookies() -> Iterator[Request]:
    for path in ("/", "/named"):
        yield Request(path=path, host="x")
        yield Request(path=path, host="x", method="POST", headers=(("Content-Length", "0"),))
        for cookie in COOKIES:
            yield Request(path=path, host="x", headers=(("Cookie", cookie), ("X-A", "1")))
    yield Request(host="x", headers=(("Cookie", "a=1"), ("Cookie", "SRV=two"), ("Cookie", "b=2")))


def test_cookies_over_http2(binary: haproxy.Binary, tmp_path: Path) -> None:
    """The lines into which a client cuts its cookies are put together before anything looks at them."""
    sections = [
        serving.raw("frontend", "front", "bind PORT ssl crt FOLDER/front.pem alpn h2\ndefault_backend back"),
        serving.raw("backend", "back", STICKY),
        *(serving.server(name, f"127.0.0.{name[1]}") for name in ("s1", "s2", "s3")),
    ]
    with lab.serve(binary, tmp_path, sections) as running:
        for cookies in (("a=1", "SRV=two", "b=2"), ("SRV=one",), ("a=1", "b=2"), ()):
            headers = tuple(("cookie", text) for text in cookies)
            first = Tls("shop.test", ("h2",), Request(path="/x", host="shop.test", headers=(*headers, ("x-a", "1")), version="2"))
            seen, expected, _ = serving.compare(running, first)
            assert expected == seen, cookies


KEPT = {
    "none": (),
    "max-age": ("Cache-Control max-age=9",),
    "etag": ("ETag x",),
    "expires": ("Expires Thu",),
    "modified": ("Last-Modified Thu",),
    "public": ("Cache-Control public",),
    "both": ("Cache-Control public,private,max-age=3",),
    "other-way": ("Cache-Control private", "Cache-Control s-maxage=1,public"),
    "pragma": ("Pragma no-cache", "Cache-Control public,max-age=9"),
    "zero": ("Cache-Control public,max-age=0", "ETag x"),
}


def test_what_caches_may_keep(binary: haproxy.Binary, tmp_path: Path) -> None:
    replies = [
        line(
            "http-request", "return", "status", status, *serving.told("X-Server s1", *headers), "if", "{", "path", f"/{name}-{status}", "}"
        )
        for name, headers in KEPT.items()
        for status in ("200", "302", "404")
    ]
    sections = [
        serving.raw("frontend", "front", "bind PORT\ndefault_backend back"),
        serving.raw("backend", "back", "cookie SRV insert indirect nocache\nserver s1 127.0.0.1:OTHER cookie one"),
        Section("frontend", "is-s1", (opaque("bind 127.0.0.1:OTHER"), *replies)),
    ]
    with lab.serve(binary, tmp_path, sections) as running:
        for name in KEPT:
            for status in ("200", "302", "404"):
                for method in ("GET", "POST"):
                    request = Request(method, f"/{name}-{status}", "x", () if method == "GET" else (("Content-Length", "0"),))
                    seen, expected, _ = serving.compare(running, Http(request))
                    assert expected == seen, request
