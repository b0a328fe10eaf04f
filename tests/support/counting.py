"""What tests have counted, over all workers: each records a number under a name, and the end of the run tells their sum."""

from __future__ import annotations

import pytest


def recorded(reporter: pytest.TerminalReporter, name: str) -> list[object]:
    """All values that tests recorded under ``name`` (``record_property``), those of failed ones too."""
    reports = [report for key in ("passed", "failed") for report in reporter.stats.get(key, [])]
    return [value for report in reports if report.when == "call" for said, value in report.user_properties if said == name]


def total(reporter: pytest.TerminalReporter, name: str) -> int:
    """The sum of the numbers that were recorded."""
    return sum(value for value in recorded(reporter, name) if isinstance(value, int))
