"""``hapilot export systemd`` under a real systemd: what a start, restart, reload, crash, hang and stop of the service do to connections.

One test for each HAProxy, for each boots a systemd of its own.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from e2e import systemd
from support import haproxy

pytestmark = [pytest.mark.haproxy, pytest.mark.system]

NAME = "front-door"
SITE = """\
listeners: {web: {bind: ":80"}}
services: {shop: {listener: web, tls: none, servers: ["127.0.0.1:9001"]}}
defaults: {timeouts: {connect: %ds}}
"""
SERVER = """\
import http.server, time
class Paced(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        for _ in range(60 if self.path == "/paced" else 1):
            self.wfile.write(b"x")
            time.sleep(0.1)
http.server.ThreadingHTTPServer(("127.0.0.1", 9001), Paced).serve_forever()
"""
NET_BIND_SERVICE = 1 << 10
"""capabilities(7)."""


def until(holds: Callable[[], object], what: str, seconds: float = 30.0) -> None:
    """Waits until ``holds``."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def get(inside: systemd.Systemd, path: str = "/") -> str:
    """The status and the body."""
    return inside.run("curl", "--silent", "--max-time", "20", "--write-out", " %{http_code}", f"http://127.0.0.1{path}", check=False)


@contextlib.contextmanager
def download(inside: systemd.Systemd) -> Generator[None]:
    """One that takes six seconds goes on meanwhile, and comes to its end."""
    got: list[str] = []
    reader = threading.Thread(target=lambda: got.append(get(inside, "/paced")))
    reader.start()
    time.sleep(0.5)
    yield
    reader.join()
    assert got == ["x" * 60 + " 200"]


@contextlib.contextmanager
def serving(inside: systemd.Systemd) -> Generator[None]:
    """A server for the site."""
    server = subprocess.Popen(inside.command(sys.executable, "-c", SERVER), stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        server.kill()
        server.wait(10)


def install(inside: systemd.Systemd, folder: Path, program: Path) -> None:
    """As the comments in the unit say, with the HAProxy to use and a quick watchdog."""
    save(inside, folder, SITE % 1)
    inside.run(systemd.PROGRAM, "export", "systemd", "/etc/hapilot/site.yaml", "--program", systemd.PROGRAM, "--name", NAME, "-o", folder)
    inside.run("install", "-D", "-m", "644", folder / f"{NAME}.sysusers.conf", f"/etc/sysusers.d/{NAME}.conf")
    inside.run("systemd-sysusers")
    inside.run("install", "-m", "644", folder / f"{NAME}.service", "/etc/systemd/system/")
    more = folder / "more.conf"
    more.write_text(f"[Service]\nEnvironment=HAPILOT_HAPROXY={program}\nWatchdogSec=3\nTimeoutAbortSec=1\n")
    inside.run("install", "-D", "-m", "644", more, f"/etc/systemd/system/{NAME}.service.d/more.conf")
    inside.run("systemctl", "daemon-reload")


def save(inside: systemd.Systemd, folder: Path, text: str) -> None:
    """The site file."""
    (folder / "site.yaml").write_text(text)
    inside.run("install", "-D", "-m", "644", folder / "site.yaml", "/etc/hapilot/site.yaml")


def master(inside: systemd.Systemd) -> str:
    """HAProxy's process."""
    return inside.run("cat", f"/var/lib/{NAME}/haproxy.pid").strip()


def main_pid(inside: systemd.Systemd) -> str:
    """hapilot's process."""
    return inside.show(NAME, "MainPID")


def is_served(inside: systemd.Systemd) -> bool:
    """By the service, as systemd sees it."""
    return get(inside) == "x 200" and inside.show(NAME, "ActiveState") == "active"


def test_the_service_keeps_its_connections(haproxy_path: Path, tmp_path: Path) -> None:
    haproxy.require_root("systemd is process 1 of a namespace")
    haproxy.require("systemd-analyze", "there is no systemd without it")
    tmp_path.chmod(0o755)
    # The embedded one is at another place inside.
    program = haproxy_path if haproxy_path.is_relative_to("/usr") else Path("embedded")
    with systemd.booted(tmp_path / "log") as inside, serving(inside):
        install(inside, tmp_path, program)
        inside.run("systemctl", "start", NAME)
        assert is_served(inside), "it is started when it serves"
        _has_few_rights(inside)
        first = master(inside)
        _restarts_and_crashes(inside, first)
        _reloads(inside, tmp_path, first)
        _dies_and_stops(inside, first)


def _has_few_rights(inside: systemd.Systemd) -> None:
    uid = inside.run("id", "-u", "hapilot").strip()
    for pid in (main_pid(inside), master(inside)):
        status = dict(line.split(":\t", 1) for line in inside.run("cat", f"/proc/{pid}/status").splitlines() if ":\t" in line)
        assert set(status["Uid"].split()) == {uid}
        assert {int(status[name], 16) for name in ("CapEff", "CapPrm", "CapBnd")} == {NET_BIND_SERVICE}
        assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    assert inside.run("readlink", f"/var/lib/{NAME}/run").strip() == f"/run/{NAME}"


def _restarts_and_crashes(inside: systemd.Systemd, first: str) -> None:
    with download(inside):
        before = main_pid(inside)
        inside.run("systemctl", "restart", NAME)
        assert main_pid(inside) != before
        assert is_served(inside)
        for number in ("KILL", "STOP"):
            # A hapilot that hangs is ended by the watchdog.
            before = main_pid(inside)
            inside.run("kill", "-s", number, before)
            until(lambda before=before: main_pid(inside) not in ("0", before) and is_served(inside), f"it is back after SIG{number}")
    assert master(inside) == first, "HAProxy has seen nothing of it"


def _reloads(inside: systemd.Systemd, folder: Path, first: str) -> None:
    with download(inside):
        save(inside, folder, SITE % 2)
        inside.run("systemctl", "reload", NAME)
        assert "connect 2s" in inside.run("cat", f"/var/lib/{NAME}/serving/haproxy.cfg")
        save(inside, folder, "listeners: [\n")
        assert "failed" in inside.run("systemctl", "reload", NAME, check=False)
        assert is_served(inside)
    assert master(inside) == first
    save(inside, folder, SITE % 2)


def _dies_and_stops(inside: systemd.Systemd, first: str) -> None:
    inside.run("kill", "-s", "KILL", first)
    until(lambda: is_served(inside), "HAProxy is started again")
    assert master(inside) != first
    inside.run("systemctl", "stop", NAME)
    assert inside.show(NAME, "Result") == "success"
    assert get(inside).endswith(" 000")
    assert inside.run("ps", "-o", "pid=", "-u", "hapilot", check=False).strip() == ""
    assert inside.run("ls", f"/run/{NAME}") == ""
