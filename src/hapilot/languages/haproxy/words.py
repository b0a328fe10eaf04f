"""The words of one line: where each stands, how it is written, and what HAProxy sees.

Comes in: the text of a line. Goes out: :class:`Scan`. Called by ``parser`` for lines with quotes, escapes or variables, by ``lexer``,
and by who needs columns. The rules are those of configuration manual, sections 2.2 and 2.3, and of ``parse_line`` in HAProxy's tools.c.
There is no line continuation in that language: a backslash at the end of a line is a backslash.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hapilot.languages.haproxy.document import BLANKS, ENCODING, ENCODING_ERRORS, Fault, Problem

MOST_WORDS = 64
"""MAX_LINE_ARGS in HAProxy's defaults.h."""

_BARE = re.compile(r"""[^ \t\n\v\f\r\0"'#\\]+""")
_SEPARATOR = re.compile(rf"[{BLANKS}]+")
_STRONG = re.compile(r"[^'\n\r\0]+")
_WEAK = re.compile(r'[^"\\$\n\r\0]+')
_ESCAPE = re.compile(r"""\\(?:[ \\trn#'"$]|x[0-9A-Fa-f]{2}|x)?""")
_VARIABLE = re.compile(r"\$(\{)?(\.?[A-Za-z0-9_]*)")
_BEHIND_NAME = re.compile(r"(?P<split>\[\*\])?(?:-(?P<default>[^}\0]*))?\}")
_ESCAPED = {"\\n": "\n", "\\r": "\r", "\\t": "\t"}
_RAW_BYTES = re.compile("[\udc80-\udcff]+")
_C_SPACES = BLANKS + "\n"
_SPLIT = re.compile(rf"[{_C_SPACES}]+|[^{_C_SPACES}]+")
_PSEUDO = frozenset({".FILE", ".LINE", ".SECTION"})


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable in a word. ``default`` is None where none is written.

    ``splits`` is ``[*]``: a word for each part of the value. The names ``.FILE``, ``.LINE`` and ``.SECTION`` stand for the place
    they are read at.
    """

    raw: str
    name: str
    default: str | None = None
    splits: bool = False


Part = str | Variable


@dataclass(frozen=True, slots=True)
class Word:
    """One word: its column (from 1), its spelling with quotes and escapes, and its parts as HAProxy sees them."""

    column: int
    raw: str
    parts: tuple[Part, ...]

    @property
    def value(self) -> str:
        """What HAProxy sees, but with environment variables as they are written."""
        return "".join([part if isinstance(part, str) else part.raw for part in self.parts])

    @property
    def has_variables(self) -> bool:
        """Whether the value depends on the environment."""
        return not all(isinstance(part, str) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Scan:
    """A line, cut into words. ``comment`` is the column of the ``#`` that starts its comment, 0 if there is none."""

    words: tuple[Word, ...]
    comment: int = 0
    problem: Problem | None = None


def scan(text: str) -> Scan:
    """Cut one line, given without its line end, into its words. Never raises."""
    return _Scanner(text).run()


def expand(words: Iterable[Word], environment: Mapping[str, str]) -> tuple[str, ...]:
    """The words that HAProxy sees with these variables set. One with ``[*]`` may become several words, or none.

    A variable that is not set is empty, as in 2.6 and 3.4. Some releases between them, 2.8.25 is one, then also skip the closing quote
    and the blanks behind it, so that the next word joins.
    """
    found: list[str] = []
    for word in words:
        found += _expanded(word, environment) if word.has_variables else (word.value,)
    return tuple(found)


def _expanded(word: Word, environment: Mapping[str, str]) -> list[str]:
    """HAProxy 3.4 is followed where older versions differ: ``"${LIST[*]}"`` without a value is no word rather than an empty one."""
    found: list[list[str]] = []
    is_open, may_vanish = False, False
    for part in word.parts:
        value = part if isinstance(part, str) else environment.get(part.name, part.default or "")
        splits = isinstance(part, Variable) and part.splits
        may_vanish = may_vanish or splits
        for piece in _SPLIT.findall(value) if splits else (value,):
            if splits and piece[0] in _C_SPACES:
                is_open = False
            elif is_open:
                found[-1].append(piece)
            else:
                found.append([piece])
                is_open = True
    return ["".join(pieces) for pieces in found] or ([] if may_vanish else [""])


