"""The generation that HAProxy reads next, and the one it is known to run."""

from __future__ import annotations

from pathlib import Path

import pytest

from hapilot.render.bundle import Bundle, BundleFile
from hapilot.runtime import files

ABOUT = files.Description(1000.5, "a change", "site.yaml")
BUNDLE = Bundle((BundleFile("haproxy.cfg", b"global\n"),))


@pytest.fixture
def state(tmp_path: Path) -> files.StateDirectory:
    """A state directory without sockets."""
    made = files.StateDirectory(tmp_path / "s")
    made.generations.mkdir(parents=True)
    return made


def test_serving_follows_confirmation(state: files.StateDirectory) -> None:
    assert state.serving() is None
    first, second = state.write(BUNDLE, ABOUT), state.write(BUNDLE, ABOUT)
    state.activate(first.number)
    assert state.serving() is None
    state.confirm(first.number)
    state.activate(second.number)
    assert state.serving() == first
    assert state.current() == second


def test_the_serving_generation_is_never_forgotten(state: files.StateDirectory) -> None:
    first = state.write(BUNDLE, ABOUT)
    state.activate(first.number)
    state.confirm(first.number)
    for _ in range(8):
        state.activate(state.write(BUNDLE, ABOUT).number)
        state.prune(5)
    assert state.serving() == first
    assert len(state.history()) == 6


def test_a_summary_is_kept_and_is_no_part_of_the_bundle(state: files.StateDirectory) -> None:
    made = state.write(BUNDLE, ABOUT, {"a": [1]})
    assert state.summary(made.number) == {"a": [1]}
    assert state.bundle(made.number) == BUNDLE
    assert (made.path / files.SUMMARY).stat().st_mode & 0o777 == 0o600
    assert state.summary(state.write(BUNDLE, ABOUT).number) == {}


@pytest.mark.parametrize("name", [files.META, files.SUMMARY, files.PROGRESS])
def test_a_bundle_can_not_replace_our_own_files(state: files.StateDirectory, name: str) -> None:
    with pytest.raises(ValueError, match=name):
        state.write(Bundle((BundleFile(name, b"{}"),)), ABOUT)
