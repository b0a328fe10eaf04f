"""What HAProxy's HTTP/1 parser says to a client's first words, before any rule sees them.

Comes in: bytes, or a request as the client sends it. Goes out: a request, or the status that HAProxy answers with and why. Called by
``streams``. The rules are those of ``h1_headers_to_hdr_list``; what differs between versions is not modelled.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from hapilot.languages.haproxy.evaluate.connection import Request

_METHOD = re.compile(rb"[A-Za-z0-9!#$%&'*+\-.^_`|~]*")
_REQUEST_LINE = re.compile(rb"([A-Za-z0-9!#$%&'*+\-.^_`|~]+)[ \t]+([!-~]+)[ \t]+HTTP/(1\.[01])\r?\n")
_DEFAULT_PORTS = {"http": "80", "https": "443"}


@dataclass(frozen=True, slots=True)
class Refusal:
    """HAProxy answers itself: 408 where it waits for more in vain (``timeout http-request``), 400 for what is no request."""

    status: Literal[400, 408]
    reason: str


SILENT = Refusal(408, "the client sends no request")


def read(data: bytes) -> Request | Refusal:
    """The request that ``data`` is, where nothing follows it.

    >>> read(b"GET /")
    Refusal(status=408, reason='the client does not end its request')
    >>> read(b"GET /x HTTP/1.0\\r\\n\\r\\n").path
    '/x'
    """
    line, end, _ = data.lstrip(b"\r\n").partition(b"\n")
    method = _METHOD.match(line)
    after = line[method.end() :] if method else line
    if after and not after.startswith((b" ", b"\t")):
        return Refusal(400, "what the client sends is no HTTP request")
    found = _REQUEST_LINE.match(line + end)
    if end and found is None:
        return Refusal(400, "what the client sends is no HTTP request")
    head, complete, _ = data.replace(b"\r\n", b"\n").partition(b"\n\n")
    if found is None or not complete:
        return Refusal(408, "the client does not end its request")
    pairs = [text.partition(":") for text in head.decode("latin-1").split("\n")[1:]]
    headers = tuple((name, value.strip(" \t")) for name, _, value in pairs)
    host = next((value for name, value in headers if name.lower() == "host"), None)
    kept = tuple((name, value) for name, value in headers if name.lower() != "host")
    return Request(found[1].decode(), found[2].decode(), host, kept, "1.1" if found[3] == b"1.1" else "1.0")


def is_odd(request: Request) -> bool:
    """Whether the target is of none of the forms of RFC 9112, section 3.2: 2.6 refuses it, some releases of 2.8 do not.

    All take what begins with an asterisk.

    >>> is_odd(Request(path="x")), is_odd(Request(path="*?a")), is_odd(Request("CONNECT", "a.test:443"))
    (True, False, False)
    """
    return not (request.path.startswith(("/", "*")) or "://" in request.path or request.method == "CONNECT")


def refusal(request: Request) -> Refusal | None:
    """Why a request is refused: the host of an absolute target is not that of the Host header (RFC 9112, section 3.2.2).

    >>> refusal(Request(path="http://a.test/", host="b.test")).status, refusal(Request(path="http://a.test:80/", host="A.test"))
    (400, None)
    """
    scheme, separator, rest = request.path.partition("://")
    if request.version == "2" or not separator or request.path.startswith("/") or request.host is None:
        return None
    authority = rest.partition("/")[0].rpartition("@")[2]
    if not authority or _normal(scheme, authority) == _normal(scheme, request.host):
        return None
    return Refusal(400, "the host of the absolute target is not that of the Host header")


def _normal(scheme: str, host: str) -> str:
    """A host in lower case, without a port that is empty or the scheme's own."""
    return host.lower().removesuffix(f":{_DEFAULT_PORTS.get(scheme.lower(), '')}").removesuffix(":")
