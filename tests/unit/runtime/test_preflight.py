"""What stands in the way of a bind, on real sockets of loopback."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from hapilot.base.origin import Origin
from hapilot.runtime import listening, preflight
from support import ports

HERE = Origin("site.yaml", 3, 4)


def test_a_free_port_is_fine() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert preflight.check_binds([preflight.WantedBind("127.0.0.1", port, HERE)]) == ()


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "*", ""])
def test_a_busy_port_names_the_process(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        (found,) = preflight.check_binds([preflight.WantedBind(host, port, HERE)])
        ours = preflight.Ours(os.getpid(), frozenset({os.getpid()}))
        assert preflight.check_binds([preflight.WantedBind(host, port, HERE)], ours) == ()
    assert found.code == "port-in-use"
    assert f"(process {os.getpid()})" in found.message
    assert found.origin == HERE


def test_a_port_that_nobody_seems_to_have_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A killed program is gone before its sockets are."""

    def nobody(_: object) -> tuple[listening.Owner, ...]:
        return ()

    monkeypatch.setattr(listening, "owners", nobody)
    with socket.create_server(("127.0.0.1", 0)) as server:
        bind = preflight.WantedBind("127.0.0.1", server.getsockname()[1], HERE)
        (found,) = preflight.check_binds([bind])
        assert "in use by another program" in found.message
        leaving = threading.Timer(0.1, server.close)
        leaving.start()
        assert preflight.check_binds([bind]) == ()
        leaving.join()


def test_an_address_of_nobody() -> None:
    (found,) = preflight.check_binds([preflight.WantedBind("192.0.2.77", 18443, HERE)])
    assert found.code == "address-not-local"
    assert "192.0.2.77" in found.message


def test_ipv4_and_ipv6_wildcards_do_not_collide_when_ipv6_is_alone() -> None:
    try:
        server = socket.create_server(("::", ports.free_port()), family=socket.AF_INET6)
    except OSError:
        pytest.skip("no IPv6 here")
    with server:
        port = server.getsockname()[1]
        assert preflight.check_binds([preflight.WantedBind("0.0.0.0", port, HERE)]) == ()
        (found,) = preflight.check_binds([preflight.WantedBind("::", port, HERE)])
    assert found.code == "port-in-use"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give a right up")
def test_a_privileged_port_without_the_right() -> None:
    code = (
        "import os; os.setuid(65534);"
        "from hapilot.runtime import preflight; from hapilot.base.origin import Origin;"
        "print([d.code for d in preflight.check_binds([preflight.WantedBind('127.0.0.1', 81, Origin('x'))])])"
    )
    # The modules are loaded before the right is given up: another user may not read them.
    code = "from hapilot.runtime import preflight; from hapilot.base import origin;" + code
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=20)
    assert done.stdout.strip() == "['port-privileged']"


def test_the_table_of_the_kernel() -> None:
    text = """  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0000000000000000 100 0 0 10 0
   1: 0100007F:1F91 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0000000000000000 100 0 0 10 0
   2: 000080FE00000000FF00FE0001000000:0016 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 9 1 0 100 0 0 10 0
"""
    one, two = listening.parse_table(text)
    assert one == listening.Listening("127.0.0.1", 8080, 4711)
    assert (two.host, two.port) == ("fe80::fe:ff:0:1", 22)


def path_of(path: Path) -> preflight.WantedBind:
    """A unix socket that is wanted."""
    return preflight.WantedBind("", 0, HERE, str(path))


def test_a_path_that_is_free_or_whose_owner_is_gone_is_fine(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as gone:
        gone.bind(str(tmp_path / "gone.sock"))
        gone.listen(1)
    assert (tmp_path / "gone.sock").is_socket()
    assert preflight.check_binds([path_of(tmp_path / "gone.sock"), path_of(tmp_path / "new.sock")]) == ()


def test_a_path_that_lives_names_the_process(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "a.sock"))
        server.listen(0)
        (found,) = preflight.check_binds([path_of(tmp_path / "a.sock")])
        # The queue is full now.
        (again,) = preflight.check_binds([path_of(tmp_path / "a.sock")])
    assert (found.code, again.code) == ("port-in-use", "port-in-use")
    assert f"(process {os.getpid()})" in found.message


def test_a_path_where_no_socket_can_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    said = [preflight.check_binds([path_of(path)])[0] for path in (tmp_path / "file", tmp_path / "none" / "a.sock")]
    assert [one.code for one in said] == ["socket-path", "socket-path"]
    assert "is there and is no socket" in said[0].message
    assert f"there is no folder {tmp_path / 'none'}" in said[1].message
    assert str(said[0]).startswith(f"site.yaml:3:4 error[socket-path] unix:{tmp_path / 'file'} can't be made")


def test_a_folder_of_somebody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, *_: object, **__: object) -> bool:
        return path != tmp_path

    monkeypatch.setattr(os, "access", refuse)
    (found,) = preflight.check_binds([path_of(tmp_path / "a.sock")])
    assert (found.code, f"may not write to {tmp_path}" in found.message) == ("socket-path", True)


def test_a_socket_that_was_handed_over(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        wanted = preflight.WantedBind("", 0, HERE, descriptor=server.fileno())
        (found,) = preflight.check_binds([wanted])
        assert (found.code, found.message) == ("socket-not-passed", f"fd:{server.fileno()} is not an open listening socket")
        os.set_inheritable(server.fileno(), True)
        assert preflight.check_binds([wanted]) == ()


def test_a_running_haproxy_has_the_sockets_that_it_was_started_with() -> None:
    ours = preflight.Ours(os.getpid(), frozenset())
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert preflight.check_binds([preflight.WantedBind("", 0, HERE, descriptor=server.fileno())], ours) == ()
    (found,) = preflight.check_binds([preflight.WantedBind("", 0, HERE, descriptor=999)], ours)
    assert (found.code, "of the running HAProxy" in found.message) == ("socket-not-passed", True)
