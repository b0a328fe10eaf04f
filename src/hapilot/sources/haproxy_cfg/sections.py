"""Sections that stay whole, as the texts of ``raw.sections``.

Comes in: parts, and which of them have become listeners and services. Goes out: :class:`Text`, one for each. Called by ``importing``.

Who starts from a ``defaults`` section by name and who does so because it is the last one above must not be mixed: HAProxy warns. So where a
listener or a service names one, all others that start from it do so too, and one without a name gets one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from hapilot.base.origin import Origin
from hapilot.languages.haproxy import document, parser
from hapilot.languages.haproxy import words as haproxy_words
from hapilot.sources.haproxy_cfg import global_lines, outline, verbatim, whole_paths

_USUAL = "main"
_EMPTY = "none"


@dataclass(frozen=True, slots=True)
class Text:
    """The text of a section, and where each line of it was said. ``name`` may name a file for it."""

    lines: tuple[str, ...]
    places: tuple[Origin | None, ...]
    name: str
    needs_file: bool = False

    @property
    def text(self) -> str:
        """The whole, with a line end behind each line."""
        return "".join(f"{line}\n" for line in self.lines)


@dataclass(frozen=True, slots=True)
class Folders:
    """That of the configuration, and where some relative paths start, if they need to say so."""

    configuration: Path
    whole: Path | None


def names(found: outline.Outline, taken: Collection[outline.Part]) -> dict[int, str]:
    """The name of each ``defaults`` section that parts in ``taken`` start from, by its id."""
    used = {part.name for part in (*found.parts, found.nothing)}
    result: dict[int, str] = {}
    for each in (found.nothing, *(part for part in found.parts if part.kind == "defaults")):
        if any(part.base is each for part in taken):
            name = each.name or _free(_EMPTY if each is found.nothing else _USUAL, used)
            used.add(name)
            result[id(each)] = name
    return result


def texts(found: outline.Outline, taken: Collection[outline.Part], known: Mapping[int, str], folders: Folders) -> list[Text]:
    """Everything that stays, in its order."""
    away = {id(part) for part in taken}
    result = [_text(part, known, folders) for part in found.parts if id(part) not in away]
    if id(found.nothing) in known:
        result.insert(0, Text((f"defaults {known[id(found.nothing)]}",), (None,), "defaults"))
    return result


def of_lines(lines: Collection[document.Line], folder: Path) -> Text:
    """Lines of ``global`` sections with secrets, as a section of their own."""
    both: list[tuple[str, Origin | None]] = [("global", None)]
    both += [(f"    {text}", line.origin) for line in lines for text in global_lines.texts(line, folder)]
    return Text(tuple(text for text, _ in both), tuple(place for _, place in both), "global", needs_file=True)


def _free(wanted: str, used: Collection[str]) -> str:
    name, number = wanted, 1
    while name in used:
        number += 1
        name = f"{wanted}-{number}"
    return name


def _text(part: outline.Part, known: Mapping[int, str], folders: Folders) -> Text:
    both: list[tuple[str, Origin | None]] = []
    kind = ""
    for line in part.lines:
        kind = line.keyword if line.keyword in parser.SECTIONS else kind
        if line is part.head:
            both.append((_head(part, known), line.origin))
        else:
            both += [(text, line.origin) for text in _line(line, kind, folders)]
    both[0] = (both[0][0].lstrip(document.BLANKS), both[0][1])
    if next((line.keyword for line in part.lines if line.kind is not document.Kind.COMMENT), "") not in parser.SECTIONS:
        # Nothing may stand before the first section of a text; an empty one of this kind says nothing.
        both.insert(0, ("global", None))
    return Text(tuple(text for text, _ in both), tuple(place for _, place in both), part.name or part.kind, part.needs_file)


def _line(line: document.Line, kind: str, folders: Folders) -> list[str]:
    """The texts of a line in a section of this kind."""
    if kind == "global" and line.keyword in global_lines.CHANGED:
        return [f"    {text}" for text in global_lines.texts(line, folders.configuration)]
    return ["" if verbatim.is_blank(line) else whole_paths.with_paths(line, verbatim.line(line), folders.whole)]


def _head(part: outline.Part, known: Mapping[int, str]) -> str:
    """The first line, with the names that are said now."""
    text = verbatim.line(part.head)
    if part.kind == "defaults" and not part.name and id(part) in known:
        text = _after(text, 1, known[id(part)])
    if part.kind in document.PROXIES and part.base is not None and not part.says_base and id(part.base) in known:
        text = _after(text, 2, f"from {known[id(part.base)]}")
    return text


def _after(text: str, count: int, more: str) -> str:
    """The line with more words behind the first ``count``."""
    word = haproxy_words.scan(text).words[count - 1]
    end = word.column - 1 + len(word.raw)
    return f"{text[:end]} {more}{text[end:]}"
