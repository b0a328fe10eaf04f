"""Hostile words: values for the places of a site file, and requests that two readers may read in two ways.

Comes in: nothing. Goes out: texts and bytes by a name that says what is wrong with them. Called by test_security.
"""

from __future__ import annotations

import json
from typing import Any

EVIL = (
    "x\nuse_backend evil", "x\n\nbackend evil", "x\rbackend evil", "x\0y", "x\x85y", "x\u2028y", 'x"y', "x'y", "x y", "x #y", "#y", "x\\",
    "x\\ y", "$HOME", "$$HOME", "%[src]", "%ci", "x,y", "x)y", "x),lower", "(x", "x}", "{ x }", "x;y", "x\ty", "'", '"', "' evil '",
    "if { src 0/0 }", "-f", "!x",
)  # fmt: skip
"""Texts that mean something to HAProxy's parser on one of its levels."""

PLACES: dict[str, tuple[tuple[str | int, ...], str]] = {
    "health.http": (("services", "web", "health", "http"), "/"),
    "verify.name": (("services", "web", "verify", "name"), ""),
    "server": (("services", "web", "servers", 0, "address"), ""),
    "server name": (("services", "web", "servers", 0, "name"), ""),
    "host": (("services", "web", "host"), ""),
    "path": (("services", "web", "path"), "/"),
    "trusted": (("listeners", "https", "trusted", 0), ""),
    "certificate": (("certificates", 0, "self_signed", 1), ""),
    "stats path": (("admin", "stats", "path"), "/"),
    "stats password": (("admin", "stats", "users", "harmless", "password"), ""),
    "log": (("log", "to"), "syslog:"),
    "nameserver": (("resolvers", "nameservers", 0), ""),
}
"""Where a value stands in the site, and what it begins with there."""
NAMES: dict[str, tuple[str, ...]] = {
    "stats user": ("admin", "stats", "users"),
    "service": ("services",),
    "listener": ("listeners",),
}
"""What has a key ``harmless``, which becomes the hostile text."""


def harmless() -> dict[str, Any]:
    """A site with something in every place."""
    return {
        "listeners": {"https": {"bind": ":443", "trusted": ["10.0.0.0/8"]}, "harmless": {"bind": ":80"}},
        "services": {
            "web": {
                "host": "web.example.test",
                "path": "/harmless",
                "tls": "reencrypt",
                "verify": {"name": "harmless"},
                "servers": [{"address": "127.0.0.1:9", "name": "harmless"}, {"address": "harmless.test:9"}],
                "health": {"http": "/harmless"},
                "listener": "https",
            },
            "harmless": {"tls": "none", "servers": ["127.0.0.1:9"], "listener": "harmless"},
        },
        "certificates": [{"self_signed": ["*.example.test", "harmless.test"]}],
        "admin": {"stats": {"bind": "127.0.0.1:9", "path": "/harmless", "users": {"harmless": {"password": "harmless"}}}},
        "log": {"to": "syslog:127.0.0.1:514"},
        "resolvers": {"nameservers": ["127.0.0.1"]},
    }


def site(place: str, value: str) -> str:
    """The site with the hostile value in that place. JSON is YAML."""
    whole = harmless()
    if place in NAMES:
        holder: Any = whole
        for key in NAMES[place]:
            holder = holder[key]
        holder[value] = holder.pop("harmless")
        if place == "listener":
            whole["services"]["harmless"]["listener"] = value
        return json.dumps(whole)
    (*path, last), prefix = PLACES[place]
    holder = whole
    for key in path:
        holder = holder[key]
    holder[last] = prefix + value
    return json.dumps(whole)


SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: other.example.test\r\n\r\n"
"""Seen by the wrong server if the two ends of a request are not where HAProxy says."""


def post(*headers: bytes, body: bytes) -> bytes:
    return b"\r\n".join((b"POST /first HTTP/1.1", b"Host: web.example.test", *headers, b"", b"")) + body