class _Scanner:
    """The state of one scan: where it is, the word it is in, the words it has."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.words: list[Word] = []
        self.parts: list[Part] = []
        self.start = -1
        self.comment = 0
        self.fault: Problem | None = None

    def run(self) -> Scan:
        """The whole line."""
        self._skip_blanks()
        while self.at < len(self.text) and self.fault is None and self._step():
            pass
        self._end_word()
        if self.fault is None and len(self.words) > MOST_WORDS:
            self.fault = Problem(Fault.TOO_MANY_WORDS, self.words[MOST_WORDS].column)
        return Scan(tuple(self.words), self.comment, self.fault)

    def _step(self) -> bool:
        """One piece outside of quotes. False at the end of what HAProxy reads."""
        here = self.text[self.at]
        if found := _BARE.match(self.text, self.at):
            self._take(found[0], found.end())
        elif here == "\r" or here == "\n" or here == "\0":
            return self._stop(here)
        elif here in BLANKS:
            self._end_word()
            self._skip_blanks()
        elif here == "#":
            self.comment = self.at + 1
            return False
        elif here == "\\":
            self._escape("")
        else:
            self._quoted(here)
        return True

    def _stop(self, here: str) -> bool:
        """A carriage return ends what HAProxy reads of a line; a NUL ends the file."""
        if here == "\0":
            self.fault = Problem(Fault.NUL, self.at + 1)
        return False

    def _skip_blanks(self) -> None:
        if found := _SEPARATOR.match(self.text, self.at):
            self.at = found.end()

    def _take(self, part: Part, end: int) -> None:
        """Add to the word; an empty part opens one."""
        if self.start < 0:
            self.start = self.at
        if part != "":
            self.parts.append(part)
        self.at = end

    def _end_word(self) -> None:
        if self.start >= 0 and (self.fault is None or self.fault.fault is Fault.NUL):
            self.words.append(Word(self.start + 1, self.text[self.start : self.at], _joined(self.parts)))
        self.parts, self.start = [], -1

    def _quoted(self, quote: str) -> None:
        """From an opening quote to the closing one."""
        opened = self.at
        self._take("", self.at + 1)
        plain = _STRONG if quote == "'" else _WEAK
        while self.fault is None:
            if found := plain.match(self.text, self.at):
                self._take(found[0], found.end())
            here = self.text[self.at : self.at + 1]
            if here == quote:
                self.at += 1
                return
            if here == "\\":
                self._escape(quote)
            elif here == "$":
                self._variable()
            else:
                self.fault = Problem(Fault.NUL if here == "\0" else Fault.QUOTE, (self.at if here == "\0" else opened) + 1)

    def _escape(self, quote: str) -> None:
        """A backslash, outside of strong quotes."""
        found = _ESCAPE.match(self.text, self.at)
        assert found is not None, "there is a backslash"
        piece, end = found[0], found.end()
        if piece == "\\x":
            self.fault = Problem(Fault.HEX, self.at + 1)
        elif piece == "\\$" and not quote:
            self._take("\\", self.at + 1)
        elif len(piece) == 4:
            self._take(_byte(int(piece[2:], 16)), end)
        else:
            self._take(_ESCAPED.get(piece, piece[1:] or "\\"), end)

    def _variable(self) -> None:
        """``$NAME``, ``${NAME}``, ``${NAME-default}``, ``${NAME[*]}``, between double quotes."""
        found = _VARIABLE.match(self.text, self.at)
        assert found is not None, "there is a dollar"
        brace, name = found[1], found[2]
        if not name or name[0].isdigit() or (name[0] == "." and name not in _PSEUDO):
            self.fault = Problem(Fault.VARIABLE, found.start(2) + 1)
            return
        if not brace:
            self._take(Variable(found[0], name), found.end())
            return
        behind = _BEHIND_NAME.match(self.text, found.end())
        if behind is None:
            is_list = self.text.startswith("[", found.end()) and not self.text.startswith("[*]", found.end())
            self.fault = Problem(Fault.EXPANSION, found.end() + 1) if is_list else Problem(Fault.BRACE, found.end(1))
            return
        raw = self.text[self.at : behind.end()]
        self._take(Variable(raw, name, behind["default"], behind["split"] is not None), behind.end())


def _byte(number: int) -> str:
    """The character of a ``\\x`` escape; above 127 it is one byte of a character, put together by ``_joined``."""
    return chr(number) if number < 0x80 else chr(0xDC00 + number)


def _joined(parts: list[Part]) -> tuple[Part, ...]:
    """Parts with neighbouring texts as one, ended where a ``\\x00`` ends the word for HAProxy."""
    if len(parts) == 1 and isinstance(parts[0], str) and parts[0].isascii() and "\0" not in parts[0]:
        return (parts[0],)
    joined: list[Part] = []
    for is_text, run in itertools.groupby(parts, lambda part: isinstance(part, str)):
        same = list(run)
        joined += [_decoded("".join([str(part) for part in same]))] if is_text else same
    return _until_nul(joined)


def _decoded(text: str) -> str:
    return _RAW_BYTES.sub(lambda found: found[0].encode(ENCODING, ENCODING_ERRORS).decode(ENCODING, ENCODING_ERRORS), text)


def _until_nul(parts: list[Part]) -> tuple[Part, ...]:
    for number, part in enumerate(parts):
        if isinstance(part, str) and "\0" in part:
            return (*parts[:number], part.partition("\0")[0])
    return tuple(parts)
