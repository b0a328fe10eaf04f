"""A HAProxy configuration as a tree: sections of lines of words.

Comes in: what ``render`` decides, word by word. Goes out: to ``printer``, which makes the text of a ``haproxy.cfg``, and to
``evaluate``, which follows a connection through it. A word is what HAProxy shall see after its own parsing, so nobody
who builds a tree has to think of quotes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from hapilot.base.origin import Origin

_ENVIRONMENT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Env:
    """A word that holds an environment variable, which HAProxy replaces when it reads the file.

    ``Env("unix@", "HAPILOT_RUN", "/x.sock")`` is ``unix@`` + the value of ``HAPILOT_RUN`` + ``/x.sock``.
    """

    before: str
    name: str
    after: str = ""

    def __post_init__(self) -> None:
        if not _ENVIRONMENT_NAME.fullmatch(self.name):
            raise ValueError(f"{self.name!r} can't name an environment variable")


Word = str | Env
"""One word of a line; a plain text is the exact word that HAProxy must see after its own parsing."""


@dataclass(frozen=True, slots=True)
class Line:
    """One directive. ``comment`` is printed behind it; ``origin`` says which part of the site asked for it.

    An ``opaque`` line is a user's own text: ``words[0]`` is the whole line and is printed as it is.
    """

    words: tuple[Word, ...]
    comment: str = ""
    origin: Origin | None = None
    opaque: bool = False

    def __post_init__(self) -> None:
        if not self.words:
            raise ValueError("a line has at least one word")
        if self.opaque and (len(self.words) != 1 or isinstance(self.words[0], Env)):
            raise ValueError("an opaque line is one text")


@dataclass(frozen=True, slots=True)
class Section:
    """A section: ``kind`` is ``global``, ``defaults``, ``frontend``, ``backend``, ``listen``, ``resolvers``, …; ``name`` may be empty.

    ``inherits`` names the ``defaults`` section that a proxy starts from (``frontend name from inherits``); empty for the last one above.
    ``head`` is the first line of a user's own section, printed as it is.
    """

    kind: str
    name: str
    lines: tuple[Line, ...]
    comment: str = ""
    origin: Origin | None = None
    inherits: str = ""
    head: str = ""


@dataclass(frozen=True, slots=True)
class Config:
    """A whole file, in the order in which HAProxy reads it."""

    sections: tuple[Section, ...]
    comment: str = ""


def line(*words: Word, comment: str = "", origin: Origin | None = None) -> Line:
    """A directive from its words: ``line("timeout", "connect", "5s")``."""
    return Line(words, comment, origin)


def opaque(text: str, *, comment: str = "", origin: Origin | None = None) -> Line:
    """A user's own line, kept verbatim."""
    return Line((text,), comment, origin, opaque=True)
