"""The exported unit's own command, with what systemd gives a service and nothing else of what a shell has."""

from __future__ import annotations

import shlex
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from hapilot.runtime import files, process
from support import servers

from .conftest import PATIENCE, Hapilot, until

pytestmark = [pytest.mark.haproxy, pytest.mark.system]


@pytest.fixture
def runtime() -> Generator[Path]:
    """The directory of sockets, whose names have to fit: those of pytest's folders are long."""
    with tempfile.TemporaryDirectory(prefix="hapilot-", dir="/tmp", ignore_cleanup_errors=True) as made:
        # HAProxy's worker may be another user, who has to pass.
        Path(made).chmod(0o711)
        yield Path(made)


@pytest.fixture
def site(each_hapilot: Hapilot, stand: servers.Stand) -> Generator[Path]:
    """A site that is where a service sees it."""
    path = Path("/dev/shm") / f"hapilot-{each_hapilot.port}.yaml"
    path.write_text(each_hapilot.plain(stand.http("shop").port).read_text())
    yield path
    path.unlink()


def test_the_command_of_the_unit_in_the_environment_of_a_service(each_hapilot: Hapilot, site: Path, runtime: Path, tmp_path: Path) -> None:
    state = tmp_path / "service"
    state.mkdir(mode=0o700)
    unit = each_hapilot.json("export", "systemd", site, "--program", "/usr/bin/hapilot")["files"][0]["text"]
    lines = dict(line.split("=", 1) for line in unit.splitlines() if line.startswith("Exec"))
    assert lines["ExecReload"] == "/usr/bin/hapilot apply"
    program, *arguments = shlex.split(lines["ExecStart"])
    assert program == "/usr/bin/hapilot"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
        notified.bind(str(tmp_path / "n"))
        notified.settimeout(PATIENCE)
        given = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin",
            "LANG": "C.UTF-8",
            "USER": "hapilot",
            "NOTIFY_SOCKET": str(tmp_path / "n"),
            "WATCHDOG_USEC": "180000000",
            "STATE_DIRECTORY": str(state),
            "RUNTIME_DIRECTORY": str(runtime),
            "INVOCATION_ID": "0123456789abcdef0123456789abcdef",
            "HAPILOT_HAPROXY": str(each_hapilot.program),
        }
        python = [sys.executable, "-m", "hapilot"]
        with (tmp_path / "out").open("wb") as out:
            started = subprocess.Popen(
                [*python, *arguments], env=given, cwd="/", stdout=out, stderr=out, stdin=subprocess.DEVNULL, umask=0o077
            )
        try:
            ready = dict(line.split("=", 1) for line in notified.recv(4096).decode().splitlines())
            assert (ready["READY"], ready["MAINPID"], ready["WATCHDOG"]) == ("1", str(started.pid), "1")
            assert each_hapilot.get() == "shop"
            assert (state / "run").readlink() == runtime
            running = process.adopt(files.StateDirectory(state))
            assert running is not None
            assert running.run_dir == runtime
            reload = subprocess.run([*python, "apply"], env=given, cwd="/", capture_output=True, text=True, timeout=60, check=False)
            assert reload.returncode == 0, reload.stderr
        finally:
            started.send_signal(signal.SIGTERM)
            assert started.wait(PATIENCE) == 0
    until(lambda: each_hapilot.get() is None, "it has ended")
    assert not runtime.exists(), "where it may, it leaves nothing behind"
