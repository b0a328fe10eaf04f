"""Deaths and hangs of a real HAProxy and of hapilot: what serves on, what is started again, and what is still known afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import time
from pathlib import Path

import pytest

from hapilot.runtime import identity, observe, process
from support import client, servers

from .conftest import PATIENCE, Hapilot, Up, until

pytestmark = [pytest.mark.haproxy, pytest.mark.system]

SLOW_TO_RISE = "{http: /healthy, every: 500ms, fall: 1, rise: 100}"
"""A server that was down is not up again for 50 s, whatever it answers; one that HAProxy knows nothing of is up at once."""


def known(hapilot: Hapilot, checked: int, unchecked: int, more: str = "") -> Path:
    """A service with a health check, and one without."""
    return hapilot.write(
        f'listeners:\n  web: {{bind: "127.0.0.1:{hapilot.port}"}}\n'
        f"services:\n  ill:\n    {{tls: none, listener: web, path: /ill, health: {SLOW_TO_RISE}{more},\n"
        f'     servers: [{{name: one, address: "127.0.0.1:{checked}"}}]}}\n'
        f'  shop: {{tls: none, listener: web, servers: ["127.0.0.1:{unchecked}"], health: off}}\n'
    )


def health(hapilot: Hapilot) -> str:
    """Of the server that is checked."""
    found = hapilot.json("status")["services"]
    return next(service["servers"][0]["health"] for service in found if service["name"] == "ill")


def ill(hapilot: Hapilot, stand: servers.Stand, *arguments: str) -> tuple[Up, servers.Server]:
    """A site whose checked server is known to be down, and is well again: only what is remembered keeps it out."""
    server = stand.http("ill")
    server.answers["/healthy"] = 500
    known(hapilot, server.port, stand.http("shop").port)
    up = hapilot.up(*arguments)
    until(lambda: health(hapilot).startswith("DOWN"), "the check fails")
    file = hapilot.state.root / "servers.known"
    written = file.stat().st_mtime_ns if file.exists() else 0
    until(lambda: file.exists() and file.stat().st_mtime_ns > written, "it is remembered")
    server.answers["/healthy"] = 200
    return up, server


def worker(hapilot: Hapilot) -> int:
    """The one that serves."""
    return observe.observe(hapilot.haproxy().run_dir).info.pid


@pytest.mark.parametrize("victim", ["master", "worker"])
def test_a_killed_haproxy_comes_back_and_knows_its_servers(each_hapilot: Hapilot, stand: servers.Stand, victim: str) -> None:
    up, server = ill(each_hapilot, stand)
    assert each_hapilot.run("maintain", "shop").returncode == 0
    assert each_hapilot.get() is None
    os.kill(each_hapilot.haproxy().pid if victim == "master" else worker(each_hapilot), signal.SIGKILL)
    up.wait_said("HAProxy has ended without being asked to; next attempt in 1 s")
    up.wait_said("HAProxy was started again")
    assert health(each_hapilot).startswith("DOWN")
    for _ in range(5):
        assert each_hapilot.get("/ill") is None
        assert each_hapilot.get() is None, "what is under maintenance stays so"
    assert [one.target for one in server.requests if one.target != "/healthy"] == []
    assert each_hapilot.run("enable", "shop").returncode == 0
    assert each_hapilot.get() == "shop"


def test_both_are_killed_and_the_next_one_knows_the_servers(each_hapilot: Hapilot, stand: servers.Stand) -> None:
    up, _ = ill(each_hapilot, stand)
    killed = each_hapilot.haproxy()
    up.process.kill()
    os.kill(killed.pid, signal.SIGKILL)
    until(lambda: not killed.is_alive, "it ends")
    again = each_hapilot.up()
    assert "HAProxy started" in again.said
    assert "generation 1" in again.said
    assert health(each_hapilot).startswith("DOWN")
    assert each_hapilot.get() == "shop"


@pytest.mark.parametrize("by", ["reload", "death"])
def test_a_service_that_came_without_a_reload_is_known_too(each_hapilot: Hapilot, stand: servers.Stand, by: str) -> None:
    """HAProxy has it under the name of a prepared backend, until it reads the files."""
    port, dead = stand.http("shop").port, stand.http("ill")
    dead.stop()

    def save(seconds: int, more: str = "") -> None:
        each_hapilot.write(
            f'listeners:\n  web: {{bind: "127.0.0.1:{each_hapilot.port}"}}\ndefaults: {{timeouts: {{connect: {seconds}s}}}}\n'
            f'services:\n  shop: {{tls: none, host: shop.example.test, listener: web, servers: ["127.0.0.1:{port}"]}}\n{more}'
        )

    more = f'  ill: {{tls: none, host: ill.example.test, listener: web, servers: [{{name: one, address: "127.0.0.1:{dead.port}"}}]}}\n'
    save(1)
    up = each_hapilot.up()
    save(1, more)
    up.wait_said("applied: generation 2 (runtime)")
    # Of a server that it knows nothing of HAProxy says for six seconds, three checks, that it is up.
    until(lambda: health(each_hapilot).startswith("DOWN"), "the checks fail")
    file = each_hapilot.state.root / "servers.known"
    until(lambda: " ill 1 one 127.0.0.1 0 " in file.read_text(), "it is remembered")
    if by == "reload":
        save(2, more)
        up.wait_said("applied: generation 3 (reload)")
    else:
        os.kill(each_hapilot.haproxy().pid, signal.SIGKILL)
        up.wait_said("HAProxy was started again")
    assert health(each_hapilot).startswith("DOWN")
    backends = (service["backend"] for service in each_hapilot.json("status")["services"])
    assert set(backends) == {"shop", "ill"}


def test_after_an_end_on_purpose_every_server_gets_its_chance(each_hapilot: Hapilot, stand: servers.Stand) -> None:
    up, _ = ill(each_hapilot, stand)
    assert each_hapilot.run("maintain", "shop").returncode == 0
    assert up.end() == 0
    each_hapilot.up()
    assert health(each_hapilot).startswith("UP")
    assert each_hapilot.get("/ill") == "ill"
    assert each_hapilot.get() is None


def test_a_server_that_is_another_one_now_is_not_taken_for_dead(each_hapilot: Hapilot, stand: servers.Stand) -> None:
    up, _ = ill(each_hapilot, stand)
    killed = each_hapilot.haproxy()
    up.process.kill()
    os.kill(killed.pid, signal.SIGKILL)
    until(lambda: not killed.is_alive, "it ends")
    known(each_hapilot, stand.http("well").port, stand.http("shop").port)
    each_hapilot.up()
    assert each_hapilot.get("/ill") == "well"


def test_the_machine_starts_again(each_hapilot: Hapilot, stand: servers.Stand) -> None:
    """Nothing runs, /run is empty, and what is on the disk names processes that are others now."""
    each_hapilot.plain(stand.http("shop").port)
    up = each_hapilot.up()
    killed = each_hapilot.haproxy()
    up.process.kill()
    os.kill(killed.pid, signal.SIGKILL)
    until(lambda: not killed.is_alive, "it ends")
    shutil.rmtree(killed.run_dir)
    each_hapilot.state.pid_file.write_text(f"{os.getpid()}\n")
    (each_hapilot.state.root / "hapilot.pid").write_text(f"{os.getpid()}\n")
    again = each_hapilot.up()
    assert "generation 1" in again.said
    assert each_hapilot.get() == "shop"
    assert again.end() == 0


def test_hapilot_leaves_and_haproxy_serves_on(each_hapilot: Hapilot, stand: servers.Stand) -> None:
    each_hapilot.plain(stand.http("shop").port)
    up = each_hapilot.up()
    before = worker(each_hapilot)
    with client.connect(("127.0.0.1", each_hapilot.port)) as download:
        download.send(b"GET /sse?count=20&interval=0.1 HTTP/1.1\r\nHost: shop.example.test\r\n\r\n")
        until(lambda: download.read().body, "the first bytes")
        up.process.send_signal(signal.SIGUSR2)
        # What systemd says right after it.
        assert up.end() == 0
        assert f"ended; HAProxy serves on as process {each_hapilot.haproxy().pid}" in up.said
        assert each_hapilot.get() == "shop"
        again = each_hapilot.up()
        assert "adopted, nothing to change" in again.said
        assert b"data: 19\n" in download.read_to_end().body
    assert worker(each_hapilot) == before
    assert again.end() == 0
    assert each_hapilot.get() is None


def test_old_workers_are_shown_and_may_not_stay_for_ever(each_hapilot: Hapilot, stand: servers.Stand) -> None:
    port = stand.http("shop").port
    each_hapilot.plain(port)
    up = each_hapilot.up("--old-workers", "4s", "--stop-seconds", "1")
    assert each_hapilot.run("plan", "--detailed-exitcode").returncode == 0
    with client.connect(("127.0.0.1", each_hapilot.port)) as download:
        download.send(b"GET /sse?count=600&interval=0.1 HTTP/1.1\r\nHost: shop.example.test\r\n\r\n")
        until(lambda: download.read().body, "the first bytes")
        before = worker(each_hapilot)
        each_hapilot.plain(port, extra="defaults: {timeouts: {connect: 1s}}\n")
        up.wait_said("applied: generation 2 (reload)")
        began = time.monotonic()
        (left,) = each_hapilot.json("status")["old_workers"]
        assert (left["pid"], left["sessions"]) == (before, 1)
        assert f"old worker {before}, " in each_hapilot.run("status").stdout
        assert "finishes 1 connections" in each_hapilot.run("status").stdout
        assert b"data: 599\n" not in download.read_to_end().body
        assert 2 < time.monotonic() - began < PATIENCE
    until(lambda: each_hapilot.json("status")["old_workers"] == [], "the old worker ends")


def test_old_workers_must_have_more_time_than_the_end(hapilot: Hapilot) -> None:
    done = hapilot.run("up", hapilot.site, "--old-workers", "30s")
    assert done.returncode == 2
    assert "--old-workers must be longer than --stop-seconds" in done.stderr


class Notified:
    """What systemd gets."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.seen: list[tuple[float, dict[str, str]]] = []

    @property
    def env(self) -> dict[str, str]:
        """As systemd sets it."""
        return {"NOTIFY_SOCKET": str(self.path), "WATCHDOG_USEC": "2000000"}

    def read(self) -> list[dict[str, str]]:
        """All messages so far."""
        while True:
            try:
                text = self.socket.recv(4096, socket.MSG_DONTWAIT).decode()
            except BlockingIOError:
                return [fields for _, fields in self.seen]
            self.seen.append((time.monotonic(), dict(line.split("=", 1) for line in text.splitlines())))

    def has(self, *fields: str) -> bool:
        """Whether a message had them."""
        return any(all("=" in one and found.get(one.split("=", 1)[0]) == one.split("=", 1)[1] for one in fields) for found in self.read())


