"""The report of an import: what was understood, what is kept, what is left out, and as text for people.

Comes in: what ``importing`` decided. Goes out: a :class:`~hapilot.sources.haproxy_cfg.imported.Report`, and its lines for ``cli.import_``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from hapilot.base.origin import Origin
from hapilot.languages.haproxy import document, parser
from hapilot.languages.haproxy.keywords import table
from hapilot.sources.haproxy_cfg import outline
from hapilot.sources.haproxy_cfg.imported import Kept, Report, Whole

_SHOWN = 6
"""So many line numbers stand behind a keyword."""


def kept(lines: Iterable[tuple[str, document.Line]]) -> tuple[Kept, ...]:
    """By section and keyword, the most frequent first. ``lines`` have the kind of their section."""
    found: dict[tuple[str, str], list[Origin]] = {}
    for kind, line in lines:
        found.setdefault((kind, _keyword(kind, line)), []).append(line.origin)
    made = (Kept(section, keyword, tuple(places)) for (section, keyword), places in found.items())
    return tuple(sorted(made, key=lambda each: (-each.count, each.section, each.keyword)))


def directives(part: outline.Part) -> list[tuple[str, document.Line]]:
    """The lines of a part that say something, each with the kind of its section; heads among them."""
    kind = part.kind
    found: list[tuple[str, document.Line]] = []
    for line in part.lines:
        if line.words and line.words[0] in parser.SECTIONS:
            kind = line.words[0]
        if says_something(line):
            found.append((kind, line))
    return found


def says_something(line: document.Line) -> bool:
    """Whether the line is neither blank nor a comment."""
    return line.kind not in (document.Kind.BLANK, document.Kind.COMMENT)


def whole(parts: Iterable[outline.Part]) -> tuple[Whole, ...]:
    """The frontends, backends and blocks that stay whole, with the reason. For other sections there is nothing else."""
    return tuple(
        Whole(" ".join(part.head.words[:2]), part.why, part.head.origin)
        for part in parts
        if part.kind in ("frontend", "backend", "listen", outline.BLOCK)
    )


def text(report: Report) -> Iterator[str]:
    """The report for people."""
    yield f"{report.understood} of {_lines(report.lines)} understood ({report.share} %)"
    if report.left_out:
        yield "left out:"
        yield from (f"  {each.origin.short}: {each.text}: {each.why}" for each in report.left_out)
    if report.whole:
        yield "sections kept whole:"
        yield from (f"  {each.origin.short}: {each.title}: {each.why}" for each in report.whole)
    lines = [each for each in report.kept if each.keyword != each.section]
    if lines:
        yield "kept word by word:"
        yield from (f"  {each.count:4} {each.section}: {each.keyword} ({_places(each.places)})" for each in lines)


def data(report: Report) -> dict[str, Any]:
    """The report for programs."""
    return {
        "lines": report.lines,
        "understood": report.understood,
        "share": report.share,
        "kept": [
            {"section": each.section, "keyword": each.keyword, "count": each.count, "places": [_origin(place) for place in each.places]}
            for each in report.kept
        ],
        "whole": [{"title": each.title, "why": each.why, "origin": _origin(each.origin)} for each in report.whole],
        "left_out": [{"text": each.text, "why": each.why, "origin": _origin(each.origin)} for each in report.left_out],
    }


def _keyword(kind: str, line: document.Line) -> str:
    known = table.find(kind, line.words)
    if known is not None:
        return known.name.removeprefix(f"{kind} ")
    return line.keyword or line.text.strip()[:20]


def _places(places: Sequence[Origin]) -> str:
    """``haproxy.cfg:3, 4, 9 …``."""
    file = places[0].file
    shown = [str(place.line) if place.file == file else place.short for place in places[:_SHOWN]]
    return f"{file}:{', '.join(shown)}{' …' if len(places) > _SHOWN else ''}"


def _lines(count: int) -> str:
    return "1 line" if count == 1 else f"{count} lines"


def _origin(place: Origin) -> dict[str, Any]:
    return {"file": place.file, "line": place.line, "column": place.column}
