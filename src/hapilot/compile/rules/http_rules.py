"""The one way to write ``http-request`` rules, and plain answers. Used by the other groups of rules."""

from __future__ import annotations

from hapilot.languages.haproxy import tree


def request(*words: tree.Word, comment: str = "") -> tree.Line:
    """An ``http-request`` rule."""
    return tree.line("http-request", *words, comment=comment)


def answer(status: int, text: str, *condition: str) -> tree.Line:
    """A plain answer from HAProxy itself: the status and ``text``.

    >>> print(*answer(404, "Not Found", "if", "{", "path", "/", "}").words[:4])
    http-request return status 404
    """
    return request("return", "status", str(status), "content-type", "text/plain", "string", f"{status} {text}", *condition)
