"""Making edits: of one word, of all words, of a whole line; what stands around them stays as it is.

Comes in: a line and what shall stand there. Goes out: :class:`~hapilot.lint.finding.Edit`. Called by rules; ``fix`` applies them.
"""

from __future__ import annotations

from hapilot.languages.haproxy import document, words
from hapilot.lint.finding import Edit


def word(line: document.Line, at: int, raw: str) -> tuple[Edit, ...]:
    """Another spelling of one word. ``raw`` is written as it is, so it must be quoted where it has to be."""
    return span(line, at, at + 1, raw)


def span(line: document.Line, first: int, behind: int, raw: str) -> tuple[Edit, ...]:
    """Another text for the words from ``first`` up to ``behind``."""
    found = words.scan(line.text).words[first:behind]
    if not found:
        return ()
    last = found[-1]
    return (Edit(line.file, line.number, found[0].column - 1, last.column - 1 + len(last.raw), raw),)


def directive(line: document.Line, raw: str) -> tuple[Edit, ...]:
    """Another directive in the same place, with the same indentation and comment."""
    return span(line, 0, len(words.scan(line.text).words), raw)


def removed(line: document.Line) -> tuple[Edit, ...]:
    """No directive any more. A comment behind it stays, on a line of its own."""
    comment = words.scan(line.text).comment
    if comment:
        return (Edit(line.file, line.number, len(line.indent), comment - 1, ""),)
    return (Edit(line.file, line.number, 0, len(line.text), "", removes=True),)


def raw_words(line: document.Line) -> tuple[str, ...]:
    """The words as they are written, with quotes and escapes."""
    return tuple(each.raw for each in words.scan(line.text).words)
