"""What a service changes in the messages that pass: headers of requests and responses, the path and the host that servers see.

Values of headers are literal text; HAProxy reads them as log-format strings, so ``%`` is doubled. Called by ``passes.backends``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from hapilot.compile.rules import http_rules
from hapilot.languages.haproxy import quoting, tree
from hapilot.model import service

RESERVE = 1024
"""What of it HAProxy keeps free for changes of headers (manual, "tune.maxrewrite")."""

CHANGES = 512
"""How much of the reserve may be used here: the rest is for our own X-Forwarded headers, or the cookie of sticky sessions."""

CERTIFICATE = 4096
"""What the facts of a client's certificate take, the certificate itself among them."""

EACH = 16
"""Bytes that a header takes beside its name and value (struct htx_blk, and alignment)."""


def requests(one: service.Service) -> Iterator[tree.Line]:
    """Changes to requests: headers first, so that what they say can't undo the rewriting."""
    if one.headers is not None:
        yield from _headers("http-request", one.headers.request)
    if one.rewrite is not None:
        yield from _rewriting(one.rewrite)


def responses(one: service.Service) -> Iterator[tree.Line]:
    """Changes to responses, HAProxy's own among them: a security header that errors lack is worth little."""
    if one.headers is not None:
        yield from _headers("http-after-response", one.headers.response)


def more_room(services: Iterable[service.Service]) -> int:
    """By how many bytes buffer and reserve must grow for the service that adds most; whole KiB.

    >>> more_room([service.Service()])
    0
    """
    return room_for(max(map(added, services), default=0))


def room_for(most: int) -> int:
    """The same, for so many bytes at most."""
    return 0 if most <= CHANGES else -(-most // 1024) * 1024


def added(one: service.Service) -> int:
    """Bytes that a message's head grows by, with the facts of the client's certificate."""
    return room(one) + (CERTIFICATE if one.client_certificates else 0)


def room(one: service.Service) -> int:
    """Bytes that the service adds to a message's head, the larger of requests and responses."""
    return 0 if one.headers is None else max(_size(one.headers.request), _size(one.headers.response))


def _size(said: service.HeaderChanges) -> int:
    return sum(len(name) + len(value.encode()) + EACH for name, value in (*said.set.items(), *said.add.items()))


def _headers(keyword: str, said: service.HeaderChanges) -> Iterator[tree.Line]:
    yield from (tree.line(keyword, "del-header", name) for name in said.remove)
    yield from (tree.line(keyword, "set-header", name, quoting.log_format(value)) for name, value in said.set.items())
    yield from (tree.line(keyword, "add-header", name, quoting.log_format(value)) for name, value in said.add.items())


def _rewriting(said: service.Rewrite) -> Iterator[tree.Line]:
    if said.strip_prefix not in (None, "/"):
        prefix = _literal(said.strip_prefix)
        # Two rules, because a group that matched nothing is not the same to every library of regular expressions. Several slashes
        # behind the prefix go with it: a path that starts with two would be a host to some servers.
        yield http_rules.request("replace-path", f"^{prefix}$", "/")
        yield http_rules.request("replace-path", f"^{prefix}/+(.*)", r"/\1")
    if said.prefix not in (None, "/"):
        # Not for the * of OPTIONS, which is no path.
        yield http_rules.request("set-path", f"{quoting.log_format(said.prefix)}%[path]", "if", "{", "path", "-m", "beg", "/", "}")
    if said.host is not None:
        yield http_rules.request("set-header", "Host", said.host)


def _literal(path: str) -> str:
    """``path`` in a regular expression. Of the characters of a path, these mean something there."""
    return re.sub(r"([.$()*+])", r"\\\1", path)
