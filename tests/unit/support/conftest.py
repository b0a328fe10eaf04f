"""Fixtures of the support code's own tests: one stand, one authority."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support import certificates, servers


@pytest.fixture
def stand() -> Iterator[servers.Stand]:
    with servers.Stand() as running:
        yield running


@pytest.fixture
def authority() -> certificates.Authority:
    return certificates.authority()