def test_a_haproxy_that_hangs_fails_the_change_and_not_the_next_one(each_hapilot: Hapilot, stand: servers.Stand, tmp_path: Path) -> None:
    port = stand.http("shop").port
    each_hapilot.plain(port)
    notified = Notified(tmp_path / "n")
    with notified.socket:
        up = each_hapilot.start("--reload-seconds", "3", env=notified.env)
        until(lambda: notified.has("READY=1", f"MAINPID={up.process.pid}"), "it is ready")
        until(lambda: sum("WATCHDOG" in each for each in notified.read()) > 3, "it is alive")
        master = each_hapilot.haproxy()
        os.kill(master.pid, signal.SIGSTOP)
        try:
            each_hapilot.plain(port, extra="defaults: {timeouts: {connect: 1s}}\n")
            until(lambda: notified.has("RELOADING=1"), "the change begins")
            began = time.monotonic()
            while time.monotonic() < began + 2:
                notified.read()
                time.sleep(0.02)
            # The loop hangs in the reload: the watchdog must see that.
            assert [when for when, _ in notified.seen if when > began + 0.5] == []
            assert each_hapilot.get() == "shop"
            up.wait_said("HAProxy did not finish its reload in 3 s")
        finally:
            os.kill(master.pid, signal.SIGCONT)
        until(lambda: notified.read()[-1].keys() == {"WATCHDOG"}, "it is alive again")
    assert "not applied, the former state serves on" in up.said
    current, serving = each_hapilot.state.current(), each_hapilot.state.serving()
    assert current is not None
    assert serving is not None
    assert (current.number, serving.number) == (1, 1)
    done = each_hapilot.run("apply")
    assert done.returncode == 0, done.stderr
    serving = each_hapilot.state.serving()
    assert serving is not None
    assert serving.number > 1
    assert each_hapilot.get() == "shop"
    assert identity.is_alive(master.identity)
    assert up.end() == 0


