"""A file that is what it was is not read again, and one that may have changed is."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from hapilot.base import memory
from hapilot.base.origin import Origin
from hapilot.sources.file import reading

SAID = Origin("site.yaml", 1, 1)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.yaml"
    path.write_text("one")
    return path


def read(path: Path, known: memory.Memory) -> reading.Content:
    content = reading.Files(known).read(path, SAID)
    assert content is not None
    return content


def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """All files have been at rest for long."""
    now = time.time_ns() + 10**12
    monkeypatch.setattr(time, "time_ns", lambda: now)


def test_a_file_at_rest_is_read_once(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    later(monkeypatch)
    known = memory.Memory()
    first = read(file, known)

    def refuse(path: Path) -> bytes:
        raise AssertionError(f"{path} was read again")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert read(file, known) is first


def test_a_file_that_has_just_changed_is_read_again(file: Path) -> None:
    """Another change within one step of the kernel's clock would leave the same stamp."""
    known = memory.Memory()
    assert read(file, known).data == b"one"
    before = file.stat()
    file.write_text("two")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert read(file, known).data == b"two"


def test_the_same_content_is_the_same_object(file: Path) -> None:
    known = memory.Memory()
    first = read(file, known)
    file.write_text("one")
    assert read(file, known) is first


@pytest.mark.parametrize("change", ["content", "mode", "file"])
def test_what_has_changed_is_noticed(file: Path, change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    later(monkeypatch)
    known = memory.Memory()
    file.chmod(0o644)
    first = read(file, known)
    if change == "content":
        file.write_text("two")
    elif change == "mode":
        file.chmod(0o600)
    else:
        beside = file.with_name("b.yaml")
        beside.write_text("two")
        os.utime(beside, ns=(file.stat().st_atime_ns, file.stat().st_mtime_ns))
        beside.replace(file)
    assert read(file, known) != first


def test_a_folder_shows_what_it_has_now(file: Path) -> None:
    known = memory.Memory()
    assert reading.Files(known).folder(file.parent, "*.yaml", SAID) == [file]
    other = file.with_name("0.yaml")
    other.touch()
    (file.parent / ".hidden.yaml").touch()
    (file.parent / "folder.yaml").mkdir()
    (file.parent / "link.yaml").symlink_to(file)
    (file.parent / "loop.yaml").symlink_to(file.parent / "loop.yaml")
    assert reading.Files(known).folder(file.parent, "*.yaml", SAID) == [other, file, file.with_name("link.yaml")]


def test_the_identity_of_a_file_is_that_behind_links(file: Path) -> None:
    files, link, hard = reading.Files(), file.with_name("link.yaml"), file.with_name("hard.yaml")
    link.symlink_to(file)
    assert files.identity(link) == files.identity(file) == files.identity(file.parent / ".." / file.parent.name / file.name)
    hard.hardlink_to(file)
    assert files.identity(hard) != files.identity(file)
    assert files.identity(file.with_name("missing")) == files.identity(file.parent / "." / "missing")
