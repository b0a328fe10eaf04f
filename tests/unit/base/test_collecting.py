"""The collector is off in the block, on again afterwards, and only many new objects are frozen."""

from __future__ import annotations

import gc

import pytest

from hapilot.base import collecting


@pytest.fixture(autouse=True)
def _collector():  # pyright: ignore[reportUnusedFunction]
    before = gc.get_freeze_count()
    gc.enable()
    yield
    gc.enable()
    if gc.get_freeze_count() != before:
        gc.unfreeze()


def test_no_collection_in_the_block() -> None:
    with collecting.paused():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_a_collector_that_is_off_stays_off() -> None:
    gc.disable()
    with collecting.paused():
        pass
    assert not gc.isenabled()


def test_it_is_on_again_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError), collecting.paused():
        raise ZeroDivisionError
    assert gc.isenabled()


def test_few_objects_are_not_frozen_many_are() -> None:
    before = gc.get_freeze_count()
    with collecting.paused():
        few: list[list[int]] = [[] for _ in range(1_000)]
    assert gc.get_freeze_count() == before
    with collecting.paused():
        many: list[list[int]] = [[] for _ in range(200_000)]
    assert gc.get_freeze_count() >= before + 200_000
    del few, many
