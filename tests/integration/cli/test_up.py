"""``hapilot up``: from the start to the end, and whatever happens in between."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support import client, servers

from .conftest import PATIENCE, Hapilot, until

pytestmark = pytest.mark.haproxy


@contextmanager
def requests_in_a_loop(hapilot: Hapilot) -> Generator[list[str | None]]:
    """Requests on new connections, one after the other; who answered each."""
    answered: list[str | None] = []
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            answered.append(hapilot.get())

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield answered
    finally:
        done.set()
        thread.join()


def test_serves_within_seconds_and_says_where(each_hapilot: Hapilot, stand: servers.Stand) -> None:
    server = stand.http("shop")
    each_hapilot.write(
        f'listeners:\n  web: {{bind: ["127.0.0.1:{each_hapilot.port}", "127.0.0.2:{each_hapilot.port}"]}}\n  unused: {{bind: ":1"}}\n'
        f'services:\n  shop: {{tls: none, listener: web, servers: ["127.0.0.1:{server.port}"]}}\n'
    )
    began = time.monotonic()
    up = each_hapilot.up()
    assert time.monotonic() - began < 10
    until(lambda: len(up.ready) == 2, "two ready lines")
    assert up.ready == [f"ready web 127.0.0.1:{each_hapilot.port}", f"ready web 127.0.0.2:{each_hapilot.port}"]
    assert each_hapilot.get() == "shop"
    assert "unused-listener" in up.said


def test_a_changed_file_is_applied_without_a_failed_request(each_hapilot: Hapilot, stand: servers.Stand) -> None:
    one, two = stand.http("one"), stand.http("two")
    each_hapilot.plain(one.port)
    up = each_hapilot.up()
    with requests_in_a_loop(each_hapilot) as answered:
        until(lambda: "one" in answered, "an answer of the first server")
        each_hapilot.plain(two.port)
        up.wait_said("applied: generation 2 (")
        until(lambda: answered[-1] == "two", "an answer of the second server")
    assert set(answered) == {"one", "two"}, up.said


def test_a_new_listener_is_announced(hapilot: Hapilot, stand: servers.Stand) -> None:
    server = stand.http("shop")
    hapilot.plain(server.port)
    up = hapilot.up()
    hapilot.write(
        f'listeners:\n  web: {{bind: "127.0.0.1:{hapilot.port}"}}\n  more: {{bind: "127.0.0.1:{hapilot.other_port}"}}\n'
        f'services:\n  shop: {{tls: none, listener: [web, more], servers: ["127.0.0.1:{server.port}"]}}\n'
    )
    until(lambda: len(up.ready) == 2, "another ready line")
    assert up.ready[1] == f"ready more 127.0.0.1:{hapilot.other_port}"
    assert hapilot.get(port=hapilot.other_port) == "shop"


def test_a_broken_change_keeps_the_former_state_and_says_where(each_hapilot: Hapilot, stand: servers.Stand) -> None:
    server, other = stand.http("shop"), stand.http("other")
    each_hapilot.plain(server.port)
    up = each_hapilot.up()
    worker = each_hapilot.haproxy().serving_worker()
    each_hapilot.plain(server.port, extra="    sevres: []\n")
    up.wait_said("not applied, the former state serves on")
    assert f"{each_hapilot.site}:5:5 error[yaml-syntax]" in up.said
    assert each_hapilot.haproxy().serving_worker() == worker
    assert each_hapilot.get() == "shop"
    each_hapilot.plain(other.port)
    up.wait_said("applied: generation 2 (")
    assert each_hapilot.get() == "other"


def test_a_change_that_needs_a_taken_port_is_refused_before_the_reload(hapilot: Hapilot, stand: servers.Stand) -> None:
    server, taken = stand.http("shop"), stand.http("taken")
    hapilot.plain(server.port)
    up = hapilot.up()
    hapilot.write(
        f'listeners:\n  web: {{bind: ["127.0.0.1:{hapilot.port}", "127.0.0.1:{taken.port}"]}}\n'
        f'services:\n  shop: {{tls: none, listener: web, servers: ["127.0.0.1:{server.port}"]}}\n'
    )
    up.wait_said("not applied, the former state serves on")
    assert f"{hapilot.site}:2:35 error[port-in-use] 127.0.0.1:{taken.port} is in use by " in up.said
    assert f"(process {os.getpid()})" in up.said
    assert hapilot.get() == "shop"


def test_a_change_while_another_is_applied_is_not_missed(hapilot: Hapilot, stand: servers.Stand) -> None:
    ports = [stand.http(f"s{number}").port for number in range(4)]
    hapilot.plain(ports[0])
    up = hapilot.up()
    for number in (1, 2, 3):
        hapilot.plain(ports[number])
        time.sleep(0.25)  # in the middle of what the last change takes
    until(lambda: hapilot.get() == "s3", f"the last change\n{up.said}", 5.0)


def test_a_file_that_a_link_leads_to_is_followed(hapilot: Hapilot, stand: servers.Stand, tmp_path: Path) -> None:
    one, two = stand.http("one"), stand.http("two")
    for number, server in enumerate((one, two), 1):
        hapilot.plain(server.port)
        (tmp_path / f"version-{number}").mkdir()
        hapilot.site.rename(tmp_path / f"version-{number}" / "site.yaml")
    (tmp_path / "now").symlink_to("version-1")
    hapilot.site.symlink_to("now/site.yaml")
    hapilot.up()
    assert hapilot.get() == "one"
    (tmp_path / "next").symlink_to("version-2")
    (tmp_path / "next").replace(tmp_path / "now")  # as Kubernetes swaps the contents of a ConfigMap
    until(lambda: hapilot.get() == "two", "the file behind the link")


def test_sighup_reads_the_site_again(hapilot: Hapilot, stand: servers.Stand) -> None:
    hapilot.plain(stand.http("shop").port)
    up = hapilot.up()
    up.process.send_signal(signal.SIGHUP)
    up.wait_said("applied: nothing to change")
    assert up.process.poll() is None


def test_sigterm_lets_a_running_download_finish(each_hapilot: Hapilot, stand: servers.Stand) -> None:
    each_hapilot.plain(stand.http("shop").port)
    up = each_hapilot.up()
    running = each_hapilot.haproxy()
    sockets = running.run_dir
    with client.connect(("127.0.0.1", each_hapilot.port)) as download:
        download.send(b"GET /sse?count=15&interval=0.1 HTTP/1.1\r\nHost: shop.example.test\r\n\r\n")
        until(lambda: download.read().body, "the first bytes")
        up.process.send_signal(signal.SIGTERM)
        up.wait_said("ending; connections have 30 s to finish")
        until(lambda: each_hapilot.get() is None, "no new connections")
        assert b"data: 14\n" in download.read_to_end().body
    assert up.process.wait(PATIENCE) == 0
    assert up.said.endswith("\nended\n")
    assert not running.is_alive
    assert list(sockets.glob("*.sock")) == []
    assert not (each_hapilot.state.root / "hapilot.pid").exists()


def test_connections_that_do_not_finish_are_cut_after_the_grace(hapilot: Hapilot, stand: servers.Stand) -> None:
    hapilot.plain(stand.http("shop").port)
    up = hapilot.up("--stop-seconds", "0.5")
    with client.connect(("127.0.0.1", hapilot.port)) as download:
        download.send(b"GET /sse?count=600&interval=0.1 HTTP/1.1\r\nHost: shop.example.test\r\n\r\n")
        until(lambda: download.read().body, "the first bytes")
        assert up.end() == 0
    assert "ended; connections that were still open were cut" in up.said


def test_a_second_signal_cuts_the_grace_short(hapilot: Hapilot, stand: servers.Stand) -> None:
    hapilot.plain(stand.http("shop").port)
    up = hapilot.up()
    running = hapilot.haproxy()
    with client.connect(("127.0.0.1", hapilot.port)) as download:
        download.send(b"GET /sse?count=600&interval=0.1 HTTP/1.1\r\nHost: shop.example.test\r\n\r\n")
        until(lambda: download.read().body, "the first bytes")
        up.process.send_signal(signal.SIGINT)
        up.wait_said("ending;")
        time.sleep(0.2)
        assert up.end(signal.SIGINT) == 0
    assert "were cut" in up.said
    assert not running.is_alive


def test_a_killed_hapilot_leaves_haproxy_and_the_next_one_adopts_it(each_hapilot: Hapilot, stand: servers.Stand) -> None:
    server, other = stand.http("shop"), stand.http("other")
    each_hapilot.plain(server.port)
    up = each_hapilot.up()
    running = each_hapilot.haproxy()
    worker = running.serving_worker()
    up.end(signal.SIGKILL)
    assert each_hapilot.get() == "shop"

    again = each_hapilot.up()
    assert f"HAProxy adopted, nothing to change: process {running.pid}, generation 1" in again.said
    assert each_hapilot.haproxy().serving_worker() == worker
    assert again.ready == [f"ready web 127.0.0.1:{each_hapilot.port}"]

    again.end(signal.SIGKILL)
    each_hapilot.plain(other.port)
    third = each_hapilot.up()
    assert f"HAProxy adopted and changed: process {running.pid}, generation 2" in third.said
    assert each_hapilot.get() == "other"
    assert third.end() == 0
    assert not running.is_alive


def test_an_adopted_haproxy_serves_on_while_the_site_is_broken(hapilot: Hapilot, stand: servers.Stand) -> None:
    server, other = stand.http("shop"), stand.http("other")
    hapilot.plain(server.port)
    hapilot.up().end(signal.SIGKILL)
    hapilot.write("services: [\n")
    up = hapilot.up()
    up.wait_said("the running HAProxy keeps generation 1")
    assert f"{hapilot.site}:2:1 error[yaml-syntax]" in up.said
    assert up.ready == [f"ready web 127.0.0.1:{hapilot.port}"]
    assert hapilot.get() == "shop"
    hapilot.plain(other.port)
    up.wait_said("applied: generation 2 (")


def test_an_interrupted_change_is_made_again(hapilot: Hapilot, stand: servers.Stand) -> None:
    """Killed between the switch of the link and the reload: the files are new, HAProxy is not."""
    server, other = stand.http("shop"), stand.http("other")
    hapilot.plain(server.port)
    hapilot.up().end(signal.SIGKILL)
    hapilot.plain(other.port)
    hapilot.up().end(signal.SIGKILL)
    assert hapilot.get() == "other"
    # What a hapilot leaves that wrote generation 3, like the first, and came no further.
    hapilot.plain(server.port)
    first = hapilot.state.generation(1)
    made = hapilot.state.write(hapilot.state.bundle(1), first.description, hapilot.state.summary(1))
    hapilot.state.activate(made.number)
    up = hapilot.up()
    assert "adopted and changed" in up.said
    assert hapilot.get() == "shop"


def test_a_dead_haproxy_is_started_again_and_ended_in_the_end(each_hapilot: Hapilot, stand: servers.Stand) -> None:
    each_hapilot.plain(stand.http("shop").port)
    up = each_hapilot.up()
    os.kill(each_hapilot.haproxy().pid, signal.SIGKILL)
    up.wait_said("HAProxy has ended without being asked to; next attempt in 1 s")
    up.wait_said("HAProxy was started again")
    until(lambda: each_hapilot.get() == "shop", "served again")
    second = each_hapilot.haproxy()
    assert up.end() == 0
    assert not second.is_alive


def test_a_change_while_haproxy_is_dead_starts_it(hapilot: Hapilot, stand: servers.Stand) -> None:
    server, other = stand.http("shop"), stand.http("other")
    hapilot.plain(server.port)
    up = hapilot.up()
    hapilot.plain(other.port)
    os.kill(hapilot.haproxy().pid, signal.SIGKILL)
    until(lambda: hapilot.get() == "other", f"the change\n{up.said}")
    assert up.end() == 0


def named(hapilot: Hapilot, port: int, extra: str = "") -> None:
    """A site whose server keeps its name, whatever its address."""
    hapilot.write(
        f'listeners:\n  web: {{bind: "127.0.0.1:{hapilot.port}"}}\n'
        f'services:\n  shop: {{tls: none, listener: web, servers: [{{name: one, address: "127.0.0.1:{port}"}}]{extra}}}\n'
    )


def test_a_server_of_the_same_name_moves_to_another_port(each_hapilot: Hapilot, stand: servers.Stand) -> None:
    server, other = stand.http("shop"), stand.http("other")
    named(each_hapilot, server.port)
    up = each_hapilot.up()
    assert each_hapilot.get() == "shop"
    named(each_hapilot, other.port)
    up.wait_said("applied: generation 2 (")
    assert each_hapilot.get() == "other"


def test_a_server_that_was_down_serves_where_nothing_checks_it_any_more(each_hapilot: Hapilot, stand: servers.Stand) -> None:
    server = stand.http("shop")
    server.answers["/ill"] = 500
    refusing = ", health: {http: /ill, every: 2s, fall: 1}"
    named(each_hapilot, server.port, refusing)
    up = each_hapilot.up()
    status = ("status",)
    until(lambda: each_hapilot.json(*status)["services"][0]["health"] == "down", "the check fails")
    named(each_hapilot, server.port, f"{refusing}, timeouts: {{connect: 1s}}")
    up.wait_said("applied: generation 2 (")
    assert each_hapilot.json(*status)["services"][0]["servers"][0]["health"] == "DOWN", "what is known of an unchanged server holds"
    named(each_hapilot, server.port, ", health: off")
    up.wait_said("applied: generation 3 (")
    assert each_hapilot.get() == "shop"


def test_starts_and_reloads_do_not_connect_to_servers(hapilot: Hapilot) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        text = (
            f'listeners:\n  raw: {{bind: "127.0.0.1:{hapilot.port}"}}\n'
            f'services:\n  raw: {{protocol: tcp, tls: none, listener: raw, servers: ["127.0.0.1:{port}"], health: off}}\n'
        )
        hapilot.write(text)
        up = hapilot.up()
        hapilot.write(text.replace("health", "timeouts: {connect: 1s}, health"))
        up.wait_said("applied: generation 2 (")
        server.settimeout(0.3)
        with pytest.raises(TimeoutError):
            server.accept()


def test_what_has_not_changed_serves_again_before_it_is_read(each_hapilot: Hapilot, stand: servers.Stand) -> None:
    server = stand.http("shop")
    site = each_hapilot.plain(server.port)
    up = each_hapilot.up()
    assert up.end() == 0
    assert each_hapilot.get() is None
    again = each_hapilot.up()
    assert each_hapilot.get() == "shop"
    assert again.ready == [f"ready web 127.0.0.1:{each_hapilot.port}"]
    again.wait_said("HAProxy started, nothing to change: process")
    assert "generation 1" in again.said
    each_hapilot.plain(stand.http("other").port)
    again.wait_said("applied: generation 2 (")
    assert site.exists()
    assert each_hapilot.get() == "other"


def test_what_changed_meanwhile_never_serves_again(hapilot: Hapilot, stand: servers.Stand) -> None:
    one, two = stand.http("one"), stand.http("two")
    hapilot.plain(one.port)
    up = hapilot.up()
    assert up.end() == 0
    hapilot.plain(two.port)
    again = hapilot.up()
    assert hapilot.get() == "two"
    again.wait_said("HAProxy started: process")
    assert "generation 2" in again.said
    assert hapilot.get() == "two"


def test_a_signal_while_the_site_is_being_read_ends_what_serves_already(hapilot: Hapilot, stand: servers.Stand) -> None:
    hapilot.plain(stand.http("shop").port)
    assert hapilot.up().end() == 0
    again = hapilot.up()
    assert again.end() == 0, again.said
    assert hapilot.get() is None
