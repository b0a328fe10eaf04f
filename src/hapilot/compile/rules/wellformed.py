"""What HAProxy lets pass and a server must not see: requests that are not well-formed HTTP/1.1, or that open a tunnel past the routes.

Which HAProxy it is comes in; the first rules of every HTTP frontend go out. Each was found by a vector of
tests/integration/behaviour/abuse, which docs/abuse.md lists; HAProxy refuses the others by itself. Called by ``passes.frontends``.

Every request passes here, so nearly all of them are told by one regular expression (measured: it costs what the search for a
few odd substrings does); other rules look at the rest, which ``txn.odd`` marks. They come last in a frontend, where all other requests have
been let through already: see ``requests``.
"""

from __future__ import annotations

from collections.abc import Iterator

from hapilot.compile import target
from hapilot.compile.rules import http_rules, requests
from hapilot.languages.haproxy import tree

_SEGMENT = "[A-Za-z0-9_~-][A-Za-z0-9_~.:,=+@-]*"
PLAIN = rf'^(https?://[^/?#@\\]+)?/({_SEGMENT}/)*({_SEGMENT})?(\?[!-"$-~]*)?$'
"""Targets that have nothing odd: a scheme and host perhaps, segments that start with no dot, none of them empty or encoded, and a query."""

TARGET = r'^(https?://[^/?#@\\]+)?(/[!-"$-~]*)?$'
"""Origin and absolute form (RFC 9112, section 3.2) without a fragment, user information, or bytes that are not printable ASCII."""

HOST = r"^([A-Za-z0-9._~-]*|\[[0-9A-Fa-f:.]+\])(:[0-9]*)?$"
"""A name or address, and perhaps a port (RFC 3986, section 3.2), and so none of the characters that end a host for some readers.
``fhdr`` takes the whole header, where ``hdr`` would take what stands behind a comma."""

_CODING = ("{", "req.fhdr(transfer-encoding)", "-m", "found", "}")
_NOT_CHUNKED = ("!{", "req.fhdr(transfer-encoding)", "-m", "str", "-i", "chunked", "}")
_STAR = ("{", "url", "-m", "str", "*", "}")
_NO_STAR = ("!{", "url", "-m", "str", "*", "}")
_H2C = ("if", "{", "req.hdr(upgrade)", "-m", "sub", "-i", "h2c", "}")


def lines(wanted: target.Target) -> Iterator[tree.Line]:
    """The rules for ``wanted``, for every request; the last one marks the odd targets."""
    if wanted.version < (2, 8):
        yield http_rules.answer(400, "Bad Request: a NUL in a header", "if", "{", "req.hdrs", "-m", "reg", r"\x00", "}")
    # A server that answers 200 would make a tunnel of it, in which nothing is looked at (RFC 9110, section 9.3.6).
    yield http_rules.answer(405, "Method Not Allowed", "if", "{", "method", "CONNECT", "}")
    text = "Bad Request: the transfer coding"
    yield http_rules.answer(400, text, "if", *_CODING, *_NOT_CHUNKED)
    yield http_rules.answer(400, text, "if", "{", "req.ver", "1.0", "}", *_CODING)
    # Old clients of HTTP/1.0 send no Host at all.
    has_host = ("{", "req.fhdr(host)", "-m", "found", "}")
    text = "Bad Request: the Host header can be read in two ways"
    yield http_rules.answer(400, text, "if", "!{", "req.fhdr(host)", "-m", "reg", HOST, "}", *has_host)
    # A host that stands in the target alone would be the server's to believe, and not the one that routes were looked up for.
    text = "Bad Request: the Host header is missing"
    yield http_rules.answer(400, text, "if", "!{", *has_host[1:], "!{", "url", "-m", "beg", "/", "}", *_NO_STAR)
    # A server that takes the offer speaks HTTP/2 past the routes from then on (RFC 9113, section 3.1, has withdrawn it).
    yield http_rules.request("del-header", "http2-settings")
    yield http_rules.request("del-header", "upgrade", *_H2C)
    yield http_rules.request("set-var(txn.odd)", "bool(true)", "if", "!{", "url", "-m", "reg", PLAIN, "}")


def targets() -> Iterator[tree.Line]:
    """The rules for targets that are marked."""
    text = "Bad Request: the target"
    yield http_rules.answer(400, text, "if", *requests.ODD, "!{", "url", "-m", "reg", TARGET, "}", *_NO_STAR)
    yield http_rules.answer(400, text, "if", *requests.ODD, *_STAR, "!{", "method", "OPTIONS", "}")
