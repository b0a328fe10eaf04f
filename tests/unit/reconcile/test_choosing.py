"""Which HAProxy ``up`` works with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from hapilot.base import errors
from hapilot.reconcile import choosing
from hapilot.runtime import binary, files, process

STATE = files.StateDirectory(Path("/nowhere"))


def haproxy(path: Path, version: str = "2.8.1") -> binary.Haproxy:
    """A HAProxy at a path."""
    return binary.Haproxy(path, (2, 8), version, frozenset(), "OpenSSL", "never", "system")


@dataclass
class Master:
    """What is asked of a running one."""

    program: Path | None
    pid: int = 42


def runs(monkeypatch: pytest.MonkeyPatch, master: Master | None) -> None:
    """Makes ``master`` the one that runs."""

    def adopt(_: files.StateDirectory) -> Master | None:
        return master

    monkeypatch.setattr(process, "adopt", adopt)


@pytest.mark.parametrize("master", [None, Master(None), Master(Path("/usr/sbin/haproxy"))])
def test_the_chosen_one_where_no_other_runs(monkeypatch: pytest.MonkeyPatch, master: Master | None) -> None:
    runs(monkeypatch, master)
    chosen = haproxy(Path("/usr/sbin/haproxy"))
    assert choosing.settle(chosen, STATE) == (chosen, "")


def test_a_link_to_the_same_program_is_no_other(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "haproxy").touch()
    (tmp_path / "link").symlink_to("haproxy")
    runs(monkeypatch, Master(tmp_path / "link"))
    assert choosing.settle(haproxy(tmp_path / "haproxy"), STATE)[1] == ""


def test_another_that_runs_is_kept_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    runs(monkeypatch, Master(Path("/opt/haproxy")))

    def choose(path: str) -> binary.Haproxy:
        return haproxy(Path(path), "2.6.12")

    monkeypatch.setattr(binary, "choose", choose)
    own, note = choosing.settle(haproxy(Path("/usr/sbin/haproxy")), STATE)
    assert own.path == Path("/opt/haproxy")
    assert note == (
        "HAProxy 2.6.12 (/opt/haproxy) runs already and is kept; 2.8.1 (/usr/sbin/haproxy) was chosen: "
        "to change over, end this hapilot with SIGTERM and start it again"
    )


def test_another_that_is_gone_from_the_disk_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    runs(monkeypatch, Master(Path("/nowhere/haproxy")))
    with pytest.raises(errors.HaproxyMissing, match="can't be reloaded any more") as refused:
        choosing.settle(haproxy(Path("/usr/sbin/haproxy")), STATE)
    assert refused.value.hint == "end it with `kill 42` and start hapilot again"
