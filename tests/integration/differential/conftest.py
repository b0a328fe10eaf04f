"""Stand-ins for the session, and the line that says how many connections were compared."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Generator

import pytest

from integration.differential.pool import Pool
from support import servers

COMPARED = "connections compared with a real HAProxy"
COVERED = "keys felt by connections"
FULL = os.environ.get("HAPILOT_FULL") == "1"


@pytest.fixture(scope="session")
def stands() -> Generator[Pool]:
    """The pool of stand-in servers."""
    with servers.Stand(keep=5) as stand:
        yield Pool(stand)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for the whole run, also where workers did it; and in a full run how often each key was felt."""
    reports = [report for key in ("passed", "failed") for report in terminalreporter.stats.get(key, [])]
    counts = [value for report in reports for name, value in report.user_properties if name == COMPARED and report.when == "call"]
    if counts:
        terminalreporter.write_line(f"differential: {sum(counts)} {COMPARED}")
    told = [value for report in reports for name, value in report.user_properties if name == COVERED and report.when == "call"]
    for line in told if FULL else ():
        terminalreporter.write_line(
            textwrap.fill(f"differential: {COVERED}, on {line}", 140, subsequent_indent="  ", break_on_hyphens=False)
        )
