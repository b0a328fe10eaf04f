"""Real HAProxy programs and state directories for the runtime's integration tests."""

from __future__ import annotations

import contextlib
import shutil
import socket
import threading
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hapilot.base import errors
from hapilot.render.bundle import Bundle, BundleFile
from hapilot.runtime import binary, files, process
from support import haproxies, ports

from . import living


@pytest.fixture(params=["system", "embedded"])
def haproxy(request: pytest.FixtureRequest) -> binary.Haproxy:
    """Each HAProxy of the machine; a missing one skips, or fails where everything must be there."""
    return haproxies.chosen(request.param)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[files.StateDirectory]:
    """A state directory; whatever runs on it at the end of the test is stopped."""
    made = files.StateDirectory(tmp_path / "state")
    run_dir = made.prepare()
    yield made
    with contextlib.suppress(errors.HaproxyFailed):
        left = process.adopt(made)
        if left is not None:
            left.stop(0.0)
    if run_dir.parent != made.root:
        shutil.rmtree(run_dir, ignore_errors=True)


@dataclass
class Backend:
    """A stand-in HTTP server: answers ``hello``, or sends the body in two halves with ``gate`` between them."""

    port: int = 0
    gate: threading.Event = field(default_factory=threading.Event)
    started: threading.Event = field(default_factory=threading.Event)

    def serve(self, listener: socket.socket, stop: threading.Event) -> None:
        """Accepts until told to stop; one thread per connection."""
        threads: list[threading.Thread] = []
        while not stop.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            connection.settimeout(20)
            threads.append(threading.Thread(target=self._answer, args=(connection,)))
            threads[-1].start()
        for thread in threads:
            thread.join()

    def _answer(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            request = connection.recv(65536)
            if b" /slow" not in request:
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")
                return
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\nfirst")
            self.started.set()
            self.gate.wait(15)
            connection.sendall(b"-last")


@pytest.fixture
def backend() -> Generator[Backend]:
    """The stand-in, on a free port of loopback."""
    made = Backend()
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.1)
        made.port = listener.getsockname()[1]
        thread = threading.Thread(target=made.serve, args=(listener, stop))
        thread.start()
        yield made
        made.gate.set()
        stop.set()
        thread.join()


@pytest.fixture
def port() -> int:
    """A port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


MakeBundle = Callable[..., Bundle]


@pytest.fixture
def make_bundle(port: int, backend: Backend) -> MakeBundle:
    """Builds the files of a small site: a listener, a map, a service with a health check."""

    def make(*, extra_global: str = "", extra: str = "", to: str = "web", dead: str = "127.0.0.1:1 check inter 200ms") -> Bundle:
        config = f"""global
    default-path config
    presetenv HAPILOT_RUN /run/hapilot
    stats socket "unix@${{HAPILOT_RUN}}/runtime.sock" mode 600 level admin expose-fd listeners
    server-state-file "${{HAPILOT_RUN}}/servers.state"
    {extra_global}
defaults
    mode http
    load-server-state-from-file global
    timeout connect 2s
    timeout client 30s
    timeout server 30s
frontend front
    bind 127.0.0.1:{port}
    use_backend %[req.hdr(host),map(maps/hosts.map,web)]
backend web
    server one 127.0.0.1:{backend.port} check inter 200ms
    server dead {dead}
{extra}
"""
        return Bundle((BundleFile("haproxy.cfg", config.encode()), BundleFile("maps/hosts.map", f"a.test {to}\n".encode())))

    return make


def fetch(port: int, path: str = "/") -> bytes:
    """The body of one GET."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n".encode())
        parts: list[bytes] = []
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts).partition(b"\r\n\r\n")[2]


@pytest.fixture(params=["embedded", pytest.param("system", marks=pytest.mark.system)])
def lab(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[living.Lab]:
    """A place for a HAProxy that is changed while it runs; it is stopped at the end."""
    state = files.StateDirectory(tmp_path / "state")
    run_dir = state.prepare()
    made = living.Lab(haproxies.chosen(request.param), state, tmp_path)
    yield made
    if made.process is not None:
        made.process.stop(0.0)
    if run_dir.parent != state.root:
        shutil.rmtree(run_dir, ignore_errors=True)


@pytest.fixture
def web() -> tuple[int, int]:
    """Ports for a listener of plain HTTP and one of HTTPS."""
    return ports.free_port(), ports.free_port()
