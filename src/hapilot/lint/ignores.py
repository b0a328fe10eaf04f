"""Comments that silence findings: ``# hapilot: ignore[code]`` behind a line, or alone on the line above it.

Comes in: documents. Goes out: :class:`Ignores`, which ``run`` asks. Without brackets every finding of the line is silenced.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from hapilot.languages.haproxy import document, words
from hapilot.languages.haproxy.document import Kind

_COMMENT = re.compile(r"#\s*hapilot:\s*ignore(?:\[(?P<codes>[^\]]*)\])?")


@dataclass(frozen=True, slots=True)
class Ignores:
    """File and line to the codes that are silenced there; an empty set stands for all."""

    lines: Mapping[tuple[str, int], frozenset[str]]

    def covers(self, file: str, line: int, code: str) -> bool:
        """Whether a finding is silenced."""
        codes = self.lines.get((file, line))
        return codes is not None and (not codes or code in codes)


def of(files: Iterable[document.Document]) -> Ignores:
    """All such comments."""
    return Ignores({(file, line): codes for each in files for file, line, codes in _in_file(each)})


def _in_file(file: document.Document) -> Iterator[tuple[str, int, frozenset[str]]]:
    waiting: set[str] | None = None
    for line in file.all_lines():
        codes = _codes(line) if "hapilot:" in line.text else None
        if line.kind is Kind.COMMENT:
            waiting = codes if codes is not None else waiting
        elif line.words:
            if codes is not None or waiting is not None:
                is_all = codes == set() or waiting == set()
                yield line.file, line.number, frozenset() if is_all else frozenset((codes or set()) | (waiting or set()))
            waiting = None


def _codes(line: document.Line) -> set[str] | None:
    comment = words.scan(line.text).comment
    found = _COMMENT.search(line.text, comment - 1) if comment else None
    if found is None:
        return None
    return {code.strip() for code in (found["codes"] or "").split(",") if code.strip()}
