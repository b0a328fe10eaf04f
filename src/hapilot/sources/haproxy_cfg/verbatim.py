"""Lines of a configuration as text that a site file can hold, with the words that they have.

Comes in: a line of a document. Goes out: its own text where that is printable, else the same words in other spelling: escapes instead of
control characters and of bytes that are no UTF-8. Called by the other modules of this package.
"""

from __future__ import annotations

from hapilot.languages.haproxy import document, quoting, words


def line(one: document.Line) -> str:
    """The line, in its layout, for a text of several lines: tabs may be in it.

    >>> from hapilot.languages.haproxy import parser
    >>> line(parser.parse("acl a path /x  # é", "x.cfg").start[0])
    'acl a path /x  # é'
    """
    if one.text.replace("\t", "").isprintable() and not _ends_escaped(one):
        return one.text
    return " " * len(one.indent) + _rebuilt(one)


def single(one: document.Line) -> str:
    """The line by itself, without indentation."""
    text = one.text.strip(document.BLANKS)
    return text if text.isprintable() and not _ends_escaped(one) else _rebuilt(one)


def is_blank(one: document.Line) -> bool:
    """Whether nothing is there. A line that HAProxy passes over for its empty first word still has somebody's words."""
    return not one.text.strip(document.BLANKS)


def is_text(one: document.Line) -> bool:
    """Whether there is such a text: the default of a variable can't be spelled in another way."""
    if not one.has_variables or one.text.replace("\t", "").isprintable():
        return True
    parts = [part for each in words.scan(one.text).words for part in each.parts]
    return all(part.raw.isprintable() for part in parts if isinstance(part, words.Variable))


def rest(one: document.Line, start: int) -> str:
    """The words from index ``start`` on, without the comment, as they are written."""
    return " ".join(word(each) for each in words.scan(one.text).words[start:])


def comment(one: document.Line) -> str:
    """The comment behind the words of the line, or nothing."""
    column = words.scan(one.text).comment if "#" in one.text else 0
    return repaired(one.text[column - 1 :]).strip() if column else ""


def word(one: words.Word) -> str:
    """The spelling of a word, without control characters, and so that whatever stands behind it is no part of it."""
    if one.raw.isprintable() and not one.raw.endswith(("\\", " ")):
        return one.raw
    return f'"{"".join(map(_part, one.parts))}"'


def repaired(text: str) -> str:
    """A comment in printable characters; bytes that are no UTF-8 are taken for Windows-1252."""
    if text.isprintable():
        return text
    data = text.encode(document.ENCODING, document.ENCODING_ERRORS)
    try:
        text = data.decode(document.ENCODING)
    except UnicodeDecodeError:
        text = data.decode("cp1252", "backslashreplace")
    return "".join(each if each.isprintable() else " " if each.isspace() else _escaped(each) for each in text)


def _ends_escaped(one: document.Line) -> bool:
    """Whether a blank at the end may belong to a word, which would be lost where lines are trimmed."""
    return one.text.rstrip(document.BLANKS).endswith("\\")


def _rebuilt(one: document.Line) -> str:
    scanned = words.scan(one.text)
    if scanned.problem is not None and scanned.problem.fault is not document.Fault.NO_LINE_END:
        text = one.text.strip(document.BLANKS)
        return "".join(each if each.isprintable() else " " if each in document.BLANKS else _escaped(each) for each in text)
    end = scanned.words[-1].column - 1 + len(scanned.words[-1].raw) if scanned.words else 0
    behind = repaired(one.text[end:].strip(document.BLANKS))
    if behind and not behind.startswith("#"):  # a carriage return: HAProxy reads no further
        behind = f"# {behind}"
    return " ".join([*map(word, scanned.words), *([behind] if behind else [])])


def _part(part: words.Part) -> str:
    if isinstance(part, words.Variable):
        # A carriage return in a default is the one thing that can't be said again: it could hide the rest of a line.
        return part.raw.replace("\r", " ") if part.raw.startswith("${") else f"${{{part.name}}}"
    return "".join(quoting.weak(each) if each.isprintable() else _escaped(each) for each in part)


def _escaped(character: str) -> str:
    return "".join(rf"\x{byte:02x}" for byte in character.encode(document.ENCODING, document.ENCODING_ERRORS))
