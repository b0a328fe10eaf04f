"""What ``status`` says before it has anything to show."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hapilot.base import errors
from hapilot.reconcile import report
from hapilot.runtime import files


def test_nothing_runs_where_there_is_nothing(tmp_path: Path) -> None:
    with pytest.raises(errors.HaproxyFailed, match="nothing runs in"):
        report.running_process(files.StateDirectory(tmp_path / "none"))


def test_where_we_may_not_look_we_do_not_say_that_nothing_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> bool:
        return False

    monkeypatch.setattr(os, "access", refuse)
    with pytest.raises(errors.StateBroken, match="permission denied") as refused:
        report.running_process(files.StateDirectory(tmp_path))
    assert "as the user" in refused.value.hint
