"""HAProxy's words for failed checks, with their meaning."""

from __future__ import annotations

import pytest

from hapilot.reconcile import reasons


@pytest.mark.parametrize(
    ("said", "meaning"),
    [
        ("Layer6 invalid response: SSL handshake failure", "another CA"),
        ("Layer6 invalid response: Server presented an SSL certificate different from the expected one", "does not have the name"),
    ],
)
def test_obscure_words_get_their_meaning(said: str, meaning: str) -> None:
    shown = reasons.explained(said)
    assert shown.startswith(f"{said} (")
    assert meaning in shown


@pytest.mark.parametrize("said", ["", "Layer4 connection problem: Connection refused"])
def test_clear_words_stay(said: str) -> None:
    assert reasons.explained(said) == said