CHUNKED_END = b"0\r\n\r\n"
CONFLICTS = {
    "length and chunked": post(b"Content-Length: 5", b"Transfer-Encoding: chunked", body=CHUNKED_END + SMUGGLED),
    "chunked and length": post(b"Transfer-Encoding: chunked", b"Content-Length: 60", body=CHUNKED_END + SMUGGLED),
    "length over chunks": post(b"Content-Length: 4", b"Transfer-Encoding: chunked", body=b"36\r\n" + SMUGGLED + b"\r\n" + CHUNKED_END),
    "two codings": post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity", b"Content-Length: 5", body=CHUNKED_END + SMUGGLED),
    "identity": post(b"Transfer-Encoding: identity", b"Content-Length: 5", body=CHUNKED_END + SMUGGLED),
    "chunked twice": post(b"Transfer-Encoding: chunked, chunked", body=CHUNKED_END + SMUGGLED),
    "strange coding": post(b"Transfer-Encoding: xchunked", b"Content-Length: 5", body=CHUNKED_END + SMUGGLED),
    "coding in quotes": post(b'Transfer-Encoding: "chunked"', b"Content-Length: 5", body=CHUNKED_END + SMUGGLED),
    "coding behind a tab": post(b"Transfer-Encoding:\tchunked", b"Content-Length: 5", body=CHUNKED_END + SMUGGLED),
    "coding behind a vertical tab": post(b"Transfer-Encoding: \x0bchunked", b"Content-Length: 5", body=CHUNKED_END + SMUGGLED),
    "folded coding": post(b"Transfer-Encoding:\r\n chunked", b"Content-Length: 5", body=CHUNKED_END + SMUGGLED),
    "get with a length": b"GET /first HTTP/1.1\r\nHost: web.example.test\r\nContent-Length: %d\r\n\r\n" % len(SMUGGLED) + SMUGGLED,
    "a zero byte": post(b"X-Zero: a\0b", b"Content-Length: 0", body=b""),
    "http 1.0 chunked": post(b"Transfer-Encoding: chunked", body=CHUNKED_END + SMUGGLED).replace(b"HTTP/1.1", b"HTTP/1.0", 1),
    "bare line feeds in chunks": post(b"Transfer-Encoding: chunked", body=b"5\nhello\n0\n\n" + SMUGGLED),
    "upgrade to h2c": b"GET /first HTTP/1.1\r\nHost: web.example.test\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
    b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n" + SMUGGLED,
}
REFUSED = {
    "two lengths": post(b"Content-Length: 5", b"Content-Length: 60", body=b"hello" + SMUGGLED),
    "a list of lengths": post(b"Content-Length: 5, 60", body=b"hello" + SMUGGLED),
    "a signed length": post(b"Content-Length: +5", body=b"hello" + SMUGGLED),
    "a negative length": post(b"Content-Length: -5", body=b"hello" + SMUGGLED),
    "a length with letters": post(b"Content-Length: 5x", body=b"hello" + SMUGGLED),
    "an empty length": post(b"Content-Length:", body=b"hello" + SMUGGLED),
    "a length beyond numbers": post(b"Content-Length: 99999999999999999999", body=b"hello" + SMUGGLED),
    "space before the colon": post(b"Transfer-Encoding : chunked", b"Content-Length: 5", body=CHUNKED_END + SMUGGLED),
    "space before the name": b"GET /first HTTP/1.1\r\n Host: web.example.test\r\n\r\n" + SMUGGLED,
    "a line without a colon": post(b"Content-Length", body=SMUGGLED),
    "two hosts": b"GET /first HTTP/1.1\r\nHost: web.example.test\r\nHost: other.example.test\r\n\r\n",
    "a control character in the path": b"GET /first\x01 HTTP/1.1\r\nHost: web.example.test\r\n\r\n",
    "a bad version": b"GET /first HTTP/1.1x\r\nHost: web.example.test\r\n\r\n",
    "a chunk without a size": post(b"Transfer-Encoding: chunked", body=b"zz\r\nhello\r\n" + SMUGGLED),
    "a signed chunk size": post(b"Transfer-Encoding: chunked", body=b"+5\r\nhello\r\n" + CHUNKED_END),
    "a chunk size beyond numbers": post(b"Transfer-Encoding: chunked", body=b"fffffffffffffffff\r\nhello\r\n"),
    "a chunk without its end": post(b"Transfer-Encoding: chunked", body=b"5\r\nhelloXX" + CHUNKED_END + SMUGGLED),
}

HTTP2_HEADERS = {
    "a line end in a value": (("x-a", "b\r\nX-Evil: 1"),),
    "a line end in a name": (("x-a: b\r\nx-evil", "1"),),
    "a colon in a name": (("x-a: b", "1"),),
    "a zero byte": (("x-a", "b\0c"),),
    "a transfer coding": (("transfer-encoding", "chunked"),),
    "a connection header": (("connection", "x-forwarded-for"),),
    "two lengths": (("content-length", "0"), ("content-length", "5")),
    "a second path": ((":path", "/smuggled"),),
    "a second authority": ((":authority", "other.example.test"),),
}
