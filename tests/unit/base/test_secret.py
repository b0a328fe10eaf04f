"""A secret is shown nowhere but where it is asked for."""

from __future__ import annotations

import json
import pickle
import traceback

import pytest

from hapilot.base.secret import Secret

WORD = "hunter2"


def test_it_prints_as_stars() -> None:
    secret = Secret(WORD)
    shown = f"{secret} {secret!r} {secret!s:>10} {[secret]} {secret:x^9}"
    assert WORD not in shown
    assert "***" in shown
    assert secret.reveal() == WORD


def test_it_can_not_be_pickled_or_dumped() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(Secret(WORD))
    with pytest.raises(TypeError):
        json.dumps(Secret(WORD))
    assert WORD not in json.dumps(Secret(WORD), default=str)


def test_it_is_not_in_a_traceback() -> None:
    try:
        raise ValueError(Secret(WORD))
    except ValueError:
        assert WORD not in traceback.format_exc()


def test_equal_words_are_equal_secrets() -> None:
    assert Secret(WORD) == Secret(WORD)
    assert Secret(WORD) != Secret("other")
    assert Secret(WORD) != WORD
    assert len({Secret(WORD), Secret(WORD), Secret("other")}) == 2
