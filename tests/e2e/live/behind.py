"""What stands behind the site: nginx for requests, stand-ins for streams, a real sshd.

Comes in: a folder. Goes out: `Behind`, with the ports and the authority that signed what servers show. Each HTTP server names itself in
X-Standin by its port. nginx answers what the load generators ask, so that the servers are never what is slow; streams are served by the
stand-ins in a process of their own. Called by the fixture of this folder.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from e2e import sshd, up
from e2e.live import wanted
from support import certificates, haproxy, ports

_NGINX = """\
worker_processes 1;
daemon off;
{user}pid {folder}/nginx.pid;
error_log {folder}/nginx.log warn;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    default_type text/plain;
    # No connection from the proxy ends by the server's wish: what is measured is the proxy.
    keepalive_requests 1000000000;
    keepalive_timeout 1h;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    ssl_certificate {certificate};
    ssl_certificate_key {certificate};
    server {{
{listens}
        add_header X-Standin $server_port;
        location / {{ return 200 "from $server_port\\n"; }}
    }}
}}
"""


@dataclass(frozen=True, slots=True)
class Behind:
    """The servers, all of them running. ``sshd`` is one of them, ``authority`` the file of the CA."""

    ports: wanted.Ports
    sshd: sshd.Server
    authority: Path


@contextlib.contextmanager
def running(folder: Path) -> Generator[Behind]:
    """All of them, until the block ends."""
    authority = certificates.authority()
    shown = authority.issue(f"*.{wanted.PASSED}").write(folder, "passed")
    with contextlib.ExitStack() as stack:
        ssh = stack.enter_context(sshd.running(folder / "sshd"))
        given = wanted.Ports(
            http=ports.free_port(), https=ports.free_port(), extra=_some(3), shop=_some(6), api=_some(4), added=_some(4),
            vault=_some(4), passed=_some(4), chat=_some(4), tunnel=_some(3), ssh=ssh.port,
        )  # fmt: skip
        stack.enter_context(_nginx(folder / "nginx", given, shown))
        stack.enter_context(_standins(given, shown))
        yield Behind(given, ssh, authority.write(folder))


def _some(count: int) -> tuple[int, ...]:
    return tuple(ports.free_port() for _ in range(count))


@contextlib.contextmanager
def _nginx(folder: Path, given: wanted.Ports, shown: certificates.Files) -> Generator[None]:
    program = haproxy.require("nginx", "servers that keep up with load generators")
    folder.mkdir(parents=True)
    plain, ended = given.shop + given.api + given.added, given.vault + given.passed
    listens = [f"        listen 127.0.0.1:{port};" for port in plain] + [f"        listen 127.0.0.1:{port} ssl;" for port in ended]
    user = "user root;\n" if os.geteuid() == 0 else ""
    config = folder / "nginx.conf"
    config.write_text(_NGINX.format(folder=folder, certificate=shown.combined, user=user, listens="\n".join(listens)), encoding="utf-8")
    command = [program, "-e", str(folder / "nginx.log"), "-p", str(folder), "-c", str(config)]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    try:
        up.wait_until(lambda: (folder / "nginx.pid").exists() or process.poll() is not None, lambda: "nginx does not start")
        assert process.poll() is None, (folder / "nginx.log").read_text()
        yield
    finally:
        process.terminate()
        process.wait(10)


@contextlib.contextmanager
def _standins(given: wanted.Ports, shown: certificates.Files) -> Generator[None]:
    tls = {"certificate": str(shown.combined), "key": str(shown.key)}
    specs = [{"kind": "http", "name": str(port), "port": port} for port in given.chat]
    specs += [{"kind": "http", "name": str(port), "port": port, "tls": tls} for port in given.tunnel]
    command = [sys.executable, "-m", "support.servers", "--spec", json.dumps(specs)]
    folder = Path(__file__).resolve().parents[2]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=folder) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline()
        yield
        process.stdin.close()
        process.wait(20)
