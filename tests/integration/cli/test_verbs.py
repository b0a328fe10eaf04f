"""``drain``, ``enable``, ``maintain`` and ``weight`` with a running ``hapilot up``: what traffic does, and that what was said holds."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Generator, Iterable
from typing import Any

import pytest

from hapilot.runtime import overrides
from support import client, servers, standin

from .conftest import PATIENCE, Hapilot, Up, until

pytestmark = pytest.mark.haproxy

Two = tuple[standin.Server, standin.Server]


@pytest.fixture
def two(stand: servers.Stand) -> Two:
    """The servers a and b."""
    return stand.http("a"), stand.http("b")


def write(hapilot: Hapilot, has: Iterable[standin.Server], *, more: str = "", weights: str = "", first: str = "") -> None:
    """The service shop on the servers that it ``has``; ``more`` are further keys of it, ``first`` is a service before it."""
    listed = ", ".join(f"{{name: {one.name}, address: '127.0.0.1:{one.port}'{weights}}}" for one in has)
    shop = f"  shop: {{tls: none, listener: web, servers: [{listed}]{more}}}\n"
    hapilot.write(f'listeners:\n  web: {{bind: "127.0.0.1:{hapilot.port}"}}\nservices:\n{first}{shop if listed else ""}')


def status_of(hapilot: Hapilot, server: str = "a") -> dict[str, Any]:
    """A server as ``status`` has it."""
    every = [one for service in hapilot.json("status")["services"] for one in service["servers"]]
    return next(one for one in every if one["name"] == server)


def taken(hapilot: Hapilot, times: int = 6) -> set[str | None]:
    """Who answers."""
    return {hapilot.get() for _ in range(times)}


@contextlib.contextmanager
def held(hapilot: Hapilot, wanted: str) -> Generator[client.Connection]:
    """A connection that was upgraded, to the server ``wanted``, and stays open until this ends."""
    upgrade = client.Request(headers=(("Connection", "Upgrade"), ("Upgrade", "echo")))
    for _ in range(40):
        with client.connect(("127.0.0.1", hapilot.port)) as connection:
            done = connection.request(upgrade)
            assert done.status == 101, done
            if done.header("x-standin") == wanted:
                yield connection
                return
    pytest.fail(f"nothing was upgraded by {wanted}")


def goes_on(connection: client.Connection) -> bool:
    """Whether its echo comes."""
    connection.send(b"ping")
    return connection.read_exactly(4).body == b"ping"


@contextlib.contextmanager
def load(hapilot: Hapilot) -> Generator[Counter[str | None]]:
    """Requests of three clients, one after the other; who answers them, None where nobody did."""
    seen: Counter[str | None] = Counter()
    ended = threading.Event()

    def ask() -> None:
        while not ended.is_set():
            seen[hapilot.get()] += 1

    asking = [threading.Thread(target=ask) for _ in range(3)]
    for one in asking:
        one.start()
    try:
        yield seen
    finally:
        ended.set()
        for one in asking:
            one.join()
    assert None not in seen


@contextlib.contextmanager
def command(hapilot: Hapilot, *arguments: str) -> Generator[subprocess.Popen[str]]:
    """A command in a process of its own, that may take its time; unbuffered, so that each line is there when it was said."""
    argv = [sys.executable, "-u", "-m", "hapilot", *arguments]
    with subprocess.Popen(argv, env=hapilot.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as started:
        try:
            yield started
        finally:
            started.kill()


def test_a_server_drains_under_load(each_hapilot: Hapilot, two: Two) -> None:
    hapilot = each_hapilot
    write(hapilot, two)
    up = hapilot.up()
    wait = ("drain", "shop/a", "--wait", "--timeout", "60s")
    with load(hapilot) as seen, held(hapilot, "a") as connection, command(hapilot, *wait) as waits:
        up.wait_said("service shop: server a drains")
        running = seen.total() + 6
        until(lambda: seen.total() > running, "requests that ran then have ended")
        seen.clear()
        until(lambda: seen["b"] > 20, "further requests")
        assert seen["a"] == 0
        assert goes_on(connection)
        assert waits.poll() is None
        connection.close()
        out, _ = waits.communicate(timeout=PATIENCE)
        assert waits.returncode == 0
        assert out.startswith("service shop: server a drains\nno session is left on shop/a (")
        (said,) = status_of(hapilot)["overrides"]
        assert said["state"] == "drain"
        assert said["by"].endswith(f" (pid {waits.pid})")
        assert hapilot.run("enable", "shop/a").stdout == "service shop: server a takes part again\n"
        until(lambda: seen["a"] > 5, "requests for the server again")
    assert status_of(hapilot)["overrides"] == []


@pytest.mark.system
def test_what_was_said_holds(each_hapilot: Hapilot, two: Two) -> None:
    """Over a change of its service, a reload, an apply, hapilot killed, HAProxy killed, both, and a change of the address."""
    hapilot = each_hapilot
    write(hapilot, two)
    up = hapilot.up()
    assert hapilot.run("drain", "shop/a").returncode == 0
    assert hapilot.run("weight", "shop/b", "9").stdout == "service shop: server b has weight 9\n"

    def holds() -> bool:
        return status_of(hapilot)["health"].startswith("DRAIN") and status_of(hapilot, "b")["weight"] == 9 and taken(hapilot) == {"b"}

    assert holds()
    write(hapilot, two, more=", headers: {response: {set: {X-A: b}}}")
    up.wait_said("applied: generation 2 (reload)")
    assert holds()
    write(hapilot, two, weights=", weight: 30")
    up.wait_said("applied: generation 3")
    assert holds()
    assert hapilot.run("apply").returncode == 0
    assert holds()
    up.end(signal.SIGKILL)
    up = hapilot.up()
    assert "adopted, nothing to change" in up.said
    assert holds()
    requests = two[0].request_count
    os.kill(hapilot.haproxy().pid, signal.SIGKILL)
    up.wait_said("HAProxy was started again")
    until(lambda: hapilot.get() is not None, "HAProxy serves again")
    assert holds()
    up.end(signal.SIGKILL)
    hapilot.haproxy().stop(0.0)
    hapilot.up()
    assert holds()
    assert two[0].request_count == requests, "not even for a moment"
    assert hapilot.run("rollback", "1").returncode == 0
    assert holds()
    assert hapilot.run("enable", "shop").returncode == 0
    assert hapilot.run("weight", "shop/b", "default").stdout == "service shop: server b has the site's weight again\n"
    until(lambda: taken(hapilot) == {"a", "b"}, "both")
    assert status_of(hapilot, "b")["weight"] == 1


@pytest.mark.system
def test_a_weight_shows_in_the_share_of_requests(each_hapilot: Hapilot, two: Two) -> None:
    write(each_hapilot, two, weights=", weight: 10")
    each_hapilot.up()
    assert each_hapilot.run("weight", f"shop/127.0.0.1:{two[0].port}", "30").returncode == 0
    seen = Counter(each_hapilot.get() for _ in range(40))
    assert seen == {"a": 30, "b": 10}
    assert each_hapilot.run("weight", "shop/a", "0").returncode == 0
    assert taken(each_hapilot) == {"b"}
    assert each_hapilot.run("weight", "shop/a", "default").returncode == 0
    assert Counter(each_hapilot.get() for _ in range(20)) == {"a": 10, "b": 10}


@pytest.mark.system
def test_a_service_under_maintenance(each_hapilot: Hapilot, stand: servers.Stand, two: Two) -> None:
    hapilot = each_hapilot
    write(hapilot, two)
    up = hapilot.up()
    assert hapilot.run("maintain", "shop").stdout == "service shop is under maintenance\n"
    assert taken(hapilot) == {None}
    assert "MAINT" in hapilot.run("status").stdout
    assert "under maintenance: " in hapilot.run("status").stdout
    assert client.get(("127.0.0.1", hapilot.port)).status == 503
    # A server that comes later belongs to the service too.
    write(hapilot, (*two, stand.http("c")))
    up.wait_said("applied: generation 2")
    assert status_of(hapilot, "c")["health"].startswith("MAINT")
    refused = hapilot.run("enable", "shop/c")
    assert (refused.returncode, refused.stderr.splitlines()[0]) == (1, "error service shop is under maintenance as a whole")
    assert hapilot.run("enable", "shop").stdout == "service shop takes part again\n"
    until(lambda: taken(hapilot) == {"a", "b", "c"}, "all of them")


@pytest.mark.system
def test_sessions_of_old_workers_count(each_hapilot: Hapilot, two: Two) -> None:
    hapilot = each_hapilot
    write(hapilot, two)
    up = hapilot.up()
    with held(hapilot, "a") as connection:
        write(hapilot, two, more=", headers: {response: {set: {X-A: b}}}")
        up.wait_said("applied: generation 2 (reload)")
        given_up = hapilot.run("drain", "shop/a", "--wait", "--timeout", "1s")
        assert given_up.returncode == 1
        assert given_up.stderr.startswith("error shop/a has 1 session left, 1 of them in 1 old worker after 1 s\n    it goes on draining")
        said = json.loads(hapilot.run("drain", "shop/a", "--wait", "--timeout", "1s", "--json").stdout)
        assert (said["ok"], said["sessions"], said["how"]) == (False, 1, "nothing")
        assert said["error"].startswith("shop/a has 1 session left")
        assert goes_on(connection)
    said = hapilot.json("drain", "shop/a", "--wait", "--timeout", "20s")
    assert (said["ok"], said["sessions"]) == (True, 0)


@pytest.mark.system
def test_a_wait_may_be_interrupted_and_ends_when_somebody_enables(hapilot: Hapilot, two: Two) -> None:
    write(hapilot, two)
    hapilot.up()
    with held(hapilot, "a"):
        with command(hapilot, "drain", "shop/a", "--wait") as waits:
            assert _first_line(waits) == "service shop: server a drains\n"
            time.sleep(0.5)  # it has looked once
            waits.send_signal(signal.SIGINT)
            _, said = waits.communicate(timeout=PATIENCE)
            assert waits.returncode == 130
        assert said.splitlines() == [
            "error interrupted: shop/a goes on draining with 1 session left",
            "    `hapilot enable shop/a` takes that back",
        ]
        assert status_of(hapilot)["health"].startswith("DRAIN")
        with command(hapilot, "drain", "shop/a", "--wait") as waits:
            assert _first_line(waits) == "nothing to change\n"
            assert hapilot.run("enable", "shop/a").returncode == 0
            _, said = waits.communicate(timeout=PATIENCE)
            assert (waits.returncode, said.splitlines()[0]) == (1, "error shop/a was enabled meanwhile")


def _first_line(waits: subprocess.Popen[str]) -> str:
    """What comes of the order; what follows is the wait."""
    assert waits.stdout is not None
    return waits.stdout.readline()


@pytest.mark.system
def test_a_drain_that_waits_shows_how_it_goes_on_a_terminal(hapilot: Hapilot, two: Two) -> None:
    write(hapilot, two)
    up = hapilot.up()
    ours, theirs = os.openpty()
    shown = b""
    try:
        with held(hapilot, "a"):
            argv = [sys.executable, "-m", "hapilot", "drain", "shop/a", "--wait"]
            waits = subprocess.Popen(argv, env={**hapilot.environment, "TERM": "xterm"}, stdout=theirs, stderr=theirs)
            os.close(theirs)
            up.wait_said("server a drains")
            while b"shop/a: 1 session left, " not in shown:
                shown += os.read(ours, 65536)
        with contextlib.suppress(OSError):  # the end of a terminal is an error
            while part := os.read(ours, 65536):
                shown += part
    finally:
        os.close(ours)
    assert waits.wait(PATIENCE) == 0
    assert b"no session is left on shop/a" in shown


@pytest.mark.system
def test_many_at_once_are_carried_out_one_after_the_other(hapilot: Hapilot, two: Two) -> None:
    write(hapilot, two)
    hapilot.up()
    orders = [["weight", "shop/b", str(number)] for number in range(1, 7)] + [["drain", "shop/a"], ["enable", "shop"]] * 2
    with contextlib.ExitStack() as stack:
        done = [stack.enter_context(command(hapilot, *order)) for order in orders]
        assert [one.wait(2 * PATIENCE) for one in done] == [0] * len(done)
    known = overrides.read(hapilot.state)
    assert status_of(hapilot, "b")["weight"] == next(one.weight for one in known if one.weight is not None)
    drains = any(one.state for one in known)
    assert (status_of(hapilot)["health"].startswith("DRAIN")) is drains
    assert hapilot.json("drain", "shop/a")["generation"] == 1


@pytest.mark.system
def test_wrong_names_change_nothing(hapilot: Hapilot, two: Two) -> None:
    write(hapilot, two)
    up = hapilot.up()
    for arguments, error, hint in (
        (("drain", "shpo/a"), "there is no service 'shpo'", "did you mean 'shop'?"),
        (("drain", "shop/x"), "service shop has no server 'x'", "it has a, b"),
        (("weight", "shop/x", "1"), "service shop has no server 'x'", "it has a, b"),
    ):
        refused = hapilot.run(*arguments)
        assert (refused.returncode, refused.stderr) == (1, f"error {error}\n    {hint}\n")
    for arguments in (("drain", "shop"), ("drain", "/a"), ("weight", "shop/a", "257"), ("weight", "shop/a", "-1"), ("drain", "shop/")):
        assert hapilot.run(*arguments).returncode == 2
    assert hapilot.run("drain", "shop/a", "--timeout", "5m").returncode == 2
    assert hapilot.run("enable", "shop").stdout == "nothing to change\n"
    assert not overrides.path(hapilot.state).exists() or overrides.read(hapilot.state) == ()
    up.end()
    refused = hapilot.run("drain", "shop/a")
    assert refused.stderr.startswith(f"error no `hapilot up` runs on {hapilot.state.root}\n    start it with")


@pytest.mark.system
def test_a_server_that_the_site_has_lost_is_shown_and_still_drains_when_it_comes_back(each_hapilot: Hapilot, two: Two) -> None:
    hapilot = each_hapilot
    write(hapilot, two)
    up = hapilot.up()
    assert hapilot.run("drain", "shop/a").returncode == 0
    write(hapilot, two[1:])
    up.wait_said("applied: generation 2")
    assert "; there is no server shop/a now" in hapilot.run("status").stdout
    assert [one["server"] for one in hapilot.json("status")["idle_overrides"]] == ["a"]
    write(hapilot, two)
    up.wait_said("applied: generation 3")
    assert status_of(hapilot)["health"].startswith("DRAIN")
    assert taken(hapilot) == {"b"}
    write(hapilot, two[1:])
    up.wait_said("applied: generation 4")
    assert hapilot.run("enable", "shop/a").returncode == 0
    assert hapilot.json("status")["idle_overrides"] == []


@pytest.mark.system
def test_a_service_that_came_without_a_reload_drains_too(each_hapilot: Hapilot, two: Two) -> None:
    """It has a spare backend until the next reload, and its own after that; an old worker may still have the first."""
    hapilot = each_hapilot
    first = f"  first: {{tls: none, listener: web, host: first.test, servers: ['127.0.0.1:{two[1].port}']}}\n"
    write(hapilot, (), first=first)
    up = hapilot.up()
    write(hapilot, two, more=", host: shop.example.test", first=first)
    up.wait_said("applied: generation 2 (runtime)")
    assert taken(hapilot) == {"a", "b"}
    upgrade = client.Request(host="shop.example.test", headers=(("Connection", "Upgrade"), ("Upgrade", "echo")))
    with contextlib.ExitStack() as stack:
        every = [stack.enter_context(client.connect(("127.0.0.1", hapilot.port))) for _ in range(2)]
        assert {one.request(upgrade).header("x-standin") for one in every} == {"a", "b"}
        assert hapilot.json("drain", "shop/a")["how"] == "runtime"
        assert taken(hapilot) == {"b"}
        given_up = hapilot.run("drain", "shop/a", "--wait", "--timeout", "500ms")
        assert given_up.stderr.startswith("error shop/a has 1 session left after")
        other = first.replace("first.test", "first.test, headers: {response: {set: {X-A: b}}}")
        write(hapilot, two, more=", host: shop.example.test", first=other)
        up.wait_said("applied: generation 3 (reload)")
        assert taken(hapilot) == {"b"}
        given_up = hapilot.run("drain", "shop/a", "--wait", "--timeout", "500ms")
        assert given_up.stderr.startswith("error shop/a has 1 session left, 1 of them in 1 old worker after")
    assert hapilot.run("drain", "shop/a", "--wait", "--timeout", "20s").returncode == 0


@pytest.mark.system
def test_a_damaged_record_is_told_and_keeps_nobody_from_serving(hapilot: Hapilot, two: Two) -> None:
    write(hapilot, two)
    up = hapilot.up()
    assert hapilot.run("drain", "shop/a").returncode == 0
    up.end()
    overrides.path(hapilot.state).write_bytes(overrides.path(hapilot.state).read_bytes()[:-3])
    again: Up = hapilot.up()
    assert "overrides.json is damaged" in again.said
    assert "is forgotten" in again.said
    assert taken(hapilot) == {"a", "b"}
    overrides.path(hapilot.state).write_text("{")
    assert "overrides.json is damaged" in hapilot.run("status").stdout
    done = hapilot.run("drain", "shop/a")
    assert done.returncode == 0
    assert "warning " in done.stderr
    assert taken(hapilot) == {"b"}