def test_a_new_worker_that_hangs_is_replaced_by_the_former_state(each_hapilot: Hapilot, stand: servers.Stand) -> None:
    port = stand.http("shop").port
    each_hapilot.plain(port)
    up = each_hapilot.up("--reload-seconds", "3")
    pipe = each_hapilot.haproxy().run_dir / "pipe"
    os.mkfifo(pipe)
    pipe.chmod(0o644)
    script = each_hapilot.folder / "mute.lua"
    # It waits for a writer that does not come; of root's HAProxy the folder is all that it sees.
    script.write_text(f'core.register_task(function() io.open("/pipe"); io.open("{pipe}") end)\n')
    each_hapilot.plain(port, extra=f'raw: {{global: ["nbthread 1", "lua-load {script}"]}}\n')
    up.wait_said("HAProxy was reloaded, and its new worker does not answer")
    up.wait_said("not applied, the former state serves on")
    assert {each_hapilot.get() for _ in range(10)} == {"shop"}
    each_hapilot.plain(port, extra="defaults: {timeouts: {connect: 1s}}\n")
    up.wait_said("(reload)")
    assert {each_hapilot.get() for _ in range(10)} == {"shop"}
    running = process.adopt(each_hapilot.state)
    assert running is not None
    until(lambda: all(one.sessions is not None for one in observe.observe_workers(running.run_dir)), "no worker hangs")
