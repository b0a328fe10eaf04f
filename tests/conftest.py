"""Options of the whole test suite."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite the expected parts of golden cases; review the diff")
    parser.addoption("--fuzz-examples", type=int, default=500, help="mutated inputs per fuzz test (full run: 10000)")
