"""The demo's servers and ports."""

from __future__ import annotations

import json
import socket
from pathlib import Path

from hapilot.demo import run, standins
from support import certificates, client
from support.ports import free_port


def test_a_web_server_says_who_it_is_and_what_arrived() -> None:
    port = free_port()
    with standins.serving(standins.web("shop", port)):
        answer = client.get(("127.0.0.1", port), client.Request("GET", "/cart?id=1", "a.test", headers=(("X-Forwarded-For", "192.0.2.1"),)))
    assert (answer.status, answer.header("X-Server")) == (200, "shop")
    seen = json.loads(answer.body)
    assert (seen["server"], seen["path"], seen["headers"]["X-Forwarded-For"]) == ("shop", "/cart?id=1", "192.0.2.1")


def test_a_web_server_with_tls_survives_those_who_only_connect(tmp_path: Path) -> None:
    port = free_port()
    files = certificates.authority().issue("vault.example.test").write(tmp_path)
    with standins.serving(standins.web("vault", port, files.combined)):
        socket.create_connection(("127.0.0.1", port), 5).close()
        tls = client.Tls(certificates.trusting_nobody(), "vault.example.test")
        assert client.get(("127.0.0.1", port), client.Request("GET", "/", "vault.example.test"), tls=tls).header("X-Server") == "vault"


def test_ssh_greets_first() -> None:
    port = free_port()
    with standins.serving(standins.ssh(port)), socket.create_connection(("127.0.0.1", port), 5) as connection:
        assert connection.recv(100) == b"SSH-2.0-git-ssh_standin\r\n"


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
