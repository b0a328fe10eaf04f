"""docs/abuse.md is what the tables say now; ``--update-golden`` writes it."""

from __future__ import annotations

import pytest

from integration.behaviour.abuse import page, table


def test_the_page_is_not_stale(request: pytest.FixtureRequest) -> None:
    wanted = page.text()
    if request.config.getoption("--update-golden"):
        page.PATH.write_text(wanted, encoding="utf-8")
    assert page.PATH.read_text(encoding="utf-8") == wanted, (
        "write it: pytest tests/integration/behaviour/abuse/test_page.py --update-golden"
    )


def test_every_vector_is_on_the_page() -> None:
    text = page.text()
    assert [vector.name for vectors in table.GROUPS.values() for vector in vectors if f"\n| {vector.name} | `" not in text] == []
