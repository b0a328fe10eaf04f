"""Stand-ins for the session, and the line that says how many answers were compared."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from integration.importing.pool import Pool
from support import counting, servers

COMPARED = "answers of an imported configuration compared with the original's"


@pytest.fixture(scope="session")
def stands() -> Generator[Pool]:
    """The pool of stand-in servers."""
    with servers.Stand(keep=5) as stand:
        yield Pool(stand)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for the whole run, also where workers did it."""
    if times := len(counting.recorded(terminalreporter, COMPARED)):
        terminalreporter.write_line(f"importing: {counting.total(terminalreporter, COMPARED)} {COMPARED}, {times} times")
