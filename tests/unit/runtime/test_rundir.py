"""The directory of sockets: where it is made, and that it does not stay."""

from __future__ import annotations

from pathlib import Path

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
