"""Ten thousand connections that do nothing: others are served, HAProxy counts them, and they are gone in their time."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from hapilot.compile import target
from hapilot.render import bundle, render
from hapilot.runtime import binary, plain
from hapilot.runtime import client as runtime_client
from integration.behaviour import sites
from support import client, ports
from support.client import Address, Request
from support.raw_server import RawServer

pytestmark = [pytest.mark.haproxy, pytest.mark.system]

COUNT = 10_000
SILENT = COUNT * 9 // 10
"""So many never say a word; the others fall silent behind a request."""
_SOURCES = 20
"""Addresses of ours: a pair of addresses has 28,000 ports, which other tests want too."""
_SPARE = 500
"""Descriptors for all else."""
_REQUEST_TIMEOUT = 10.0
_SOON = 3.0
"""Seconds that others wait at most, on a machine that is busy with other tests too."""
_GET = b"GET /first HTTP/1.1\r\nHost: web.example.test\r\n\r\n"

SITE = """
listeners: {http: {bind: "127.0.0.1:${HTTP}"}}
services: {web: {host: web.example.test, tls: none, servers: ["${web}"]}}
defaults: {health: off}
raw: {global: ["no strict-limits"]}
"""
"""HAProxy, and hapilot's budget, count two descriptors for each connection, since each may need one to a server. These need none, so
what hapilot renders is run without hapilot here (`-n`), also where the machine allows less than twice as many."""


@dataclass(frozen=True, slots=True)
class Running:
    """The HAProxy, where it listens, and its runtime API."""

    pid: int
    address: Address
    runtime: runtime_client.RuntimeClient

    def info(self) -> dict[str, int]:
        """The numbers of `show info`."""
        pairs = (line.split(": ", 1) for line in self.runtime.send("show info").splitlines() if ": " in line)
        return {name: int(value) for name, value in pairs if value.isdigit()}

    def descriptors(self) -> int:
        """How many the kernel counts."""
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))

    def served(self) -> float:
        """Seconds until a request of somebody else is answered."""
        began = time.monotonic()
        answer = client.get(self.address, Request(target="/innocent", host="web.example.test"))
        assert (answer.status, answer.body) == (200, b"/innocent"), answer
        return time.monotonic() - began


@pytest.fixture
def running(haproxy: binary.Haproxy, raw_servers: Mapping[str, RawServer]) -> Iterator[Running]:
    web, port = raw_servers["web"], ports.free_port()
    with TemporaryDirectory(prefix="hapilot-crowd-") as name, ExitStack() as ends:
        folder = Path(name)
        wanted = target.Target(version=(haproxy.version[0], haproxy.version[1]), run_dir=name)
        made = sites.compiled(SITE, folder, wanted, HTTP=port, web=f"{web.address[0]}:{web.address[1]}")
        plain.write_bundle(folder, render.render_build(made))
        command = [haproxy.path, "-db", "-n", str(COUNT + _SPARE), "-f", bundle.CONFIG]
        process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        ends.callback(process.wait, 10)
        ends.callback(process.kill)
        found = Running(process.pid, ("127.0.0.1", port), runtime_client.RuntimeClient(folder / "runtime.sock"))
        end = time.monotonic() + 10
        while client.get(found.address).kind == "refused":
            assert process.poll() is None, "HAProxy did not start"
            assert time.monotonic() < end
            time.sleep(0.02)
        yield found


def test_ten_thousand_idle_connections(running: Running, raw_servers: Mapping[str, RawServer], descriptors: int) -> None:
    """All of them are open at once, which HAProxy and the kernel confirm; then the time of a request's head is over."""
    if descriptors < COUNT + 2 * _SPARE:
        miss = pytest.fail if os.environ.get("HAPILOT_REQUIRE_ALL") == "1" else pytest.skip
        miss(f"the machine allows {descriptors} descriptors, and this test alone needs {COUNT + 2 * _SPARE}: raise the limit (ulimit -Hn)")
    assert running.served() < _SOON
    few = running.descriptors()
    began = time.monotonic()
    with _crowd(running.address) as crowd:
        opened = time.monotonic() - began
        assert opened < _REQUEST_TIMEOUT - 1, "too slow a machine: the first would be gone before the last is there"
        assert running.info()["CurrConns"] >= COUNT
        assert running.descriptors() >= COUNT
        assert max(running.served() for _ in range(50)) < _SOON
        assert running.info()["CurrConns"] >= COUNT, "some were gone while others were served"
        assert {one.target for one in raw_servers["web"].requests} == {"/first", "/innocent"}
        time.sleep(max(0.0, began + opened + _REQUEST_TIMEOUT + 0.5 - time.monotonic()))
        assert running.info()["CurrConns"] < 10
        assert running.descriptors() - few < 100
        assert _ended(crowd) == COUNT
    assert running.served() < _SOON


@contextmanager
def _crowd(address: Address) -> Generator[list[socket.socket]]:
    plugs: list[socket.socket] = []
    try:
        for number in range(COUNT):
            plug = socket.socket()
            plugs.append(plug)
            # Gone at once when it is closed: no port is left in TIME_WAIT.
            plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            plug.settimeout(5)
            plug.bind((f"127.3.0.{1 + number % _SOURCES}", 0))
            plug.connect(address)
            if number >= SILENT:
                plug.sendall(_GET)
                assert plug.recv(1_000).startswith(b"HTTP/1.1 200 ")
        yield plugs
    finally:
        for plug in plugs:
            plug.close()


def _ended(crowd: list[socket.socket]) -> int:
    """How many of them HAProxy has ended: those that never asked got a 408 before."""
    ended = 0
    for plug in crowd:
        plug.settimeout(1)
        said = plug.recv(1_000)
        ended += not said or (said.startswith(b"HTTP/1.1 408 ") and not plug.recv(1_000))
    return ended
