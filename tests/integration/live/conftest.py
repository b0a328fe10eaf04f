"""Fixtures of the tests of live operation: stand-ins, and a hapilot without its commands on each HAProxy."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from . import operating


@pytest.fixture(scope="module")
def behind() -> Generator[operating.Behind]:
    """Stand-ins, which remember nothing."""
    with operating.standing() as made:
        yield made


@pytest.fixture(params=["embedded", "system"])
def lab(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[operating.Lab]:
    """Nothing runs yet."""
    with operating.opened(request.param, tmp_path) as made:
        yield made
