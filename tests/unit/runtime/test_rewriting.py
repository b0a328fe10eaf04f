"""Files of the user's are replaced in one step, as they were in all but their content."""

from __future__ import annotations

from pathlib import Path

import pytest

from hapilot.base import errors
from hapilot.runtime import rewriting


def test_mode_and_link_stay(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    target, link = tmp_path / "real" / "haproxy.cfg", tmp_path / "haproxy.cfg"
    target.write_bytes(b"old")
    target.chmod(0o640)
    link.symlink_to(target)
    rewriting.rewrite(link, b"old", b"new")
    assert (target.read_bytes(), target.stat().st_mode & 0o777, link.is_symlink()) == (b"new", 0o640, True)
    assert sorted(path.name for path in target.parent.iterdir()) == ["haproxy.cfg"]


def test_what_somebody_has_changed_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "haproxy.cfg"
    path.write_bytes(b"newer")
    with pytest.raises(errors.HapilotError, match="changed meanwhile"):
        rewriting.rewrite(path, b"old", b"new")
    assert path.read_bytes() == b"newer"


def test_what_is_gone(tmp_path: Path) -> None:
    with pytest.raises(errors.HapilotError, match="can't write"):
        rewriting.rewrite(tmp_path / "haproxy.cfg", b"old", b"new")
