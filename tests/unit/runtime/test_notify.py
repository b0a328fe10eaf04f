"""Datagrams to systemd."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

from hapilot.runtime import notify


def test_messages(tmp_path: Path) -> None:
    for address, name in ((str(tmp_path / "n"), str(tmp_path / "n")), (f"\0hapilot-test-{os.getpid()}", f"@hapilot-test-{os.getpid()}")):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
            server.bind(address)
            server.settimeout(5)
            given = {"NOTIFY_SOCKET": name}
            assert notify.ready("two\nlines", given)
            assert server.recv(999) == f"READY=1\nMAINPID={os.getpid()}\nSTATUS=two lines".encode()
            assert notify.reloading("x", given)
            assert server.recv(999).startswith(b"RELOADING=1\nMONOTONIC_USEC=")
            assert notify.stopping("x", given)
            assert server.recv(999) == b"STOPPING=1\nSTATUS=x"
            assert notify.status("y", given)
            assert server.recv(999) == b"STATUS=y"


def test_nobody_listens(tmp_path: Path) -> None:
    assert not notify.ready("x", {})
    assert not notify.ready("x", {"NOTIFY_SOCKET": str(tmp_path / "none")})


def test_reloading_says_since_when(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(tmp_path / "n"))
        began = time.monotonic_ns() // 1000
        assert notify.reloading("x", {"NOTIFY_SOCKET": str(tmp_path / "n")})
        since = int(server.recv(999).split(b"MONOTONIC_USEC=")[1].split()[0])
    assert began <= since <= time.monotonic_ns() // 1000


def test_the_watchdog_gets_what_it_waits_for_and_nothing_where_it_does_not(tmp_path: Path) -> None:
    ours, other = str(os.getpid()), str(os.getpid() + 1)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(tmp_path / "n"))
        server.settimeout(5)
        given = {"NOTIFY_SOCKET": str(tmp_path / "n")}
        for more in ({}, {"WATCHDOG_USEC": "0"}, {"WATCHDOG_USEC": "x"}, {"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": other}):
            assert not notify.watchdog(given | more)
        for more in ({"WATCHDOG_USEC": "30000000"}, {"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": ours}):
            assert notify.watchdog(given | more)
            assert server.recv(999) == b"WATCHDOG=1"
            # A change may take long: its beginning and its end count, too.
            assert notify.reloading("x", given | more)
            assert server.recv(999).endswith(b"\nWATCHDOG=1")
            assert notify.ready("x", given | more)
            assert server.recv(999).endswith(b"\nWATCHDOG=1")
