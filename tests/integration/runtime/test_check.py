"""``haproxy -c`` on real files."""

from __future__ import annotations

from pathlib import Path

import pytest

from hapilot.base import errors
from hapilot.runtime import binary, check, messages

from .conftest import MakeBundle

pytestmark = pytest.mark.haproxy


def test_good_files_with_a_relative_map(haproxy: binary.Haproxy, make_bundle: MakeBundle, tmp_path: Path) -> None:
    for file in make_bundle().files:
        (tmp_path / file.path).parent.mkdir(exist_ok=True)
        (tmp_path / file.path).write_bytes(file.content)
    assert check.check_files(haproxy, tmp_path, env={"HAPILOT_RUN": str(tmp_path)}).alerts == ()
    assert check.check_files(haproxy, tmp_path).ok


def test_bad_files(haproxy: binary.Haproxy, tmp_path: Path) -> None:
    (tmp_path / "haproxy.cfg").write_text("global\n  nonsense\n")
    checked = check.check_files(haproxy, tmp_path)
    assert not checked.ok
    assert checked.alerts == (
        messages.Finding("alert", str(tmp_path / "haproxy.cfg"), 2, "unknown keyword 'nonsense' in 'global' section"),
    )


def test_a_missing_file(haproxy: binary.Haproxy, tmp_path: Path) -> None:
    checked = check.check_files(haproxy, tmp_path)
    assert not checked.ok
    assert "No such file" in checked.alerts[0].text


def test_time_is_limited(haproxy: binary.Haproxy, tmp_path: Path) -> None:
    (tmp_path / "haproxy.cfg").write_text("global\n")
    with pytest.raises(errors.HaproxyFailed, match="did not finish checking"):
        check.check_files(haproxy, tmp_path, seconds=0.000001)
