"""What stands in the way of a bind, on real sockets of loopback."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

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
        assert preflight.check_binds([preflight.WantedBind(host, port, HERE)], ours=[os.getpid()]) == ()
    assert found.code == "port-in-use"
    assert f"(process {os.getpid()})" in found.message
    assert found.origin == HERE


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
