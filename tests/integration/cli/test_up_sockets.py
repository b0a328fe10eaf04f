"""Listeners that have no address and port of their own: unix sockets, and sockets that systemd opens (sd_listen_fds(3))."""

from __future__ import annotations

import contextlib
import grp
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from hapilot.reconcile import targeting
from hapilot.runtime import facts
from support import certificates, client, outcome, proxy_protocol, servers

from .conftest import PATIENCE, Hapilot, Up, until

pytestmark = [pytest.mark.haproxy, pytest.mark.system]

CLIENT = "192.0.2.7"


@pytest.fixture
def sockets() -> Generator[Path]:
    """A folder for sockets whose paths are short enough."""
    with tempfile.TemporaryDirectory(prefix="hp-", dir="/tmp") as folder:
        yield Path(folder)


def seen(answer: outcome.Outcome, name: str) -> str | None:
    """A header that the stand-in got, of the request that it answered."""
    assert answer.kind == "response", answer
    told: dict[str, Any] = answer.json()
    return next((value for key, value in told["headers"] if key.lower() == name.lower()), None)


def asked(place: client.Place, *, host: str = "shop.example.test", proxy: bytes | None = None, tls: bool = False) -> outcome.Outcome:
    """One request on a connection of its own."""
    how = client.Tls(certificates.trusting_nobody(), host) if tls else None
    return client.get(place, client.Request("GET", "/", host, headers=(("X-Forwarded-For", "203.0.113.66"),)), tls=how, proxy=proxy)


def plain(hapilot: Hapilot, bind: str, server: int, extra: str = "") -> None:
    """A plain listener on ``bind``."""
    hapilot.write(
        f'listeners:\n  web: {{bind: {bind}{extra}}}\nservices:\n  shop: {{tls: none, listener: web, servers: ["127.0.0.1:{server}"]}}\n'
    )


def test_a_unix_socket_is_served_announced_shown_and_removed(each_hapilot: Hapilot, stand: servers.Stand, sockets: Path) -> None:
    path = sockets / "web.sock"
    server = stand.http("shop")
    plain(each_hapilot, f'["unix:{path}"]', server.port)
    up = each_hapilot.up()
    assert up.ready == [f"ready web unix:{path}"]
    answer = asked(str(path))
    assert (answer.standin, seen(answer, "x-forwarded-port"), seen(answer, "x-forwarded-for")) == ("shop", "80", None)
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    worker = targeting.make_target(None, facts.look()).drop_to_group
    assert not worker or grp.getgrgid(path.stat().st_gid).gr_name == worker
    assert each_hapilot.json("status")["listeners"][0]["bind"] == [f"unix:{path}"]
    done = each_hapilot.run("explain", each_hapilot.site, "http://shop.example.test/", "--live")
    assert (done.returncode, "taken by shop" in done.stdout) == (0, True), done.stdout
    assert up.end() == 0
    assert not path.exists()


def test_changes_keep_the_socket_and_take_away_the_one_that_goes(each_hapilot: Hapilot, stand: servers.Stand, sockets: Path) -> None:
    one, two = stand.http("one"), stand.http("two")
    first, second = sockets / "first.sock", sockets / "second.sock"
    plain(each_hapilot, f'["unix:{first}"]', one.port)
    up = each_hapilot.up()
    inode = first.stat().st_ino
    plain(each_hapilot, f'["unix:{first}"]', two.port)
    up.wait_said("generation 2 (")
    assert (asked(str(first)).standin, first.stat().st_ino) == ("two", inode)
    plain(each_hapilot, f'["unix:{second}"]', two.port)
    up.wait_said("generation 3 (")
    assert asked(str(second)).standin == "two"
    assert not first.exists()
    assert up.ready[-1] == f"ready web unix:{second}"


def test_a_dead_socket_is_replaced_and_a_live_one_is_not(each_hapilot: Hapilot, stand: servers.Stand, sockets: Path) -> None:
    server = stand.http("shop")
    path = sockets / "web.sock"
    plain(each_hapilot, f'["unix:{path}"]', server.port)
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen(1)
        said = each_hapilot.refused()
        assert f"site.yaml:2:16 error[port-in-use] unix:{path} is in use by" in said
        assert f"(process {os.getpid()})" in said
    assert path.is_socket()
    each_hapilot.up()
    assert asked(str(path)).standin == "shop"
    os.kill(each_hapilot.haproxy().pid, signal.SIGKILL)
    until(lambda: asked(str(path)).standin == "shop", "the restarted HAProxy")


