"""``apply``, ``confirm``, ``history`` and ``rollback`` with a running ``hapilot up``, and what becomes of them when it is killed."""

from __future__ import annotations

import json
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from hapilot.runtime import files
from support import haproxy, servers

from .conftest import PATIENCE, Hapilot, Up, until

pytestmark = pytest.mark.haproxy


def serving(hapilot: Hapilot) -> dict[str, Any]:
    """The row of the generation that serves."""
    return next(row for row in hapilot.json("history")["generations"] if row["serving"])


def killed(hapilot: Hapilot, up: Up) -> Up:
    """hapilot is killed and another one started."""
    up.end(signal.SIGKILL)
    return hapilot.up()


def test_apply_confirm_history_and_rollback(each_hapilot: Hapilot, stand: servers.Stand) -> None:
    """The way of an operator who wants to be asked, through everything once."""
    hapilot = each_hapilot
    one, two = stand.http("one"), stand.http("two")
    hapilot.plain(one.port)
    up = hapilot.up("--on-change", "ask")
    assert hapilot.state.control.stat().st_mode & 0o777 == 0o600
    hapilot.plain(two.port)
    up.wait_said("the site's files have changed: `hapilot apply` applies them")
    assert hapilot.get() == "one"

    done = hapilot.json("apply", hapilot.site, "--confirm", "60s")
    assert (done["ok"], done["how"], done["generation"], done["former"]) == (True, "runtime", 2, 1)
    assert done["changes"] == [f"service shop: server 127.0.0.1:{port} {what}" for port, what in _in_order(one.port, two.port)]
    assert done["reasons"] == [], "what was reloaded has a reason"
    assert 55 < done["confirm_seconds"] <= 60
    assert hapilot.get() == "two"
    assert "unless `hapilot confirm` keeps it" in hapilot.run("status").stdout
    assert hapilot.run("confirm").stdout == "generation 2 is confirmed\n"

    back = hapilot.run("rollback")
    assert back.stdout.startswith("rolled back to 1: generation 3 serves, before it 2 (")
    until(lambda: hapilot.get() == "one", "the former generation")
    assert "generation 3 since" in hapilot.run("status").stdout
    assert "; rolled back to 1" in hapilot.run("status").stdout
    assert hapilot.json("status")["rolled_back_to"] == 1
    assert [row["origin"] for row in hapilot.json("history")["generations"]] == ["start", "apply", "rollback to 1"]
    assert "generation 3, rolled back to 1, stays until the site's own files change, or `hapilot apply`" in up.said
    assert up.end() == 0
    assert not hapilot.state.control.exists()
    refused = hapilot.run("apply").stderr
    assert refused.startswith(f"error no `hapilot up` runs on {hapilot.state.root}\n    start it with `hapilot up SITE`")


def _in_order(one: int, two: int) -> list[tuple[int, str]]:
    return sorted([(one, "removed"), (two, "added")], key=lambda pair: str(pair[0]))


@pytest.mark.system
def test_a_trial_that_nobody_confirms_is_taken_back_though_hapilot_is_killed(each_hapilot: Hapilot, stand: servers.Stand) -> None:
    one, two = stand.http("one"), stand.http("two")
    each_hapilot.plain(one.port)
    up = each_hapilot.up("--on-change", "ask")
    each_hapilot.plain(two.port)
    assert each_hapilot.run("apply", "--confirm", "2s").returncode == 0
    up.end(signal.SIGKILL)
    assert each_hapilot.get() == "two"
    time.sleep(2)
    assert each_hapilot.get() == "two"  # HAProxy alone knows of no trial
    up = each_hapilot.up()
    assert "generation 2 goes: it was not confirmed within 2 s; bringing generation 1 back" in up.said
    until(lambda: each_hapilot.get() == "one", "the former generation")
    assert serving(each_hapilot)["origin"] == "not confirmed, back to 1"


@pytest.mark.system
def test_a_trial_goes_on_after_a_kill_and_can_be_confirmed(hapilot: Hapilot, stand: servers.Stand) -> None:
    one, two, three = stand.http("one"), stand.http("two"), stand.http("three")
    hapilot.plain(one.port)
    up = hapilot.up()
    hapilot.plain(two.port)
    # Whether the file or the order was faster does not matter.
    until(lambda: hapilot.run("apply", "--confirm", "60s").returncode == 0, "an order")
    assert hapilot.json("status")["confirm_until"] > time.time()
    up = killed(hapilot, up)
    assert "waits for `hapilot confirm` within" in up.said
    hapilot.plain(three.port)
    up.wait_said("the change is applied after that")
    assert hapilot.get() == "two"
    assert hapilot.run("confirm").returncode == 0
    until(lambda: hapilot.get() == "three", "the change that had to wait")


