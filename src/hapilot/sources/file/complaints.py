"""Plain words for what YAML parsers complain about, and for values of the user in messages.

An exception of PyYAML goes in, a diagnostic comes out. Called by ``yaml`` and ``problems``.
"""

from __future__ import annotations

import yaml

from hapilot.base import diagnostics
from hapilot.base.origin import Origin

_LONGEST = 80
"""Characters of a user's text in a message; what is longer is cut in the middle."""

_BRACKET = 'separate items by commas, close the bracket, and quote a text that has brackets or braces in it, such as "${NAME}"'
_COLUMN = "check the indentation: keys of one mapping start in one column"
_START = "quote a text that starts with one of []{},&*!|>%@`"
_WORDS: tuple[tuple[str, str, str], ...] = (
    ("alphabetic or numeric", "a text that starts with * or &", 'quote it, such as "*.example.test"'),
    ("mapping values are not allowed", "a ': ' where no key can be", "check the indentation, or quote a text that has ': ' in it"),
    ("could not find expected ':'", "a key without ':'", "write key: value; quote a text that goes over several lines"),
    ("did not find expected key", "something that is no key of this mapping", _COLUMN),
    ("expected <block end>", "something that does not belong here", _COLUMN),
    ("did not find expected '-' indicator", "something that is no item of this list", "start every item with '- ' in one column"),
    ("unexpected end of stream", "a quoted text has no end", "close the quote"),
    ("did not find expected ',' or", "a list or mapping in brackets goes wrong here", _BRACKET),
    ("expected ',' or", "a list or mapping in brackets goes wrong here", _BRACKET),
    ("did not find expected node content", "a value is missing or starts wrongly here", _START),
    ("expected the node content", "a value is missing or starts wrongly here", _START),
    ("cannot start any token", "a value can't start with this character", "quote the text"),
    ("block sequence entries are not allowed", "a list can't start here", "put the first '- ' on a line of its own"),
    ("did not find expected <document start>", "something after the end of the document", "check the indentation"),
    ("expected '<document start>'", "something after the end of the document", "check the indentation"),
    ("unknown escape character", "an escape that YAML does not know", "in double quotes write \\\\ for a backslash, or use single quotes"),
    ("incompatible YAML", "a YAML version other than 1.2", "remove the %YAML line"),
)


def syntax(problem: yaml.YAMLError, file: str, text: str) -> diagnostics.Diagnostic:
    """What a parser refused in ``text``, as a diagnostic at its place."""
    said = str(getattr(problem, "problem", None) or problem)
    context = str(getattr(problem, "context", None) or "")
    mark = getattr(problem, "problem_mark", None) or getattr(problem, "context_mark", None)
    place = Origin(file, mark.line + 1, mark.column + 1) if mark is not None else Origin(file, 1, 1)
    tab = _tab(text, place)
    if tab:
        return diagnostics.error("yaml-syntax", "a tab where YAML takes only spaces", Origin(file, place.line, tab), "indent with spaces")
    for words, message, hint in _WORDS:
        if words in said:
            return diagnostics.error("yaml-syntax", message, place, hint)
    return diagnostics.error("yaml-syntax", f"{context}, {said}" if context else said, place, "check the quotes and the indentation")


def _tab(text: str, place: Origin) -> int:
    """The column of a tab in the indentation of the line, or at the place; 0 if there is none."""
    lines = text.split("\n", place.line)
    line = lines[place.line - 1] if len(lines) >= place.line else ""
    indentation = line[: len(line) - len(line.lstrip(" \t"))]
    if "\t" in indentation:
        return indentation.index("\t") + 1
    return place.column if line[place.column - 1 : place.column] == "\t" else 0


def shown(text: str) -> str:
    """A user's text in a message: on one line, in quotes, not too long."""
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST // 2]}…{text[-_LONGEST // 4 :]}"
    return repr(text)


def shortened(message: str) -> str:
    """A message that may hold a user's text of any length and with any character."""
    message = "".join(each if each.isprintable() else repr(each)[1:-1] for each in message)
    return message if len(message) <= 4 * _LONGEST else f"{message[: 3 * _LONGEST]}…{message[-_LONGEST:]}"
