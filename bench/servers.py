"""What stands behind and beside the contenders: a web server for every load, and a syslog that hears and forgets.

Called by :mod:`bench.measure`; the web server shares the load's core.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from bench import processes, values

_NGINX = """\
{user}worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log stderr crit;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    sendfile on;
    default_type application/octet-stream;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    open_file_cache max=10;
    server {{
        listen 127.0.0.1:{port} backlog=4096 reuseport;
        listen 127.0.0.1:{other} backlog=4096 reuseport;
        listen 127.0.0.1:{tls} ssl backlog=4096 reuseport;
        ssl_certificate {certificate};
        ssl_certificate_key {certificate};
        root {folder}/www;
        # From memory and in one write: the less the web server needs of the load's core, the more there is to ask.
        location = {small} {{ return 200 "{body}"; }}
        # Which name the connection was made for, which one the request names, and how many the connection has carried.
        location = {names} {{ return 200 "$ssl_server_name $host $connection_requests"; }}
        # Which of the two servers it is that answers.
        location = {who} {{ return 200 "$server_port"; }}
    }}
}}
"""


NAMES = "/names"
"""Tells the name of the TLS connection, that of the request, and the number of the request on the connection."""
WHO = "/who"
"""Tells the port of the server that answers."""


@dataclass(frozen=True, slots=True)
class Web:
    """The web server that runs."""

    pid: int
    port: int
    tls_port: int
    other_port: int
    """In clear as ``port``: a second server, for sites that change from one to the other."""


@contextlib.contextmanager
def web(folder: Path, core: int, certificate: Path) -> Generator[Web]:
    """An nginx on one worker that serves the body of every load, in clear and over TLS with ``certificate``."""
    port, tls_port, other = processes.free_ports(3)
    pages = folder / "www"
    pages.mkdir(parents=True)
    (pages / values.BULK.path.lstrip("/")).write_bytes(b"x" * values.BULK.size)
    # Started by root, nginx would become another user, who can't read a private temporary folder.
    user = "user root;\n" if os.geteuid() == 0 else ""
    config = folder / "nginx.conf"
    answers = {"small": values.SMALL.path, "body": "x" * values.SMALL.size, "names": NAMES, "who": WHO}
    text = _NGINX.format(folder=folder, port=port, other=other, tls=tls_port, certificate=certificate, user=user, **answers)
    config.write_text(text, encoding="utf-8")
    command = values.Command((processes.tool("nginx"), "-e", "stderr", "-p", str(folder), "-c", str(config)), folder)
    with processes.running(command, core, port) as pid:
        yield Web(pid, port, tls_port, other)


@contextlib.contextmanager
def syslog() -> Generator[int]:
    """A UDP socket that nobody reads; gives its port. Its queue fills and the kernel drops the rest: the sender pays for
    every message as with a real syslog, and the receiver, who is no contender, costs nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink:
        sink.bind(("127.0.0.1", 0))
        yield sink.getsockname()[1]