@pytest.mark.system
def test_a_trial_ends_by_itself(hapilot: Hapilot, stand: servers.Stand) -> None:
    one, two = stand.http("one"), stand.http("two")
    hapilot.plain(one.port)
    hapilot.up("--on-change", "ask")
    hapilot.plain(two.port)
    began = time.monotonic()
    assert hapilot.run("apply", "--confirm", "1s").returncode == 0
    assert hapilot.get() == "two"
    until(lambda: hapilot.get() == "one", "the former generation")
    assert 0.9 < time.monotonic() - began < 5
    late = hapilot.run("confirm")
    assert (late.returncode, late.stderr.splitlines()[0]) == (1, "error nothing waits to be confirmed")


@pytest.mark.system
def test_a_rollback_ends_when_the_file_changes_and_not_before(each_hapilot: Hapilot, stand: servers.Stand) -> None:
    hapilot = each_hapilot
    one, two, three = stand.http("one"), stand.http("two"), stand.http("three")
    hapilot.plain(one.port)
    up = hapilot.up()
    hapilot.plain(two.port)
    up.wait_said("applied: generation 2")
    assert hapilot.run("rollback", "1").returncode == 0
    hapilot.site.touch()
    up.wait_said("stays until the site's own files change, or `hapilot apply`: not applied")
    assert hapilot.get() == "one"
    hapilot.haproxy().stop(0.0)
    until(lambda: hapilot.get() == "one", "HAProxy is started again with what was rolled back to")
    up = killed(hapilot, up)
    up.end()
    up = hapilot.up()  # neither hapilot nor HAProxy ran
    assert hapilot.get() == "one"
    hapilot.plain(three.port)
    until(lambda: hapilot.get() == "three", "the next change of the file")
    assert hapilot.json("status")["rolled_back_to"] == 0


@pytest.mark.system
def test_a_refused_order_says_where_and_changes_nothing(hapilot: Hapilot, stand: servers.Stand) -> None:
    server = stand.http("shop")
    hapilot.plain(server.port)
    up = hapilot.up("--on-change", "ask")
    hapilot.plain(server.port, extra="    sevres: []\n")
    refused = hapilot.run("apply")
    assert refused.returncode == 1
    assert f"{hapilot.site}:5:5 error[yaml-syntax]" in refused.stderr
    said = json.loads(hapilot.run("apply", "--json").stdout)
    assert (said["ok"], said["diagnostics"][0]["code"]) == (False, "yaml-syntax")
    assert hapilot.get() == "shop"
    other = hapilot.folder / "other.yaml"
    other.write_text("")
    assert f"error this hapilot runs the site {hapilot.site}, not {other}" in hapilot.run("apply", other).stderr
    assert "there is no site at" in hapilot.run("apply", "nowhere.yaml").stderr
    assert hapilot.run("apply", "--confirm", "soon").returncode == 2
    assert hapilot.run("rollback", "7").stderr.startswith("error there is no generation 7\n")
    assert up.process.poll() is None


@pytest.mark.system
def test_many_orders_at_once_are_carried_out_one_after_the_other(hapilot: Hapilot, stand: servers.Stand) -> None:
    one, two = stand.http("one"), stand.http("two")
    hapilot.plain(one.port)
    up = hapilot.up()
    hapilot.plain(two.port)
    up.wait_said("applied: generation 2")
    rollback = [sys.executable, "-m", "hapilot", "rollback"]
    commands = [
        subprocess.Popen([*rollback, str(1 + number % 2), "--json"], env=hapilot.environment, stdout=subprocess.PIPE) for number in range(8)
    ]
    done = [json.loads(command.communicate(timeout=PATIENCE)[0]) for command in commands]
    assert all(one["ok"] for one in done)
    made = sorted(one["generation"] for one in done if one["how"] in ("reload", "runtime"))
    assert made == list(range(3, 3 + len(made)))
    last = max(done, key=lambda one: one["generation"])["generation"]
    assert serving(hapilot)["number"] == last
    assert [row["number"] for row in hapilot.json("history")["generations"]][-1] == last


@pytest.mark.system
def test_what_is_no_order_does_not_disturb(hapilot: Hapilot, stand: servers.Stand) -> None:
    hapilot.plain(stand.http("shop").port)
    up = hapilot.up()
    noise = random.Random(7)
    for _ in range(50):
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(PATIENCE)
            client.connect(str(hapilot.state.control))
            client.sendall(noise.randbytes(noise.randrange(1, 30000))[:30000] + b"\n")
            if noise.random() < 0.5:
                client.shutdown(socket.SHUT_WR)
                client.recv(65536)
    assert hapilot.run("apply").stdout == "nothing to change: generation 1 serves\n"
    assert up.process.poll() is None


