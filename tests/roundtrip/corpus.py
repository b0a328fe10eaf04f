"""Configurations that others wrote, in place beside the checkout; tests that need them skip, or fail with HAPILOT_REQUIRE_ALL=1."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "haproxy"


def files() -> list[Path]:
    """Every file, in a stable order; none where the folder is absent."""
    return sorted(path for path in FOLDER.glob("*") if path.is_file()) if FOLDER.is_dir() else []


def require() -> list[Path]:
    """Every file; without any, the test is skipped."""
    found = files()
    if not found:
        reason = f"there is no folder {FOLDER} with configurations of others"
        if os.environ.get("HAPILOT_REQUIRE_ALL") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return found
