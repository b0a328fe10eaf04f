"""``hapilot up`` and its surroundings: what stands in its way, and who watches it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from hapilot.runtime import process
from support import haproxy, servers

from .conftest import PATIENCE, Hapilot, until

pytestmark = [pytest.mark.haproxy, pytest.mark.system]


def test_a_second_up_is_told_who_holds_the_state(hapilot: Hapilot, stand: servers.Stand) -> None:
    hapilot.plain(stand.http("shop").port)
    up = hapilot.up()
    said = hapilot.refused()
    assert f"error {hapilot.state.root} is in use by `hapilot up {hapilot.site}` (process {up.process.pid})" in said
    assert hapilot.get() == "shop"


def test_a_site_with_errors_is_not_started(hapilot: Hapilot) -> None:
    hapilot.write(f'services:\n  shop:\n    hots: a.test\n    servers: ["127.0.0.1:{hapilot.port}"]\n')
    said = hapilot.refused()
    assert said.count(f"{hapilot.site}:3:5 error[unknown-key]") == 1
    assert "did you mean 'host'?" in said
    assert said.endswith("error the site has 1 error\n")
    assert hapilot.run("status").returncode == 1


@pytest.mark.parametrize(
    ("bind", "code", "message"),
    [
        ("127.0.0.1:{taken}", "port-in-use", "127.0.0.1:{taken} is in use by "),
        ("192.0.2.55:{free}", "address-not-local", "no interface of this machine has the address 192.0.2.55"),
    ],
)
def test_an_address_that_can_not_be_had_is_said_with_its_place(
    hapilot: Hapilot, stand: servers.Stand, bind: str, code: str, message: str
) -> None:
    server = stand.http("shop")
    values = {"taken": server.port, "free": hapilot.port}
    hapilot.write(
        f"listeners:\n  web:\n    bind: '{bind.format(**values)}'\n"
        f"services:\n  shop: {{tls: none, listener: web, servers: ['127.0.0.1:{server.port}']}}\n"
    )
    said = hapilot.refused()
    assert f"{hapilot.site}:3:11 error[{code}] {message.format(**values)}" in said
    assert (f"(process {os.getpid()})" in said) == (code == "port-in-use")


def test_a_low_port_without_the_right_to_it(hapilot: Hapilot, tmp_path: Path) -> None:
    haproxy.require_root("it becomes another user")
    setpriv = haproxy.require("setpriv", "it gives up root's rights")
    hapilot.write("listeners:\n  web: {bind: '127.0.0.1:81'}\nservices:\n  shop: {tls: none, listener: web, servers: ['127.0.0.1:9']}\n")
    state = tmp_path / "low"
    state.mkdir()
    # The rights to bind and nothing else are given up: nobody could not reach the program in a private home.
    prefix = [setpriv, "--bounding-set=-net_bind_service", "--inh-caps=-net_bind_service"]
    said = hapilot.refused("--state", state, prefix=prefix)
    assert f"{hapilot.site}:2:15 error[port-privileged] this user may not open port 81" in said


def test_a_read_only_state_directory(hapilot: Hapilot) -> None:
    said = _on_file_system(hapilot, "mount -t tmpfs -o ro,size=1m none {folder}")
    assert said == (
        f"error can't make {hapilot.folder}/disk/state: the file system is read-only\n"
        "    mount it writable, or set HAPILOT_STATE to another directory\n"
    )


def test_a_full_state_directory(hapilot: Hapilot) -> None:
    said = _on_file_system(hapilot, "mount -t tmpfs -o size=16k none {folder} && head -c 4k /dev/zero > {folder}/filler")
    assert "the disk is full\n    free some space; what ran before still runs\n" in said
    assert said.count("error ") == 1


def _on_file_system(hapilot: Hapilot, mount: str) -> str:
    """What ``up`` says on a file system that only it sees."""
    haproxy.require_root("it mounts a file system")
    unshare = haproxy.require("unshare", "it mounts a file system that nobody else sees")
    hapilot.plain(9)
    disk = hapilot.folder / "disk"
    disk.mkdir()
    prefix = [unshare, "--mount", "sh", "-c", f'{mount.format(folder=disk)} && exec "$@"', "sh"]
    said = hapilot.refused("--state", disk / "state", prefix=prefix)
    return said.partition("state in ")[2].partition("\n")[2] or said


def test_another_haproxy_than_the_chosen_one_runs_already(hapilot: Hapilot, stand: servers.Stand) -> None:
    system = haproxy.require("haproxy", "two HAProxies are needed")
    embedded = haproxy.embedded()
    server, other = stand.http("shop"), stand.http("other")
    hapilot.program = system
    hapilot.plain(server.port)
    hapilot.up().end(signal.SIGKILL)
    hapilot.program = embedded
    up = hapilot.up()
    assert f"({system}) runs already and is kept; " in up.said
    assert f"({embedded}) was chosen: to change over, end this hapilot with SIGTERM and start it again" in up.said
    assert "adopted, nothing to change" in up.said
    hapilot.plain(other.port)
    up.wait_said("applied: generation 2 (")
    assert up.end() == 0
    assert "runs already" not in hapilot.up().said


def test_serves_on_when_nobody_reads_its_output(hapilot: Hapilot, stand: servers.Stand) -> None:
    server, other = stand.http("shop"), stand.http("other")
    hapilot.plain(server.port)
    reader, writer = os.pipe()
    os.close(reader)
    up = subprocess.Popen(
        [sys.executable, "-m", "hapilot", "up", hapilot.site], env=hapilot.environment, stdout=writer, stderr=writer, cwd=hapilot.folder
    )
    os.close(writer)
    try:
        until(lambda: hapilot.get() == "shop", "served")
        hapilot.plain(other.port)
        until(lambda: hapilot.get() == "other", "a change is applied")
        assert up.poll() is None
    finally:
        up.terminate()
        assert up.wait(PATIENCE) == 0


def test_serves_on_where_what_it_says_can_not_be_written(hapilot: Hapilot, stand: servers.Stand) -> None:
    server, other = stand.http("shop"), stand.http("other")
    hapilot.plain(server.port)
    with Path("/dev/full").open("wb") as full:
        up = subprocess.Popen([sys.executable, "-m", "hapilot", "up", hapilot.site], env=hapilot.environment, stdout=full, stderr=full)
    try:
        until(lambda: hapilot.get() == "shop", "served")
        hapilot.plain(other.port)
        until(lambda: hapilot.get() == "other", "a change is applied")
        assert up.poll() is None
    finally:
        up.terminate()
        up.wait(PATIENCE)


def test_a_change_needs_no_place_for_temporary_files(hapilot: Hapilot, stand: servers.Stand) -> None:
    server, other = stand.http("shop"), stand.http("other")
    temporary = hapilot.folder / "temporary"
    temporary.mkdir()
    hapilot.plain(server.port)
    up = hapilot.start(env={"TMPDIR": str(temporary)})
    until(lambda: up.ready, "ready")
    temporary.rmdir()
    hapilot.plain(other.port)
    up.wait_said("generation 2")
    assert hapilot.get() == "other"


def test_haproxy_does_not_see_passwords(each_hapilot: Hapilot, stand: servers.Stand) -> None:
    admin = f'admin: {{stats: {{bind: "127.0.0.1:{each_hapilot.other_port}", users: {{anna: {{password_env: STATS_WORD}}}}}}}}\n'
    server = stand.http("shop")
    each_hapilot.plain(server.port, extra=admin)
    up = each_hapilot.start(env={"STATS_WORD": "s3cret-word", "OTHER_WORD": "plain-word"})
    until(lambda: up.ready or up.process.poll() is not None, "ready")
    first = each_hapilot.haproxy()
    _has_no_password(first)
    os.kill(first.pid, signal.SIGKILL)
    up.wait_said("HAProxy was started again")
    _has_no_password(each_hapilot.haproxy())


def _has_no_password(running: process.Process) -> None:
    worker = running.serving_worker()
    assert worker is not None
    for pid in (running.pid, worker):
        seen = Path(f"/proc/{pid}/environ").read_bytes()
        assert b"s3cret-word" not in seen
        assert b"plain-word" in seen


def test_systemd_is_told(hapilot: Hapilot, stand: servers.Stand, tmp_path: Path) -> None:
    hapilot.plain(stand.http("shop").port)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
        notified.bind(str(tmp_path / "n"))
        notified.settimeout(PATIENCE)
        up = hapilot.start(env={"NOTIFY_SOCKET": str(tmp_path / "n")})
        assert b"READY=1" in notified.recv(4096)
        assert hapilot.get() == "shop"
        up.end()
        told = b""
        while b"STOPPING=1" not in told:
            told = notified.recv(4096)


def test_the_default_state_directory_is_not_needed(hapilot: Hapilot, stand: servers.Stand) -> None:
    """--state wins over the environment."""
    hapilot.plain(stand.http("shop").port)
    hapilot.up()
    assert hapilot.run("status", "--state", hapilot.folder / "none").returncode == 1
