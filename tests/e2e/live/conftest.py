"""Fixtures of the tests of a site that changes under load: what stands behind it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from e2e.live import behind


@pytest.fixture
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[behind.Behind]:
    with behind.running(tmp_path_factory.mktemp("behind")) as running:
        yield running
