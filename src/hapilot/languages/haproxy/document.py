"""A HAProxy configuration file as its author wrote it: every byte, in sections and lines.

Comes in: what :mod:`parser` found in a text. Goes out: to who reads a configuration (``reading``) or changes one and wants the rest of
it untouched. ``text(parse(x)) == x`` for every x: a :class:`Line` keeps its own text with indentation, comment and line end, and the
words are only a view of it. Nothing here is refused; what HAProxy could not read is a :class:`Problem` on its line.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hapilot.base.origin import Origin

ENCODING = "utf-8"
"""Files are read as UTF-8; bytes that are none become lone surrogates and come back as they were (PEP 383)."""
ENCODING_ERRORS = "surrogateescape"

BLANKS = " \t\v\f\r"
"""What separates words and indents lines: ``isspace`` in the C locale, without the line end."""


PROXIES = frozenset({"defaults", "frontend", "backend", "listen"})
"""The sections that can start from a ``defaults`` section."""


class Fault(enum.StrEnum):
    """Why HAProxy refuses a line before it looks at its keyword (``parse_line`` and ``parse_cfg``; all versions agree)."""

    QUOTE = "a quote is not closed"
    BRACE = "the brace of an environment variable is not closed"
    VARIABLE = "an environment variable's name starts with a letter or an underscore"
    EXPANSION = "only [*] can stand behind the name of an environment variable"
    HEX = "\\x needs two hexadecimal digits"
    TOO_MANY_WORDS = "a line has at most 64 words"
    NUL = "a NUL can't stand in a configuration"
    SCOPE = "a scope is one name between brackets, alone on its line"
    NO_LINE_END = "the last line has no line end, so the file may be cut off"


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault and the column (from 1) at which it starts."""

    fault: Fault
    column: int


class Kind(enum.StrEnum):
    """What a line is. A section's head is a directive too; ``macro`` is ``.if``, ``.notice`` and the like."""

    BLANK = "blank"
    COMMENT = "comment"
    SCOPE = "scope"
    MACRO = "macro"
    DIRECTIVE = "directive"


@dataclass(frozen=True, slots=True)
class Line:
    """One line. ``text`` has everything but the line end, which is ``end``: ``\\n``, ``\\r\\n`` or nothing for a last line without one.

    ``words`` are what HAProxy sees after quotes, escapes and comment are gone; environment variables stand in them as they are
    written (``has_variables`` says whether there are any, ``words.scan(line.text)`` where). A line with a problem has the words before it.
    """

    file: str
    number: int
    text: str
    end: str
    words: tuple[str, ...]
    has_variables: bool = False
    problem: Problem | None = None

    @property
    def kind(self) -> Kind:
        """What the line is, as far as one can say without its section."""
        if self.words and self.words[0]:
            return Kind.MACRO if self.words[0].startswith(".") else Kind.DIRECTIVE
        start = self.text.lstrip(BLANKS)[:1]
        if start == "#":
            return Kind.COMMENT
        return Kind.SCOPE if start == "[" else Kind.DIRECTIVE if self.problem and start else Kind.BLANK

    @property
    def keyword(self) -> str:
        """The first word, or nothing."""
        return self.words[0] if self.words else ""

    @property
    def indent(self) -> str:
        """The blanks before the first word or the comment."""
        return self.text[: len(self.text) - len(self.text.lstrip(BLANKS))]

    @property
    def origin(self) -> Origin:
        """Where the first word stands."""
        return Origin(self.file, self.number, len(self.indent) + 1)

    def at(self, column: int) -> Origin:
        """A place on this line."""
        return Origin(self.file, self.number, column)


@dataclass(frozen=True, slots=True)
class Section:
    """A section: the comment that stands directly above it, its head, and all lines up to what belongs to the next section."""

    above: tuple[Line, ...]
    head: Line
    lines: tuple[Line, ...]

    @property
    def kind(self) -> str:
        """``global``, ``defaults``, ``frontend``, …"""
        return self.head.words[0]

    @property
    def name(self) -> str:
        """The name on the head, or nothing."""
        return title(self.head.words)[1]

    @property
    def inherits(self) -> str:
        """The name behind ``from``: the ``defaults`` section that this one starts from; nothing where none is named."""
        return title(self.head.words)[2]

    def all_lines(self) -> Iterator[Line]:
        """Every line, in the order of the file."""
        yield from self.above
        yield self.head
        yield from self.lines


@dataclass(frozen=True, slots=True)
class Document:
    """One file: what stands before the first section, and the sections."""

    file: str
    start: tuple[Line, ...]
    sections: tuple[Section, ...]

    def all_lines(self) -> Iterator[Line]:
        """Every line, in the order of the file: number n is the n-th."""
        yield from self.start
        for section in self.sections:
            yield from section.all_lines()


def title(words: Sequence[str]) -> tuple[str, str, str]:
    """Kind, name and the ``defaults`` section behind ``from``, of the words of a head; a missing one is empty.

    >>> title(["defaults", "from", "base"]), title(["frontend", "a", "from", "base"])
    (('defaults', '', 'base'), ('frontend', 'a', 'base'))
    """
    kind, name, sign, inherits = (*words[:4], "", "", "", "")[:4]
    if kind == "defaults" and name == "from" and len(words) == 3:
        return kind, "", sign
    return kind, name, inherits if kind in PROXIES and sign == "from" else ""


def text(document: Document) -> str:
    """The text of the file, each character as it was parsed."""
    return "".join([part for line in document.all_lines() for part in (line.text, line.end)])


def data(document: Document) -> bytes:
    """The bytes of the file, each as it was parsed. Raises UnicodeEncodeError only for a document from a text that never was bytes."""
    return text(document).encode(ENCODING, ENCODING_ERRORS)
