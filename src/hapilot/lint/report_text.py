"""Findings for people: ``FILE:LINE:COLUMN severity[code] message``, then why that matters and what to do.

Comes in: findings. Goes out: text. Called by ``cli.lint``, which hands in how a severity is coloured.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from hapilot.base.diagnostics import Severity
from hapilot.lint.finding import Finding


def lines(found: Iterable[Finding], colour: Callable[[Severity], str] = str) -> Iterator[str]:
    """The reason stands below the first finding of each code only."""
    told: set[str] = set()
    for each in found:
        yield f"{each.file}:{each.line}:{each.column} {colour(each.severity)}[{each.code}] {each.message}"
        if each.code not in told:
            told.add(each.code)
            yield f"    why: {each.why}"
        yield f"    fix: {each.hint}{' (--fix does it)' if each.fix else ''}"


def counted(found: Iterable[Finding]) -> dict[str, int]:
    """How many findings there are of each severity."""
    severities = [each.severity for each in found]
    return {f"{severity}": severities.count(severity) for severity in Severity}


def summary(found: Iterable[Finding]) -> str:
    """``1 error, 2 warnings, 0 notes``."""
    counts = counted(found)
    names = {"error": "error", "warning": "warning", "info": "note"}
    return ", ".join(f"{counts[key]} {name}{'' if counts[key] == 1 else 's'}" for key, name in names.items())
