"""The parser: the text of a ``haproxy.cfg`` becomes a document that loses nothing of it.

Comes in: text or bytes, and the name of the file. Goes out: :class:`~hapilot.languages.haproxy.document.Document`. Called by who reads
configurations; what they mean is the business of ``reading``. Any text has a document, so nothing is raised here.
"""

from __future__ import annotations

import re

from hapilot.languages.haproxy import words
from hapilot.languages.haproxy.document import BLANKS, ENCODING, ENCODING_ERRORS, Document, Fault, Line, Problem, Section

SECTIONS = frozenset(
    {
        "acme",
        "backend",
        "cache",
        "crt-store",
        "defaults",
        "fcgi-app",
        "frontend",
        "global",
        "healthcheck",
        "http-errors",
        "listen",
        "log-forward",
        "log-profile",
        "mailers",
        "namespace_list",
        "peers",
        "program",
        "resolvers",
        "ring",
        "traces",
        "userlist",
    }
)
"""The words that start a section in any version from 2.6 to 3.4 (REGISTER_CONFIG_SECTION in HAProxy's source)."""

# Plain words, a comment, and whatever else is left, for each line: one C loop over the whole file. Most lines have nothing in
# the third group, so that splitting the first at blanks gives the words. Outside of quotes, a $ is a character as any other.
_LINES = re.compile(r"""((?![ \t]*\[)[ \t!$-&(-\[\]-~]+)?(\#[^\n\r\0]*)?([^\n]*)(\n|\Z)""")
_SCOPE = re.compile(rf"[{BLANKS}]*\[[A-Za-z0-9_.:-]+\][{BLANKS}]*(?:#.*)?", re.DOTALL)


def parse_bytes(data: bytes, file: str) -> Document:
    """The document of a file's bytes."""
    return parse(data.decode(ENCODING, ENCODING_ERRORS), file)


def parse(text: str, file: str) -> Document:
    """The document of a file's text. ``file`` names it in every line's place."""
    lines = _lines(text, file)
    heads = [number for number, line in enumerate(lines) if line.words and line.words[0] in SECTIONS]
    starts = [_first_above(lines, number) for number in heads]
    ends = [*starts, len(lines)][1:]
    sections = [
        Section(tuple(lines[start:head]), lines[head], tuple(lines[head + 1 : end]))
        for start, head, end in zip(starts, heads, ends, strict=True)
    ]
    return Document(file, tuple(lines[: starts[0] if starts else len(lines)]), tuple(sections))


def _first_above(lines: list[Line], head: int) -> int:
    """Where the comment lines that stand directly above a head begin."""
    at = head
    while at and (line := lines[at - 1]).text.startswith("#", len(line.indent)):
        at -= 1
    return at


def _lines(text: str, file: str) -> list[Line]:
    lines: list[Line] = []
    add = lines.append
    found = _LINES.findall(text)
    found.pop()  # the empty match at the end of the text
    for number, (plain, comment, rest, end) in enumerate(found, 1):
        seen = tuple(plain.split())
        if (rest and rest != "\r") or not end or len(seen) > words.MOST_WORDS:
            add(_line(plain + comment + rest, end, file, number))
        else:
            add(Line(file, number, plain + comment, rest + end, seen))
    return lines


def _line(text: str, end: str, file: str, number: int) -> Line:
    """A line that needs a closer look: quotes, escapes, characters beyond ASCII, a scope, no line end."""
    if text.endswith("\r") and end:
        text, end = text[:-1], "\r\n"
    if end and text.lstrip(BLANKS).startswith("#") and "\0" not in text:
        return Line(file, number, text, end, ())
    unended = None if end else Problem(Fault.NO_LINE_END, len(text) + 1)
    if text.lstrip(BLANKS).startswith("["):
        return Line(file, number, text, end, (), problem=_scope_problem(text) or unended)
    scanned = words.scan(text)
    has_variables = any(word.has_variables for word in scanned.words)
    return Line(file, number, text, end, tuple([word.value for word in scanned.words]), has_variables, scanned.problem or unended)


def _scope_problem(text: str) -> Problem | None:
    """``[name]`` alone on a line is a scope, which no version gives a meaning yet (``cfg_parse_scope``)."""
    return None if _SCOPE.fullmatch(text) else Problem(Fault.SCOPE, text.index("[") + 1)
