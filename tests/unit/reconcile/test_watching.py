"""Changes of files are noticed, also those that happen at a bad moment."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hapilot.reconcile import watching


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file that was written long ago."""
    path = tmp_path / "folder" / "site.yaml"
    path.parent.mkdir()
    path.write_text("one")
    return path


def rewrite(path: Path) -> None:
    """New content of the same size and time, in place of the old file."""
    before = path.stat()
    beside = path.with_name(".new")
    beside.write_text("two")
    os.utime(beside, ns=(before.st_atime_ns, before.st_mtime_ns))
    beside.replace(path)


def make_longer(path: Path) -> None:
    """Other content in the same file."""
    path.write_text("longer")


def close_to_others(path: Path) -> None:
    """Another mode: a key that could not be read may be readable now."""
    path.chmod(0o600)


@pytest.mark.parametrize("change", [make_longer, Path.unlink, rewrite, close_to_others])
def test_a_change_of_a_file_shows(file: Path, change: Callable[[Path], object]) -> None:
    before = watching.look([file])
    assert watching.look([file]) == before
    change(file)
    assert watching.look([file]) != before


def test_a_file_that_appears_shows(tmp_path: Path) -> None:
    path = tmp_path / "later.yaml"
    before = watching.look([path])
    path.write_text("here")
    assert watching.look([path]) != before


def test_a_folder_shows_names_but_not_editors_files(file: Path) -> None:
    before = watching.look([file.parent])
    (file.parent / ".site.yaml.swp").touch()
    (file.parent / "site.yaml~").touch()
    assert watching.look([file.parent]) == before
    (file.parent / "more.yaml").touch()
    assert watching.look([file.parent]) != before


def test_what_a_link_leads_to_counts(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(file)
    before = watching.look([link])
    file.write_text("longer")
    assert watching.look([link]) != before


def test_a_change_while_a_known_file_is_read_is_not_lost(file: Path) -> None:
    before = watching.look([file])
    began = time.time_ns()
    rewrite(file)
    assert watching.look_after_reading([file], before, began) != watching.look([file])


def test_a_change_while_a_new_file_is_read_is_not_lost(file: Path) -> None:
    began = time.time_ns()
    file.write_text("longer")
    assert watching.look_after_reading([file], {}, began) != watching.look([file])


def test_an_old_file_is_known_after_reading(file: Path) -> None:
    began = time.time_ns() + 60 * 10**9
    assert watching.look_after_reading([file, file.parent], {}, began) == watching.look([file, file.parent])


def test_a_file_from_the_future_is_not_read_for_ever(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a file server whose clock is ahead, every time stamp is later than the moment of reading."""
    written = file.stat().st_ctime_ns
    monkeypatch.setattr(time, "time_ns", lambda: written - 10**9)
    assert watching.look_after_reading([file], {}, written - 2 * 10**9) == watching.look([file])


def test_a_path_that_is_no_longer_read_is_forgotten(file: Path) -> None:
    before = watching.look([file, file.parent])
    assert set(watching.look_after_reading([file], before, time.time_ns())) == {file}


class Clock:
    """Time that passes only in sleep; ``happens`` is what others do meanwhile, one after the other."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *happens: Callable[[], object]) -> None:
        self.waited: list[float] = []
        self._happens = iter(happens)
        self._began = time.time_ns()
        monkeypatch.setattr(time, "sleep", self._sleep)
        monkeypatch.setattr(time, "time_ns", lambda: self._began)

    def _sleep(self, seconds: float) -> None:
        self.waited.append(seconds)
        next(self._happens, lambda: None)()


def test_settled_waits_until_writing_in_place_ends(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = watching.look([file])
    file.write_text("a")
    clock = Clock(monkeypatch, lambda: file.write_text("ab"), lambda: file.write_text("abc"))
    watching.settled(before)
    assert len(clock.waited) == 3
    assert max(clock.waited) == pytest.approx(watching.SETTLE_SECONDS, abs=0.02)


def test_a_file_that_was_replaced_waits_for_others_only(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = watching.look([file])
    rewrite(file)
    clock = Clock(monkeypatch)
    watching.settled(before)
    assert sum(clock.waited) <= watching.TOGETHER_SECONDS


def test_a_file_that_is_written_anew_in_steps_is_waited_for(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = watching.look([file])
    file.rename(file.with_name("site.yaml~"))
    file.write_text("a")
    clock = Clock(monkeypatch, lambda: file.write_text("ab"))
    watching.settled(before)
    assert len(clock.waited) == 2
    assert sum(clock.waited) > watching.SETTLE_SECONDS


def empty(path: Path) -> None:
    """A new file without anything in it yet."""
    path.unlink()
    path.touch()


@pytest.mark.parametrize("change", [Path.unlink, empty], ids=["removed", "empty"])
def test_a_file_that_may_be_about_to_be_written_is_waited_for(
    file: Path, change: Callable[[Path], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = watching.look([file])
    change(file)
    clock = Clock(monkeypatch, lambda: file.write_text("here"))
    watching.settled(before)
    assert clock.waited[0] == pytest.approx(watching.SETTLE_SECONDS, abs=0.02)
    assert len(clock.waited) == 2


def test_a_new_file_of_a_folder_is_waited_for_while_it_grows(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = watching.look([file, file.parent])
    new = file.with_name("new.yaml")
    new.write_text("a")
    clock = Clock(monkeypatch, lambda: new.write_text("ab"), lambda: new.write_text("abc"))
    watching.settled(before)
    assert len(clock.waited) == 3


def test_what_has_been_at_rest_for_long_is_not_waited_for(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = watching.look([file])
    file.write_text("longer")
    now = time.time_ns() + 10**9
    clock = Clock(monkeypatch)
    monkeypatch.setattr(time, "time_ns", lambda: now)
    watching.settled(before)
    assert clock.waited == []


def test_settled_gives_up_on_a_file_that_never_rests(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = watching.look([file])
    file.write_text("x")
    clock = Clock(monkeypatch, *[lambda size=size: file.write_text("x" * size) for size in range(2, 100)])
    watching.settled(before)
    assert 1.0 < sum(clock.waited) <= 3.1


def test_ticks_come_at_once_on_a_change_and_end_when_woken(file: Path) -> None:
    wake = threading.Event()
    ticks = watching.ticks([file], wake)
    next(ticks)
    threading.Timer(0.05, file.write_text, ["longer"]).start()
    began = time.monotonic()
    next(ticks)
    assert time.monotonic() - began < 0.45
    wake.set()
    assert list(ticks) == []


def test_ticks_come_without_events_too(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "no inotify watches left")

    monkeypatch.setattr("watchfiles.watch", refuse)
    monkeypatch.setattr(watching, "TICK_MS", 10)
    wake = threading.Event()
    ticks = watching.ticks([file], wake)
    next(ticks)
    next(ticks)
    wake.set()
    assert list(ticks) == []
