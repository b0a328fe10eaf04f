"""The HAProxies of this machine as hapilot's own runtime finds them. Called by the fixtures of integration tests."""

from __future__ import annotations

import os

import pytest

from hapilot.base import errors
from hapilot.runtime import binary


def chosen(kind: str) -> binary.Haproxy:
    """The ``embedded`` or the ``system`` one; a missing one skips the test, or fails it where everything must be there."""
    try:
        return binary.choose(kind)
    except errors.HaproxyMissing as problem:
        if os.environ.get("HAPILOT_REQUIRE_ALL") == "1":
            raise
        pytest.skip(str(problem))