@pytest.mark.parametrize("kind", ["file", "missing folder"])
def test_nothing_else_is_overwritten(hapilot: Hapilot, kind: str) -> None:
    path = hapilot.folder / "precious" / "x"
    if kind == "file":
        path.parent.mkdir()
        path.write_text("precious")
    plain(hapilot, f'["unix:{path}"]', 1)
    said = hapilot.refused()
    assert "error[socket-path]" in said
    assert ("is no socket" if kind == "file" else f"there is no folder {path.parent}") in said
    assert kind != "file" or path.read_text() == "precious"


@pytest.mark.parametrize("mode", ["required", "optional"])
def test_a_proxy_header_tells_the_client_over_a_unix_socket(each_hapilot: Hapilot, stand: servers.Stand, sockets: Path, mode: str) -> None:
    server = stand.http("shop")
    path = sockets / "web.sock"
    plain(each_hapilot, f'["unix:{path}"]', server.port, f", accept_proxy: {mode}, trusted: [127.0.0.0/8]")
    each_hapilot.up()
    header = proxy_protocol.build_v2((CLIENT, 4711), ("198.51.100.1", 8443))
    answer = asked(str(path), proxy=header)
    assert answer.kind == "response", "a PROXY header over a unix socket is believed: who may connect is for the file's mode to say"
    assert (seen(answer, "x-forwarded-for"), seen(answer, "x-forwarded-port")) == (CLIENT, "8443")


def test_several_protocols_share_a_unix_socket(each_hapilot: Hapilot, stand: servers.Stand, sockets: Path) -> None:
    path = sockets / "all.sock"
    shop, git = stand.http("shop"), stand.tcp("git", "ssh")
    vault = stand.https("vault", certificates.authority().issue("vault.example.test"))
    each_hapilot.write(
        f"""listeners:
  all: {{bind: "unix:{path}"}}
services:
  shop: {{host: shop.example.test, listener: all, servers: ["127.0.0.1:{shop.port}"]}}
  vault: {{host: vault.example.test, listener: all, tls: passthrough, servers: ["127.0.0.1:{vault.port}"]}}
  git: {{protocol: ssh, listener: all, servers: ["127.0.0.1:{git.port}"]}}
certificates: [{{self_signed: [shop.example.test]}}]
"""
    )
    each_hapilot.up()
    answer = asked(str(path), tls=True)
    assert (answer.standin, seen(answer, "x-forwarded-port"), seen(answer, "x-forwarded-for")) == ("shop", "443", None)
    assert asked(str(path), host="vault.example.test", tls=True).standin == "vault"
    assert client.ssh(str(path)).standin == "git"
    for target, service in (("https://shop.example.test/", "shop"), ("ssh://x:22", "git"), ("tls://vault.example.test", "vault")):
        done = each_hapilot.run("explain", each_hapilot.site, target, "--listener", "all", "--live", "--json")
        assert (done.returncode, f'"service": "{service}"' in done.stdout) == (0, True), (done.stdout, done.stderr)


@contextlib.contextmanager
def activated(hapilot: Hapilot, *listening: socket.socket) -> Generator[Up]:
    """``hapilot up`` as systemd starts it: with sockets from descriptor 3 on, and LISTEN_PID and LISTEN_FDS that say so."""
    code = (
        "import os, sys; numbers = [int(text) for text in sys.argv[1].split(',') if text];"
        # First out of the way, since a socket may be at a number that another one is to get.
        "high = [os.dup2(number, 200 + place) for place, number in enumerate(numbers)];"
        "[os.dup2(number, 3 + place) for place, number in enumerate(high)]; os.closerange(3 + len(high), 300);"
        "os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(high)));"
        "os.execv(sys.executable, [sys.executable, '-m', 'hapilot', 'up', sys.argv[2]])"
    )
    numbers = [one.fileno() for one in listening]
    place = len(hapilot.started)
    out, err = hapilot.folder / f"up-{place}.out", hapilot.folder / f"up-{place}.err"
    with out.open("wb") as stdout, err.open("wb") as stderr:
        command = [sys.executable, "-c", code, ",".join(map(str, numbers)), str(hapilot.site)]
        started = subprocess.Popen(
            command, env=hapilot.environment, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, pass_fds=numbers
        )
    hapilot.started.append(Up(started, out, err))
    yield hapilot.started[-1]


