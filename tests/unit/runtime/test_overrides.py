"""What was said of servers by hand: kept whole, read back exactly, and laid over each other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from hapilot.base import errors
from hapilot.runtime import files, overrides, writing
from hapilot.runtime.overrides import Override

NAMES = some.text(some.characters(), min_size=1, max_size=12)
STATES: some.SearchStrategy[Override] = some.builds(
    Override, NAMES, NAMES | some.just(""), some.sampled_from(["drain", "maint"]), some.none(), NAMES, some.floats(0, 2e9)
)
WEIGHTS: some.SearchStrategy[Override] = some.builds(
    Override, NAMES, NAMES, some.just(""), some.integers(0, 256), NAMES, some.floats(0, 2e9)
)
KNOWN = some.lists(STATES | WEIGHTS, max_size=6, unique_by=lambda one: one.subject).map(tuple)

DRAINS = Override("shop", "a", "drain", None, "root (pid 1)", 100.0)
HEAVY = Override("shop", "a", "", 7, "ann (pid 2)", 200.0)
WHOLE = Override("shop", "", "maint", None, "ann (pid 3)", 300.0)


@pytest.fixture
def state(tmp_path: Path) -> files.StateDirectory:
    return files.StateDirectory(tmp_path)


@given(KNOWN)
def test_what_is_written_is_read_again(known: overrides.Overrides) -> None:
    assert overrides.decode(overrides.encode(known)) == known


@settings(max_examples=200)
@given(some.data())
def test_a_damaged_file_is_refused_or_whole_and_never_a_bug(data: some.DataObject) -> None:
    """Bytes changed and cut off; a single half of the file never counts as less than was said."""
    content = overrides.encode(data.draw(KNOWN))
    at = data.draw(some.integers(0, len(content)))
    damaged = content[:at] + data.draw(some.binary(max_size=3)) + content[at + data.draw(some.integers(0, len(content))) :]
    try:
        found = overrides.decode(damaged)
    except ValueError:
        return
    assert overrides.decode(overrides.encode(found)) == found


@given(some.binary(max_size=200))
def test_noise_is_refused(noise: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        overrides.decode(noise)


@pytest.mark.parametrize(
    "row",
    [
        {"state": "down"},
        {"state": ""},
        {"weight": 7},
        {"state": "", "weight": 257},
        {"state": "", "weight": True},
        {"at": "now"},
        {"service": ""},
        {"server": None},
        {"more": 1},
    ],
    ids=str,
)
def test_what_says_nothing_or_two_things_is_refused(row: dict[str, object]) -> None:
    whole = json.loads(overrides.encode((DRAINS,)))
    whole["overrides"][0] |= row
    with pytest.raises(ValueError, match=r".+"):
        overrides.decode(json.dumps(whole).encode())


@pytest.mark.parametrize("content", [b"[]", b"{}", b'{"version": 2, "overrides": []}', b"[" * 100_000])
def test_another_file_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        overrides.decode(content)


def test_something_said_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        overrides.decode(overrides.encode((DRAINS, DRAINS)))


@pytest.mark.parametrize(
    ("server", "expected"),
    [("a", ("maint", 7)), ("b", ("maint", None))],
)
def test_a_service_under_maintenance_keeps_out_what_drains_too(server: str, expected: tuple[str, int | None]) -> None:
    known = (DRAINS, HEAVY, WHOLE)
    assert overrides.wanted(known, "shop", server) == expected
    assert overrides.wanted(overrides.by_service(known)["shop"], "shop", server) == expected
    assert overrides.wanted(known, "blog", server) == ("", None)


def test_what_is_said_later_replaces_what_was_said_of_the_same() -> None:
    later = Override("shop", "a", "maint", None, "ann", 400.0)
    assert overrides.put((DRAINS, HEAVY, WHOLE), [later]) == (HEAVY, WHOLE, later)


def test_it_is_kept_for_its_owner_alone(state: files.StateDirectory) -> None:
    assert overrides.read(state) == ()
    overrides.write(state, (DRAINS, HEAVY))
    assert overrides.read(state) == (DRAINS, HEAVY)
    assert overrides.path(state).stat().st_mode & 0o777 == 0o600


def test_a_write_that_fails_leaves_what_was_there(state: files.StateDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    overrides.write(state, (DRAINS,))

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing, "write_file", fail)
    with pytest.raises(errors.StateBroken, match="the disk is full"):
        overrides.write(state, ())
    assert overrides.read(state) == (DRAINS,)
    assert [one.name for one in state.root.iterdir()] == [overrides.FILE]


def test_a_damaged_file_is_told_and_put_aside(state: files.StateDirectory) -> None:
    overrides.write(state, (DRAINS,))
    assert overrides.put_aside(state) == ""
    overrides.path(state).write_bytes(overrides.encode((DRAINS,))[:-9])
    with pytest.raises(errors.StateBroken, match=r"overrides\.json is damaged") as found:
        overrides.read(state)
    assert "remove it" in found.value.hint
    said = overrides.put_aside(state)
    assert "overrides.damaged now" in said
    assert "is forgotten" in said
    assert overrides.read(state) == ()
    assert (state.root / "overrides.damaged").exists()
