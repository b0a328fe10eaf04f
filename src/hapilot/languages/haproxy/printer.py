"""The printer: a tree becomes the text of a ``haproxy.cfg``, the same bytes for the same tree.

Comes in: a :class:`~hapilot.languages.haproxy.tree.Config`. Goes out: text for people and for HAProxy. Called by ``render`` and
by tests. Whatever a word or a comment holds, one line of the tree stays one line of the text.
"""

from __future__ import annotations

from collections.abc import Iterable

from hapilot.languages.haproxy import quoting, tree

_INDENT = "    "


def print_config(config: tree.Config) -> str:
    """The whole file; ends with a line end. Raises ValueError for a word that HAProxy's language can't express."""
    return join(config.comment, map(print_section, config.sections))


def join(comment: str, sections: Iterable[str]) -> str:
    """The file of sections that are printed already."""
    above = [_comment_block(comment)] if comment.strip() else []
    return "\n".join([*above, *sections]) or "\n"


def print_section(section: tree.Section) -> str:
    """One section with its comment and its indented lines."""
    lines = [(section.head or _head(section)) + _remark("", str(section.origin.short) if section.origin else "")]
    lines += [_INDENT + print_line(line) for line in section.lines]
    above = _comment_block(section.comment) if section.comment.strip() else ""
    return above + "\n".join(lines) + "\n"


def _head(section: tree.Section) -> str:
    parts = [section.kind, section.name, *(("from", section.inherits) if section.inherits else ())]
    return " ".join(quoting.word(part) for part in parts if part)


def print_line(line: tree.Line) -> str:
    """One line, without indentation and line end."""
    words = [quoting.word(word) if isinstance(word, str) else print_word(word) for word in line.words] if not line.opaque else []
    text = _verbatim(line) if line.opaque else " ".join(words)
    return text + _remark(line.comment, line.origin.short if line.origin else "")


def print_word(word: tree.Word) -> str:
    """One word, quoted where it must be."""
    if isinstance(word, tree.Env):
        return f'"{quoting.weak(word.before)}${{{word.name}}}{quoting.weak(word.after)}"'
    return quoting.word(word)


def _verbatim(line: tree.Line) -> str:
    text = str(line.words[0])
    if any(character in text for character in "\n\r\0"):
        raise ValueError("a raw line is a single line")
    return text


def _remark(comment: str, origin: str) -> str:
    """What stands behind a line: the comment, then where it comes from."""
    if not comment and not origin:
        return ""
    text = " ".join(part for part in (_fold(comment), f"({_fold(origin)})" if origin else "") if part)
    return f"  # {text}" if text else ""


def _comment_block(comment: str) -> str:
    """Comment lines above a section, one for each line of ``comment``."""
    return "".join(f"# {_fold(part)}".rstrip() + "\n" for part in comment.strip().splitlines())


def _fold(text: str) -> str:
    """A comment on one line: line ends and control characters become spaces, so that no comment can hold a directive."""
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(text.split())


def find_line(config: tree.Config, number: int) -> tuple[tree.Section, tree.Line | None] | None:
    """What stands at line ``number`` (from 1) of the printed file: a section and, below its head, one of its lines."""
    above = _comment_block(config.comment).count("\n") + 1 if config.comment.strip() else 0
    for section in config.sections:
        head = above + (_comment_block(section.comment).count("\n") if section.comment.strip() else 0) + 1
        if number <= head:
            return (section, None) if number > above else None
        if number <= head + len(section.lines):
            return section, section.lines[number - head - 1]
        above = head + len(section.lines) + 1
    return None
