"""The limits of this machine."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from hapilot.runtime import limits


def test_this_machine_has_limits() -> None:
    found = limits.look()
    assert found.files >= found.files_found >= resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 0
    assert found.memory > 1 << 20
    assert limits.cpus() >= 1


def test_looking_changes_nothing() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    limits.look()
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == before


@pytest.mark.parametrize(
    ("line", "file", "name"),
    [
        ("0::/a.slice/b.service", "a.slice/memory.max", "the control group's memory.max"),
        ("0::/a.slice/b.service", "a.slice/b.service/memory.max", "the control group's memory.max"),
        ("4:memory:/a/b", "memory/a/b/memory.limit_in_bytes", "the control group's memory.limit_in_bytes"),
        ("4:cpu,memory:/a", "memory/memory.limit_in_bytes", "the control group's memory.limit_in_bytes"),
    ],
)
def test_a_control_group_and_those_around_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, file: str, name: str) -> None:
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_text("4096\n")
    monkeypatch.setattr(limits, "_GROUPS", tmp_path)
    assert list(limits._of_group(line)) == [(4096, name)]  # pyright: ignore[reportPrivateUsage]


@pytest.mark.parametrize("line", ["0::/none", "7:blkio:/a", "9:name=systemd:/"])
def test_no_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    (tmp_path / "memory.max").write_text("max\n")
    monkeypatch.setattr(limits, "_GROUPS", tmp_path)
    assert list(limits._of_group(line)) == []  # pyright: ignore[reportPrivateUsage]