@pytest.fixture
def tcp() -> Generator[socket.socket]:
    """A listening TCP socket, as a unit of systemd opens it."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as made:
        yield made


def test_sockets_that_systemd_opens_are_taken_over(each_hapilot: Hapilot, stand: servers.Stand, tcp: socket.socket, sockets: Path) -> None:
    one, two = stand.http("one"), stand.http("two")
    address = tcp.getsockname()
    with socket.socket(socket.AF_UNIX) as local:
        local.bind(str(sockets / "handed.sock"))
        local.listen(8)
        plain(each_hapilot, '["fd:3"]', one.port)
        with activated(each_hapilot, tcp, local) as up:
            until(lambda: up.ready or up.process.poll() is not None, "a ready line")
            assert up.ready == ["ready web fd:3"], up.said
            assert f"fd:4 ({sockets / 'handed.sock'}) was handed over, and no listener uses it" in up.said
            answer = asked(address)
            assert (answer.standin, seen(answer, "x-forwarded-for")) == ("one", "127.0.0.1")
            assert seen(answer, "x-forwarded-port") == str(address[1])
            assert each_hapilot.json("status")["listeners"][0]["bind"] == [f"fd:3 (127.0.0.1:{address[1]})"]
            # A later generation may use the other one; both go through every reload.
            plain(each_hapilot, '["fd:3", "fd:4"]', two.port)
            up.wait_said("generation 2 (")
            assert asked(address).standin == "two"
            answer = asked(str(sockets / "handed.sock"))
            assert (answer.standin, seen(answer, "x-forwarded-for"), seen(answer, "x-forwarded-port")) == ("two", None, "80")
            live = each_hapilot.run("explain", each_hapilot.site, "http://shop.example.test/", "--listener", "web", "--live")
            assert live.returncode == 0, live.stdout + live.stderr
            # One that was not handed over is not to be had by a reload.
            plain(each_hapilot, '["fd:3", "fd:5"]', one.port)
            up.wait_said("error[socket-not-passed] fd:5")
            assert asked(address).standin == "two"
            assert up.end() == 0
        assert (sockets / "handed.sock").is_socket(), "what systemd made is not ours to remove"


def test_a_dead_haproxy_gets_them_again_and_a_dead_hapilot_is_replaced(
    each_hapilot: Hapilot, stand: servers.Stand, tcp: socket.socket
) -> None:
    server = stand.http("shop")
    address = tcp.getsockname()
    plain(each_hapilot, '["fd:3"]', server.port)
    with activated(each_hapilot, tcp) as up:
        until(lambda: up.ready, "a ready line")
        os.kill(each_hapilot.haproxy().pid, signal.SIGKILL)
        up.wait_said("HAProxy was started again")
        assert asked(address).standin == "shop"
        up.process.kill()
        up.process.wait(PATIENCE)
    # Adopted without any socket: HAProxy has them, and the next change needs none from us.
    again = each_hapilot.up()
    assert "adopted, nothing to change" in again.said
    plain(each_hapilot, '["fd:3"]', server.port, ", sniff_timeout: 2s")
    each_hapilot.plain(server.port, extra="")
    again.wait_said("generation 2 (")


def test_without_a_socket_there_is_a_clear_error(hapilot: Hapilot) -> None:
    plain(hapilot, '["fd:3"]', 1)
    said = hapilot.refused()
    assert "site.yaml:2:16 error[socket-not-passed] fd:3 is not an open listening socket" in said
    assert "systemd" in said


def test_check_needs_no_socket(each_hapilot: Hapilot) -> None:
    plain(each_hapilot, '["fd:3", "fd:700"]', 1)
    done = each_hapilot.json("check", each_hapilot.site)
    assert done["ok"] is True
    assert done["checked_by_haproxy"]
