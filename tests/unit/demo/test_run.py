"""The demo's ports."""

from __future__ import annotations

import socket

from hapilot.demo import run


def test_a_taken_port_is_replaced() -> None:
    wanted = run.PORTS["SHOP_PORT"]
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            holder.bind(("0.0.0.0", wanted))
            holder.listen()
        except OSError:
            pass  # somebody else holds it, which is as good
        ports = run.free_ports()
    assert ports["SHOP_PORT"] != wanted
    assert set(ports) == set(run.PORTS)
    assert len(set(ports.values())) == len(ports)


def test_every_server_has_a_port_of_its_own() -> None:
    assert {variable for _, variable in run.SERVERS} == set(run.PORTS) - {"HTTP_PORT", "HTTPS_PORT"}
