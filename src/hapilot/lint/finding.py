"""What lint says: a finding, and the edits that mend it.

A rule's check makes a :class:`Hit`, ``run`` adds what the rule itself says, and the :class:`Finding` goes to the reports and to ``fix``.
"""

from __future__ import annotations

from dataclasses import dataclass

from hapilot.base.diagnostics import Severity
from hapilot.languages.haproxy import document


@dataclass(frozen=True, slots=True)
class Edit:
    """A piece of one line to replace: ``start`` and ``end`` count characters from 0, as slices do.

    ``text`` may hold line ends, for a line that becomes several. ``removes``: the whole line goes, with its end.
    """

    file: str
    number: int
    start: int
    end: int
    text: str
    removes: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """What a check has seen: the line, which of its words (from 0), and what is wrong with it here.

    ``hint`` and ``severity`` replace those of the rule. ``edits`` mend it where that changes nothing else.
    """

    line: document.Line
    message: str
    word: int = 0
    hint: str = ""
    edits: tuple[Edit, ...] = ()
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault or a risk. ``column`` counts from 1, ``end`` is the column behind the word that is meant.

    ``why`` is the rule's reason; ``fix`` is None where nobody but the author can decide.
    """

    code: str
    severity: Severity
    file: str
    line: int
    column: int
    end: int
    message: str
    why: str
    hint: str
    fix: tuple[Edit, ...] | None = None

    def __str__(self) -> str:
        first = f"{self.file}:{self.line}:{self.column} {self.severity}[{self.code}] {self.message}"
        return f"{first}\n    {self.hint}" if self.hint else first