@pytest.mark.system
def test_only_as_many_generations_are_kept_as_wanted(hapilot: Hapilot, stand: servers.Stand) -> None:
    ports = [stand.http(f"s{number}").port for number in range(5)]
    hapilot.plain(ports[0])
    up = hapilot.up("--keep", "2")
    for number, port in enumerate(ports[1:], 2):
        hapilot.plain(port)
        up.wait_said(f"applied: generation {number} ")
    # The first is what HAProxy has read, and all later ones were changes of that.
    assert [row["number"] for row in hapilot.json("history")["generations"]] == [1, 4, 5]
    assert "there is no generation 2" in hapilot.run("rollback", "2").stderr
    assert sorted(path.name for path in hapilot.state.generations.iterdir()) == ["1", "4", "5"]


@pytest.mark.system
@pytest.mark.timeout(300)
def test_killed_at_any_moment_of_an_apply_it_converges(each_hapilot: Hapilot, stand: servers.Stand) -> None:
    """A trial, a rollback or a plain change is interrupted: the next hapilot serves what was asked for, or what was before."""
    hapilot = each_hapilot
    names = ["one", "two"]
    ports = [stand.http(name).port for name in names]
    hapilot.plain(ports[0])
    up = hapilot.up("--on-change", "ask")
    moments = random.Random(4)
    answers: list[str | None] = []
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            answers.append(hapilot.get())

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        for number in range(12):
            before = hapilot.get()
            hapilot.plain(ports[names.index(str(before)) ^ 1])
            order = ["rollback"] if number % 3 == 2 else ["apply", *(["--confirm", "60s"] if number % 3 == 1 else [])]
            command = subprocess.Popen(
                [sys.executable, "-m", "hapilot", *order], env=hapilot.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            time.sleep(0.1 + moments.random() * 0.2)
            up.end(signal.SIGKILL)
            command.wait(PATIENCE)
            up = hapilot.up("--on-change", "ask")
            row = serving(hapilot)
            if row["confirm_until"]:
                assert hapilot.run("rollback").returncode == 0
            elif row["cause"] == "unconfirmed":
                assert hapilot.get() == before
            current, runs = hapilot.state.current(), hapilot.state.serving()
            assert current == runs
            assert all(hapilot.state.bundle(one.number).digest == one.digest for one in hapilot.state.history())
            # A hold against the file as it was must not hold what the next round wants.
            assert hapilot.run("apply").returncode == 0, up.said
            assert hapilot.get() != before
    finally:
        done.set()
        asking.join()
    assert set(answers) == set(names)


@pytest.mark.system
def test_a_disk_that_is_full_keeps_what_serves(hapilot: Hapilot, stand: servers.Stand) -> None:
    haproxy.require_root("it mounts a file system")
    unshare = haproxy.require("unshare", "it mounts a file system that nobody else sees")
    one, two = stand.http("one"), stand.http("two")
    hapilot.plain(one.port)
    disk = hapilot.folder / "disk"
    disk.mkdir()
    state = disk / "state"
    prefix = [unshare, "--mount", "sh", "-c", f'mount -t tmpfs -o size=1m none {disk} && exec "$@"', "sh"]
    up = hapilot.start("--state", state, "--on-change", "ask", prefix=prefix)
    until(lambda: up.ready or up.process.poll() is not None, f"served\n{up.said}")
    inside = Path(f"/proc/{up.process.pid}/root{state}")
    filler = inside.parent / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(b"\0" * 1024):
                pass
        except OSError:
            pass
    hapilot.plain(two.port)
    for command in (["apply"], ["apply", "--confirm", "60s"]):
        refused = hapilot.run(*command, "--state", inside)
        assert refused.returncode == 1
        assert "the disk is full\n    free some space; what ran before still runs\n" in refused.stderr
    assert hapilot.get() == "one"
    kept = files.StateDirectory(inside)
    assert [one.number for one in kept.history()] == [1]
    assert [path.name for path in kept.generations.iterdir()] == ["1"]
    filler.unlink()
    assert hapilot.run("apply", "--state", inside).returncode == 0
    assert hapilot.get() == "two"
    enter = [haproxy.require("nsenter", "it changes a file system that nobody else sees"), "-t", str(up.process.pid), "-m", "sh", "-c"]
    folder = state / "generations"
    read_only = f"mount --bind {folder} {folder} && mount -o remount,bind,ro {folder}"
    subprocess.run([*enter, read_only], check=True, timeout=PATIENCE)
    refused = hapilot.run("rollback", "--state", inside)
    assert (refused.returncode, "the file system is read-only" in refused.stderr) == (1, True), refused.stderr
    assert hapilot.get() == "two"
    subprocess.run([*enter, f"umount {folder}"], check=True, timeout=PATIENCE)
    assert hapilot.run("rollback", "--state", inside).returncode == 0
    assert hapilot.get() == "one"
    assert up.end() == 0
    assert list(disk.iterdir()) == []
