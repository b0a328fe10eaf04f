"""The directory of sockets: where it is made, and that it does not stay."""

from __future__ import annotations

from pathlib import Path

import pytest

from hapilot.runtime import rundir


def test_an_empty_directory_elsewhere_is_removed_and_made_again(tmp_path: Path) -> None:
    root = tmp_path / ("long" * 30)
    root.mkdir(mode=0o700)
    made = rundir.prepare(root, None, {"XDG_RUNTIME_DIR": str(tmp_path)})
    assert not made.is_relative_to(root)
    (made / "busy.sock").touch()
    rundir.tidy(root)
    assert rundir.find(root) == made
    (made / "busy.sock").unlink()
    rundir.tidy(root)
    assert not made.exists()
    assert rundir.find(root) is None
    assert rundir.prepare(root, None, {"XDG_RUNTIME_DIR": str(tmp_path)}).is_dir()
    rundir.tidy(root)


@pytest.fixture
def short_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """The names of sockets leave room for long folders."""
    monkeypatch.setattr(rundir, "SOCKET_NAME", 2)


@pytest.mark.usefixtures("short_names")
def test_what_systemd_gives_its_service_is_taken(tmp_path: Path) -> None:
    root, given = tmp_path / "state", tmp_path / "run"
    root.mkdir(mode=0o700)
    given.mkdir(mode=0o700)
    assert rundir.prepare(root, None, {"RUNTIME_DIRECTORY": f"{given}:/more"}) == given
    assert rundir.find(root) == given
    assert rundir.prepare(root, None, {}) == given, "for as long as it is there"
    rundir.tidy(root)
    given.mkdir(mode=0o700, exist_ok=True)
    assert rundir.prepare(root, None, {"RUNTIME_DIRECTORY": str(given)}) == given, "after a boot"


@pytest.mark.usefixtures("short_names")
def test_a_link_to_what_is_gone_gives_way_to_what_systemd_gives(tmp_path: Path) -> None:
    root, given = tmp_path / "state", tmp_path / "run"
    root.mkdir(mode=0o700)
    given.mkdir(mode=0o700)
    (root / "run").symlink_to(tmp_path / "gone")
    assert rundir.prepare(root, None, {"RUNTIME_DIRECTORY": str(given)}) == given


@pytest.mark.usefixtures("short_names")
def test_sockets_that_are_there_already_stay_where_they_are(tmp_path: Path) -> None:
    root, given = tmp_path / "state", tmp_path / "run"
    root.mkdir(mode=0o700)
    given.mkdir(mode=0o700)
    usual = rundir.prepare(root, None, {})
    assert rundir.prepare(root, None, {"RUNTIME_DIRECTORY": str(given)}) == usual
