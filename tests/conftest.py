"""Options of the whole test suite."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite the expected parts of golden cases; review the diff")
    parser.addoption("--fuzz-examples", type=int, default=500, help="mutated inputs per fuzz test (full run: 10000)")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What a test has recorded as its ``table`` is shown, whether it passed or not; a captured print is lost with those that pass."""
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for name, value in getattr(report, "user_properties", ()):
                if name == "table" and report.when == "call":
                    terminalreporter.section(str(report.nodeid), sep="-")
                    terminalreporter.write_line(str(value))
