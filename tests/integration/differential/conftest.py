"""Stand-ins for the session, and the line that says how many connections were compared."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Generator

import pytest

from integration.differential.pool import Pool
from support import counting, servers

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
    if count := counting.total(terminalreporter, COMPARED):
        terminalreporter.write_line(f"differential: {count} {COMPARED}")
    for line in counting.recorded(terminalreporter, COVERED) if FULL else ():
        terminalreporter.write_line(
            textwrap.fill(f"differential: {COVERED}, on {line}", 140, subsequent_indent="  ", break_on_hyphens=False)
        )
