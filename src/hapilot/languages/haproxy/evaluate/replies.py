"""Answers that lines of the configuration describe: the arguments of ``return``, ``deny`` and ``tarpit``, and ``http-error`` lines.

Comes in: words. Goes out: :class:`Reply`, which makes the answer for a state. Used by ``actions_http``, ``sections`` and ``responses``.
Configuration manual, section 4.2 "http-request return" and "http-error"; ``http_parse_http_reply`` and ``http_reply_to_htx`` are its code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from hapilot.languages.haproxy.evaluate import formats, standard_answers
from hapilot.languages.haproxy.evaluate.message import Answer
from hapilot.languages.haproxy.evaluate.state import Pages, State
from hapilot.languages.haproxy.evaluate.values import Unknown

Source = Literal["", "string", "lf-string", "file", "lf-file", "errorfile", "errorfiles", "errorloc", "default-errorfiles"]
_SOURCES: Mapping[str, Source] = {
    "string": "string",
    "lf-string": "lf-string",
    "file": "file",
    "lf-file": "lf-file",
    "errorfile": "errorfile",
    "errorfiles": "errorfiles",
    "default-errorfiles": "default-errorfiles",
}
_IGNORED_HEADERS = frozenset({"content-length", "transfer-encoding", "content-type"})


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. ``argument`` is the body or its format, or the path of the file that holds it."""

    status: int
    content_type: str | None = None
    source: Source = ""
    argument: str = ""
    headers: tuple[tuple[str, formats.Format], ...] = ()

    def header_lines(self, state: State) -> list[tuple[str, str]]:
        """The headers of ``hdr``; one without a value is left out."""
        shown = ((name, form.best(state)) for name, form in self.headers)
        return [(name, value) for name, value in shown if value]

    def body(self, state: State) -> bytes | None:
        """The body; None where the file was not given or the format can't be known."""
        if self.source in ("file", "lf-file"):
            content = state.shared.files.get(self.argument)
            if content is None or self.source == "file":
                return content
            return _formatted(content.decode("utf-8", "surrogateescape"), state)
        return _formatted(self.argument, state) if self.source == "lf-string" else self.argument.encode("utf-8", "surrogateescape")

    def answer(self, state: State, pages: Pages) -> Answer | None:
        """The answer as it is before rules on answers. ``pages`` are the ``http-error`` lines of the proxies, the backend's first; None
        where it is not known. Raises Unknown where not even its status is."""
        if self.source == "default-errorfiles":
            return error(self.status, state, pages)
        if self.source == "errorfiles":
            raise Unknown(f"the pages of {self.argument}")
        if self.source == "errorfile":
            content = state.shared.files.get(self.argument)
            if content is None:  # its first line may say any status
                raise Unknown(f"the page {self.argument}")
            return _raw(content)
        if self.source == "errorloc":
            return Answer([("Cache-Control", "no-cache"), ("Content-length", "0"), ("Location", self.argument)], self.status, b"")
        body = self.body(state)
        answer = Answer(self.header_lines(state), self.status, body)
        if body is not None:
            answer.headers.append(("content-length", str(len(body))))
        if body != b"" and self.content_type is not None:
            answer.headers.append(("content-type", self.content_type))
        return answer


def error(status: int, state: State, pages: Pages) -> Answer | None:
    """HAProxy's own error: the page that the backend or the frontend has for the status, else the built-in one. Raises Unknown for a page
    that was not given."""
    for each in pages:
        if status in each:
            return each[status].answer(state, ())
    return standard(status)


def standard(status: int) -> Answer | None:
    """The built-in page; None for a status that has none."""
    if status not in standard_answers.BODIES:
        return None
    body = standard_answers.BODIES[status]
    length = [] if body is None else [("Content-length", str(len(body)))]
    return Answer([*length, *standard_answers.HEADERS], status, body)


def _formatted(text: str, state: State) -> bytes | None:
    try:
        return formats.parse_http(text).value(state).encode("utf-8", "surrogateescape")
    except Unknown:
        return None


def _raw(content: bytes) -> Answer | None:
    """An ``errorfile``: a whole HTTP answer, sent as it is."""
    head, _, body = content.replace(b"\r\n\r\n", b"\n\n", 1).partition(b"\n\n")
    first, *lines = head.decode("latin-1").splitlines() or [""]
    parts = first.split()
    if len(parts) < 2 or not parts[1].isdigit():
        return None
    pairs = [line.partition(":") for line in lines]
    return Answer([(name, value.strip(" \t")) for name, _, value in pairs], int(parts[1]), body)


def parse(words: Sequence[str], status: int) -> Reply:
    """``[status N] [content-type T] [string S | lf-string F | file P | …] [hdr NAME F]…``. Raises ValueError for a status that is none."""
    content_type: str | None = None
    source: Source = ""
    argument, headers = "", list[tuple[str, formats.Format]]()
    at = 0
    while at < len(words):
        key, value = words[at], words[at + 1] if at + 1 < len(words) else ""
        if key in ("status", "deny_status", "tarpit_status"):
            status = int(value)
        elif key == "content-type":
            content_type = value
        elif key in _SOURCES:
            source, argument = _SOURCES[key], "" if key == "default-errorfiles" else value
        elif key == "hdr" and at + 2 < len(words) and value.lower() not in _IGNORED_HEADERS:
            headers.append((value, formats.parse_http(words[at + 2])))
        at += 3 if key == "hdr" else 1 if key == "default-errorfiles" else 2
    return Reply(status, content_type, source, argument, tuple(headers))


def parse_denial(words: Sequence[str], status: int) -> Reply:
    """The arguments of ``deny`` and ``tarpit``: with none, or a ``deny_status`` alone, the answer is HAProxy's own error."""
    if not words:
        return Reply(status, source="default-errorfiles")
    if words[0] == "deny_status" and len(words) == 2:
        return Reply(int(words[1]), source="default-errorfiles")
    return parse(words, status)
