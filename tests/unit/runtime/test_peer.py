"""Who is at the other end of a socket."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from hapilot.runtime import peer

NOBODY = 4_000_000_000
"""A user id that no machine has."""


def test_the_other_end_is_known_by_the_kernel() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    with ours, theirs:
        assert peer.of(ours) == peer.Peer(os.getpid(), os.geteuid())


@pytest.mark.parametrize(("uid", "may"), [(os.geteuid(), True), (0, True), (NOBODY, False)])
def test_our_user_and_root_may_order(uid: int, may: bool) -> None:
    assert peer.Peer(1, uid).may_order is may


@pytest.mark.parametrize(
    ("uid", "pid", "login", "said"),
    [
        (0, 7, "4294967295", "root (pid 7)"),
        (0, 7, "0", "root (pid 7)"),
        (0, 7, None, "root (pid 7)"),
        (0, 7, "not a number", "root (pid 7)"),
        (0, 7, str(NOBODY), f"user {NOBODY} as root (pid 7)"),
        (NOBODY, 7, None, f"user {NOBODY} (pid 7)"),
        (0, 0, None, "root"),
    ],
)
def test_how_it_is_described(tmp_path: Path, uid: int, pid: int, login: str | None, said: str) -> None:
    if login is not None:
        (tmp_path / str(pid)).mkdir()
        (tmp_path / str(pid) / "loginuid").write_text(login)
    assert peer.Peer(pid, uid).described(tmp_path) == said
