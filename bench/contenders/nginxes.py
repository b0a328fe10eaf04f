"""nginx as the proxy, one worker: TLS ends in one layer, or a stream layer looks at the SNI first and hands terminated hosts
over a unix socket with the PROXY protocol, as hapilot's one-proxy site does. Connections to servers are kept, the usual
forwarded headers are set, unknown hosts get 404. Called by rows.
"""

from __future__ import annotations

import os
from pathlib import Path

from bench import processes, values

_MODULES = (Path("/usr/lib/nginx/modules"), Path("/usr/lib64/nginx/modules"), Path("/usr/local/lib/nginx/modules"))

_BASE = """\
{user}worker_processes 1;
{modules}daemon off;
pid {folder}/nginx.pid;
error_log stderr crit;
events {{ worker_connections 4096; }}
{stream}http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    keepalive_requests 1000000000;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_certificate {certificate};
    ssl_certificate_key {certificate};
    upstream prometheus {{
        server 127.0.0.1:{server};
        keepalive 128;
        keepalive_requests 1000000000;
    }}
    server {{
        listen {listen} ssl http2 default_server;
        return 404;
    }}
    server {{
        listen {listen} ssl http2;
        server_name {host};
        {real_address}location / {{
            proxy_pass http://prometheus;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Proto https;
            proxy_set_header X-Forwarded-Host $http_host;
            proxy_set_header X-Forwarded-Port {port};
        }}
    }}
}}
"""

_STREAM = """\
stream {{
    map $ssl_preread_server_name $where {{
        git.{host} 127.0.0.1:{server};
        vault.{host} 127.0.0.1:{server};
        default unix:{folder}/tls.sock;
    }}
    server {{
        listen 127.0.0.1:{port};
        ssl_preread on;
        proxy_protocol on;
        proxy_pass $where;
    }}
}}
"""


def prepare(stage: values.Stage, *, mixed: bool) -> values.Command:
    """Write the configuration: ``mixed`` with the layer that looks at the SNI."""
    common = {"folder": stage.folder, "host": values.EDGE_HOST, "port": stage.port, "server": stage.server_port}
    text = _BASE.format(
        **common,
        user="user root;\n" if os.geteuid() == 0 else "",
        modules=f"load_module {_stream_module()};\n" if mixed else "",
        stream=_STREAM.format(**common) if mixed else "",
        certificate=stage.certificate,
        listen=f"unix:{stage.folder}/tls.sock" if mixed else f"127.0.0.1:{stage.port}",
        real_address="set_real_ip_from unix:;\n        real_ip_header proxy_protocol;\n        " if mixed else "",
    )
    if mixed:
        text = text.replace("ssl http2", "ssl http2 proxy_protocol")
    config = stage.folder / "nginx.conf"
    config.write_text(text, encoding="utf-8")
    return values.Command((processes.tool("nginx"), "-e", "stderr", "-p", str(stage.folder), "-c", str(config)), stage.folder)


def _stream_module() -> Path:
    found = next((folder / "ngx_stream_module.so" for folder in _MODULES if (folder / "ngx_stream_module.so").exists()), None)
    if found is None:
        raise values.NotMeasured("nginx's stream module is not installed (Debian: libnginx-mod-stream)")
    return found


MIXED = values.Contender("nginx", "nginx: ssl_preread, a unix socket, TLS", lambda stage: prepare(stage, mixed=True))
ONE_LAYER = values.Contender("nginx-one-layer", "nginx: TLS in one layer", lambda stage: prepare(stage, mixed=False))
