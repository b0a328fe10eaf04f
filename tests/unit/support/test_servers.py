"""The stand-ins that speak no HTTP, the stand under load, and what it leaves behind (nothing)."""

from __future__ import annotations

import concurrent.futures
import gc
import json
import subprocess
import sys
import threading
import time
from pathlib import Path

from support import certificates, client, ports, proxy_protocol, servers
from support.standin import Spec

_HEADER = proxy_protocol.build_v2(("2001:db8::1", 1000), ("2001:db8::2", 22))


def test_ssh_speaks_at_once_and_answers_the_banner(stand: servers.Stand) -> None:
    for policy in ("required", "optional"):
        server = stand.tcp("git", "ssh", proxy=policy)
        outcome = client.ssh(server.address, proxy=_HEADER)
        assert outcome.body.startswith(b"SSH-2.0-standin\r\n{")
        assert (outcome.standin, outcome.json()["proxy"]["src"]) == ("git", ["2001:db8::1", 1000])
        assert server.last.body == b"SSH-2.0-client\r\n"
    bare = stand.tcp("bare", "ssh", proxy="optional")
    assert client.silent(bare.address, 2).body == b"SSH-2.0-standin\r\n"


def test_the_server_speaks_first(stand: servers.Stand) -> None:
    server = stand.tcp("mail", "silent-first", "::1")
    outcome = client.silent(server.address, 2)
    assert outcome.json()["greeting"] == "220 mail"
    assert client.silent(stand.tcp("line").address, 0.05).kind == "timeout"


def test_echo_and_lines(stand: servers.Stand) -> None:
    echo, line = stand.tcp("echo", "tcp-echo"), stand.tcp("line")
    assert client.speak(echo.address, b"hello\n").body == b"hello\n"
    outcome = client.speak(line.address, b"one\ntwo\n", lines=2)
    assert [json.loads(text)["body"] for text in outcome.body.splitlines()] == ["one\n", "two\n"]
    with client.connect(echo.address, source="127.0.0.9") as connection:
        connection.send(b"a", segments=1)
        assert connection.read().body == b"a"
        connection.end_sending()
        assert connection.read_to_end().kind == "closed"
    assert echo.last.peer[0] == "127.0.0.9"


def test_tls_before_any_kind(stand: servers.Stand, authority: certificates.Authority) -> None:
    context = authority.issue("a.example").server_context()
    server = stand.start(Spec("tcp-echo", "echo", tls=context))
    with client.connect(server.address) as connection:
        assert connection.start_tls(client.Tls(authority.client_context(), "a.example")).ok
        connection.send(b"x" * 100_000)
        assert connection.read_exactly(100_000).body == b"x" * 100_000


def test_thousands_of_short_connections_leave_nothing_behind() -> None:
    def descriptors() -> int:
        gc.collect()
        return len(list(Path("/proc/self/fd").iterdir()))

    ports.free_port()  # claims a block for the process, on purpose for good
    before, threads = descriptors(), threading.active_count()
    with servers.Stand(keep=10) as stand:
        server = stand.http("web")
        half_open = client.connect(server.address)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            outcomes = [outcome.status for outcome in pool.map(client.get, [server.address] * 2000)]
        assert outcomes == [200] * 2000
        assert (server.request_count, len(server.requests)) == (2000, 10)
        # The server notices the end of the last ones a moment after their clients.
        deadline = time.monotonic() + 10
        while server.open_connections > 1 and time.monotonic() < deadline:
            time.sleep(0.02)
        open_at_last = server.open_connections
    assert half_open.read().kind in ("closed", "reset")
    half_open.close()
    assert open_at_last == 1
    assert (descriptors(), threading.active_count()) == (before, threads)


def test_the_same_port_over_stop_and_start(stand: servers.Stand) -> None:
    server = stand.http("web")
    port = server.port
    for _ in range(20):
        assert client.get(server.address).ok
        server.stop()
        assert not client.get(server.address).ok
        server.start()
    server.start()
    assert (server.port, client.get(server.address).status) == (port, 200)
    server.forget()
    assert (server.requests, server.connections) == ((), 0)


def test_as_a_program(tmp_path: Path, authority: certificates.Authority) -> None:
    files = authority.issue("a.example").write(tmp_path)
    tls = {"certificate": str(files.certificate), "key": str(files.key), "alpn": ["h2"]}
    specs = [{"kind": "http", "name": "web", "tls": tls}, {"kind": "ssh", "name": "git", "proxy": "required"}]
    command = [sys.executable, "-m", "support.servers", "--spec", json.dumps(specs)]
    folder = Path(servers.__file__).parent.parent
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=folder) as process:
        assert process.stdout is not None
        found = json.loads(process.stdout.readline())
        how = client.Tls(authority.client_context(), "a.example")
        assert client.get(("127.0.0.1", found["web"]), tls=how).standin == "web"
        assert client.ssh(("127.0.0.1", found["git"]), proxy=_HEADER).standin == "git"
    assert process.returncode == 0


def test_ports_differ_between_processes() -> None:
    program = "from support import ports; print(*[ports.free_port() for _ in range(60)], flush=True); input()"
    folder = Path(servers.__file__).parent.parent
    command = [sys.executable, "-c", program]
    mine = {ports.free_port() for _ in range(60)}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=folder, text=True) as other:
        assert other.stdout is not None
        theirs = {int(port) for port in other.stdout.readline().split()}
        mine |= {ports.free_port() for _ in range(60)}
        other.communicate("\n")
    assert (len(mine), len(theirs), mine & theirs) == (120, 60, set())
