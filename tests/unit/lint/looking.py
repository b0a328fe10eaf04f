"""Lint of a text, for tests of single rules: lines and codes come out."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field

from hapilot.languages.haproxy import document, parser
from hapilot.languages.haproxy.keywords.table import Version
from hapilot.lint import fix, run
from hapilot.lint.certificates import NOTHING, Certificates, Seen
from hapilot.lint.finding import Finding
from hapilot.lint.rules import catalogue

NOW = datetime.datetime(2026, 11, 20, tzinfo=datetime.UTC)
HEAD = "defaults\n    mode http\n    timeout connect 5s\n    timeout client 30s\n    timeout server 30s\n"
"""Five lines that keep other rules silent."""


@dataclass
class Shelf:
    """Certificates by path; any other path has none."""

    files: dict[str, Seen] = field(default_factory=dict[str, Seen])
    now: datetime.datetime = NOW

    def look(self, path: str) -> tuple[Seen, ...]:
        return (self.files.get(path) or Seen(path, problem="is not there"),)


def shelf(**days: int) -> Shelf:
    """Certificates whose time ends in so many days; ``a`` stands for ``a.pem``."""
    return Shelf({f"{name}.pem": Seen(f"{name}.pem", NOW + datetime.timedelta(days=left)) for name, left in days.items()})


def findings(text: str, target: Version = (2, 8), certificates: Certificates = NOTHING) -> tuple[Finding, ...]:
    """Everything that lint says of one file."""
    return run.lint([parser.parse(text, "x.cfg")], target, certificates=certificates)


def lines(text: str, *codes: str, target: Version = (2, 8)) -> list[int]:
    """The lines with one of these codes, which must exist."""
    assert set(codes) <= set(catalogue.BY_CODE), codes
    return [each.line for each in findings(text, target) if each.code in codes]


def mended(text: str, *codes: str, target: Version = (2, 8)) -> str:
    """The text after the edits of these rules."""
    rules = tuple(catalogue.BY_CODE[code] for code in codes) or catalogue.RULES
    files, _ = fix.mend([parser.parse(text, "x.cfg")], target, rules)
    return document.text(files[0])
