"""Datagrams to systemd."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from hapilot.runtime import notify


def test_messages(tmp_path: Path) -> None:
    for address, name in ((str(tmp_path / "n"), str(tmp_path / "n")), (f"\0hapilot-test-{os.getpid()}", f"@hapilot-test-{os.getpid()}")):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
            server.bind(address)
            server.settimeout(5)
            given = {"NOTIFY_SOCKET": name}
            assert notify.ready("two\nlines", given)
            assert server.recv(999) == b"READY=1\nSTATUS=two lines"
            assert notify.reloading("x", given)
            assert server.recv(999).startswith(b"RELOADING=1\nMONOTONIC_USEC=")
            assert notify.stopping("x", given)
            assert server.recv(999) == b"STOPPING=1\nSTATUS=x"
            assert notify.watchdog(given)
            assert server.recv(999) == b"WATCHDOG=1"
            assert notify.status("y", given)
            assert server.recv(999) == b"STATUS=y"


def test_nobody_listens(tmp_path: Path) -> None:
    assert not notify.ready("x", {})
    assert not notify.ready("x", {"NOTIFY_SOCKET": str(tmp_path / "none")})


def test_watchdog_interval() -> None:
    assert notify.watchdog_seconds({}) is None
    assert notify.watchdog_seconds({"WATCHDOG_USEC": "30000000"}) == 15.0
    assert notify.watchdog_seconds({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}) == (15.0 if os.getpid() == 1 else None)
