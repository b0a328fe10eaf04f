"""Vectors over HTTP/1.1: which host and which path are asked for. Called by `table`."""

from __future__ import annotations

from integration.behaviour.abuse.vector import HIDDEN, Fate, Vector, get

_REFUSED, _FIRST, _BOTH = Fate.REFUSED, Fate.FIRST, Fate.BOTH
_HOST, _ABSOLUTE, _USER, _STAR = "RFC 9112, 3.2", "RFC 9112, 3.2.2", "RFC 9110, 4.2.4", "RFC 9112, 3.2.4"


def _host(value: bytes) -> bytes:
    return get(host=b"Host: " + value) + HIDDEN


def _target(target: bytes) -> bytes:
    return get(line=b"GET " + target + b" HTTP/1.1") + HIDDEN


HOSTS = (
    Vector("no host", get(host=b"") + HIDDEN, _HOST, _REFUSED),
    Vector("an empty host", get(host=b"Host:") + HIDDEN, _HOST, _REFUSED),
    Vector("two hosts that differ", get(b"Host: other.example.test") + HIDDEN, _HOST, _REFUSED),
    Vector("two hosts that agree", get(b"Host: web.example.test") + HIDDEN, _HOST, _BOTH),
    Vector("a list of hosts", _host(b"web.example.test, other.example.test"), _HOST, _REFUSED),
    Vector("user information", _host(b"other.example.test@web.example.test"), _USER, _REFUSED),
    Vector("user and password", _host(b"other.example.test:80@web.example.test"), _USER, _REFUSED),
    Vector("a path", _host(b"web.example.test/first"), _HOST, _REFUSED),
    Vector("a query", _host(b"web.example.test?x"), _HOST, _REFUSED),
    Vector("a fragment", _host(b"web.example.test#other.example.test"), _HOST, _REFUSED),
    Vector("a backslash", _host(b"web.example.test\\other.example.test"), _HOST, _REFUSED),
    Vector("space inside", _host(b"web.example.test other.example.test"), _HOST, _REFUSED),
    Vector("a tab inside", _host(b"web.example.test\tother.example.test"), _HOST, _REFUSED),
    Vector("a NUL", _host(b"web.example.test\0"), _HOST, _REFUSED),
    Vector("letters for a port", _host(b"web.example.test:x"), _HOST, _REFUSED),
    Vector("two ports", _host(b"web.example.test:80:81"), _HOST, _REFUSED),
    Vector("a port beyond 65535", _host(b"web.example.test:99999"), _HOST, _BOTH),
    Vector("quotes", _host(b'"web.example.test"'), _HOST, _REFUSED),
    Vector("encoded", _host(b"web%2Eexample.test"), _HOST, _REFUSED),
    Vector("capitals, a port and a final dot", _host(b"WEB.example.test.:80"), _HOST, _BOTH, is_legal=True),
)

TARGETS = (
    Vector(
        "absolute form", _target(b"http://web.example.test/first"), _ABSOLUTE, _BOTH, arrives="http://web.example.test/first", is_legal=True
    ),
    Vector("absolute form of another host", _target(b"http://other.example.test/first"), _ABSOLUTE, _REFUSED),
    Vector(
        "absolute form with a port", _target(b"http://web.example.test:80/first"), _ABSOLUTE, _BOTH, arrives="http://web.example.test/first"
    ),
    Vector("absolute form with another port", _target(b"http://web.example.test:81/first"), _ABSOLUTE, _REFUSED),
    Vector(
        "absolute form of https", _target(b"https://web.example.test/first"), _ABSOLUTE, _BOTH, arrives="https://web.example.test/first"
    ),
    Vector("absolute form of another scheme", _target(b"ftp://web.example.test/first"), _ABSOLUTE, _REFUSED),
    Vector("absolute form without a host", _target(b"http:///first"), _ABSOLUTE, _REFUSED),
    Vector("absolute form with user information", _target(b"http://other.example.test@web.example.test/first"), _USER, _REFUSED),
    Vector("absolute form with another host as user", _target(b"http://web.example.test@other.example.test/first"), _USER, _REFUSED),
    Vector("absolute form and no Host", get(line=b"GET http://web.example.test/first HTTP/1.1", host=b"") + HIDDEN, _HOST, _REFUSED),
    Vector("the same in HTTP/1.0", get(line=b"GET http://web.example.test/first HTTP/1.0", host=b"") + HIDDEN, _HOST, _REFUSED),
    Vector("two slashes and a host", _target(b"//other.example.test/first"), "RFC 3986, 4.2", _BOTH, arrives="//other.example.test/first"),
    Vector("no slash", _target(b"first"), _HOST, _REFUSED),
    Vector("a star on GET", _target(b"*"), _STAR, _REFUSED),
    Vector("a star on OPTIONS", get(line=b"OPTIONS * HTTP/1.1"), _STAR, _FIRST, arrives="*", is_legal=True),
    Vector("an authority on GET", _target(b"web.example.test:80"), "RFC 9112, 3.2.3", _REFUSED),
    Vector("dot segments", _target(b"/x/../first"), "RFC 3986, 5.2.4", _REFUSED),
    Vector("encoded dot segments", _target(b"/x/%2e%2e/first"), "RFC 3986, 5.2.4", _REFUSED),
    Vector("an encoded line end", _target(b"/first%0d%0aX-Evil:%201"), "RFC 3986, 2.1", _BOTH, arrives="/first%0d%0aX-Evil:%201"),
    Vector("an encoded NUL", _target(b"/first%00"), "RFC 3986, 2.1", _REFUSED),
    Vector("a broken encoding", _target(b"/first%zz"), "RFC 3986, 2.1", _REFUSED),
)
