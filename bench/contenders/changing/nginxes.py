"""nginx: the configuration is written anew, then ``nginx -s reload``. One worker, as elsewhere here."""

from __future__ import annotations

import contextlib
import os
import subprocess

from bench import processes, values
from bench.contenders import changing

_BASE = """\
{user}worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log stderr crit;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    keepalive_requests 1000000000;
    ssl_certificate {certificate};
    ssl_certificate_key {certificate};
    map $http_upgrade $connection_upgrade {{
        default upgrade;
        '' '';
    }}
    proxy_http_version 1.1;
    proxy_set_header Host $http_host;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $connection_upgrade;
{hosts}}}
"""
_HOST = """\
    upstream {name} {{
        server 127.0.0.1:{server};
        keepalive 128;
    }}
    server {{
        listen 127.0.0.1:{port} ssl http2;
        server_name {name};
        location / {{ proxy_pass http://{name}; }}
    }}
"""


def begin(stack: contextlib.ExitStack, arena: changing.Arena) -> changing.Changing:
    """Run it."""
    stage = arena.stage
    config = stage.folder / "nginx.conf"
    words = (processes.tool("nginx"), "-e", "stderr", "-p", str(stage.folder), "-c", str(config))

    def write(version: int) -> None:
        hosts = "".join(_HOST.format(name=name, server=server, port=stage.port) for name, server in arena.hosts(version).items())
        user = "user root;\n" if os.geteuid() == 0 else ""
        text = _BASE.format(user=user, folder=stage.folder, certificate=stage.certificate, hosts=hosts)
        config.write_text(text, encoding="utf-8")

    def wish(version: int) -> None:
        write(version)
        subprocess.run(processes.pinned(processes.cores().proxy, (*words, "-s", "reload")), capture_output=True, check=True)

    write(0)
    stack.enter_context(processes.running(values.Command(words, stage.folder), processes.cores().proxy, stage.port))
    return changing.Changing(stage.port, wish, changing.shows_server(arena))


RELOAD = changing.Way("nginx", "nginx -s reload", begin)
