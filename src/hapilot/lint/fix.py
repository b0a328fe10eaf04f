"""Mending: documents with the edits of findings applied, until nothing is left that can be mended.

Comes in: documents. Goes out: documents, and which findings went. Called by ``cli.lint --fix``. Edits of one round that touch each other
wait for the next one, in which lint has looked again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hapilot.languages.haproxy import document, parser
from hapilot.languages.haproxy.keywords.table import Version
from hapilot.lint import run
from hapilot.lint.finding import Edit, Finding
from hapilot.lint.rule import Rule
from hapilot.lint.rules import catalogue

_MOST_ROUNDS = 10
"""Each round is a lint of everything; two or three are enough where edits don't make new findings."""


def mend(
    files: Sequence[document.Document], target: Version, rules: Sequence[Rule] = catalogue.RULES
) -> tuple[tuple[document.Document, ...], tuple[Finding, ...]]:
    """The mended documents, and what was mended in them."""
    current, mended = tuple(files), list[Finding]()
    for _ in range(_MOST_ROUNDS):
        found = [each for each in run.lint(current, target, rules) if each.fix]
        applied = _together(found)
        if not applied:
            break
        mended += applied
        edits = [edit for each in applied for edit in each.fix or ()]
        current = tuple(_edited(each, [edit for edit in edits if edit.file == each.file]) for each in current)
    return current, tuple(mended)


def _together(found: Iterable[Finding]) -> list[Finding]:
    """Findings whose edits don't touch each other, the first one winning."""
    taken: dict[tuple[str, int], list[Edit]] = {}
    chosen: list[Finding] = []
    for finding in found:
        edits = finding.fix or ()
        if any(_touches(edit, other) for edit in edits for other in taken.get((edit.file, edit.number), ())):
            continue
        chosen.append(finding)
        for edit in edits:
            taken.setdefault((edit.file, edit.number), []).append(edit)
    return chosen


def _touches(one: Edit, other: Edit) -> bool:
    return one.removes or other.removes or (one.start <= other.end and other.start <= one.end)


def _edited(file: document.Document, edits: Sequence[Edit]) -> document.Document:
    if not edits:
        return file
    by_line: dict[int, list[Edit]] = {}
    for edit in edits:
        by_line.setdefault(edit.number, []).append(edit)
    text = "".join(_edited_line(line, by_line.get(line.number, ())) for line in file.all_lines())
    return parser.parse(text, file.file)


def _edited_line(line: document.Line, edits: Iterable[Edit]) -> str:
    text = line.text
    for edit in sorted(edits, key=lambda each: each.start, reverse=True):
        if edit.removes:
            return ""
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text + line.end
