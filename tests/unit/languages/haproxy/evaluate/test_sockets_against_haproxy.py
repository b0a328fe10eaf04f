"""Sockets that are no addresses, against real HAProxys: unix sockets, on which nobody knows the client, and inherited descriptors."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hapilot.languages.haproxy import tree
from hapilot.languages.haproxy.evaluate import trace
from hapilot.languages.haproxy.evaluate.connection import Connection, Endpoint, Http, ProxyHeader, Request, endpoint
from hapilot.languages.haproxy.evaluate.evaluator import Around, Evaluator
from hapilot.languages.haproxy.evaluate.wire import first_bytes, header_bytes
from hapilot.languages.haproxy.printer import print_config
from hapilot.languages.haproxy.tree import Env, Section, line, opaque
from support import haproxy

pytestmark = [
    pytest.mark.haproxy,
    pytest.mark.parametrize("binary", haproxy.binaries(), ids=lambda binary: binary.id),
]

KNOWN = ("src", "src_port", "dst", "dst_port", "fc_rcvd_proxy", "src,crc32,mod(100)", "var(txn.any)", "sc0_tracked", "so_name")
FACTS = " ".join(f"<%[{each}]>" for each in KNOWN)
RULES = (
    opaque("mode http"),
    opaque("timeout client 3s"),
    opaque("stick-table type ipv6 size 10 store gpc0"),
    opaque("http-request track-sc0 src,ipmask(32,64)"),
    opaque("http-request set-var(txn.any) str(known) if { src -m found }"),
    opaque("http-request set-var(txn.any) str(not4) unless { src 0.0.0.0/0 }"),
    opaque("http-request deny if { src 0.0.0.0/0 ::/0 } { path /inside }"),
    line("http-request", "return", "status", "200", "content-type", "text/plain", "lf-string", FACTS),
)
HEADERS = (
    None,
    ProxyHeader(2, "proxy", endpoint("192.0.2.7:1234"), endpoint("192.0.2.1:443")),
    ProxyHeader(1, "proxy", endpoint("[2001:db8::7]:1234"), endpoint("[2001:db8::1]:443")),
    ProxyHeader(2, "local"),
)


@contextmanager
def serving(binary: haproxy.Binary, folder: Path, config: tree.Config, *descriptors: int) -> Generator[None]:
    (folder / "haproxy.cfg").write_text(print_config(config))
    with (folder / "haproxy.log").open("wb") as sink:
        process = subprocess.Popen(
            [binary.path, "-db", "-f", "haproxy.cfg"],
            cwd=folder,
            env={**os.environ, "RUN": str(folder), "FD": str(next(iter(descriptors), 0))},
            stdout=sink,
            stderr=sink,
            pass_fds=descriptors,
        )
    try:
        yield
        assert process.poll() is None, (folder / "haproxy.log").read_text()
    finally:
        process.kill()
        process.wait(10)


def ask(plug: socket.socket, request: Request, header: ProxyHeader | None) -> str:
    """Status and body, as :func:`said` has them."""
    with plug:
        plug.settimeout(5)
        plug.sendall((header_bytes(header) if header is not None else b"") + first_bytes(request))
        plug.shutdown(socket.SHUT_WR)
        received = b""
        while data := plug.recv(65536):
            received += data
    head, _, body = received.partition(b"\r\n\r\n")
    return f"{head.split()[1].decode()} {body.decode()}" if b"text/plain" in head else head.split()[1].decode()


def said(found: trace.Trace) -> str:
    assert isinstance(found.outcome, trace.Respond), found.outcome
    return f"{found.outcome.status} {found.outcome.body}" if found.outcome.content_type else str(found.outcome.status)


@pytest.mark.parametrize("option", ["", "accept-proxy"])
def test_unix_sockets(binary: haproxy.Binary, tmp_path: Path, option: str) -> None:
    words = ["bind", Env("unix@", "RUN", "/door"), "name", "door", *option.split()]
    config = tree.Config((Section("frontend", "front", (line(*words), *RULES)),))
    evaluator = Evaluator(config, Around(environment={"RUN": str(tmp_path)}))
    with serving(binary, tmp_path, config):
        for header in HEADERS if option else HEADERS[:1]:
            for path in ("/", "/inside"):
                found = evaluator.run(Connection(f"unix@{tmp_path}/door", Http(Request(path=path, host="x")), proxy=header))
                if option and header is None:
                    assert found.outcome == trace.Reject("a PROXY header is required, and there is none", config.sections[0].lines[0])
                    continue
                assert said(found) == ask(_unix(tmp_path / "door"), Request(path=path, host="x"), header), (path, header)


def _unix(path: Path) -> socket.socket:
    end = time.monotonic() + 5
    while True:
        plug = socket.socket(socket.AF_UNIX)
        try:
            plug.connect(str(path))
        except OSError:
            plug.close()
            if time.monotonic() > end:
                raise
            time.sleep(0.01)
        else:
            return plug


def test_inherited_sockets(binary: haproxy.Binary, tmp_path: Path) -> None:
    """A bind to a descriptor is named by its text; who is connected to whom is for the caller to say."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        config = tree.Config((Section("frontend", "front", (line("bind", Env("fd@", "FD"), "name", "passed"), *RULES)),))
        evaluator = Evaluator(config, Around(environment={"FD": str(listener.fileno())}))
        with serving(binary, tmp_path, config, listener.fileno()):
            plug = socket.create_connection(("127.0.0.1", port), source_address=("127.0.0.9", 0))
            client, here = plug.getsockname(), Endpoint(endpoint("127.0.0.1:1").ip, port)
            first = Http(Request(path="/", host="x"))
            for at in (f"fd@{listener.fileno()}", "passed"):
                found = evaluator.run(Connection(at, first, Endpoint(endpoint("127.0.0.9:1").ip, client[1]), here))
                assert "127.0.0.9" in said(found)
            assert said(found) == ask(plug, Request(path="/", host="x"), None)
