"""Fixtures of the end-to-end tests: each HAProxy at hand, stand-in servers, the authorities that sign."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support import haproxy, servers


@pytest.fixture(scope="module", params=["embedded", pytest.param("system", marks=pytest.mark.system)])
def haproxy_path(request: pytest.FixtureRequest) -> Path:
    """The program of each HAProxy; a missing one skips, or fails where everything must be there."""
    kind: str = request.param
    return haproxy.embedded() if kind == "embedded" else haproxy.require("haproxy", "the examples run on the system's HAProxy too")


@pytest.fixture(scope="module")
def stand() -> Iterator[servers.Stand]:
    with servers.Stand() as running:
        yield running
