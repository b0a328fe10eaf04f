"""Caddy as the proxy: TLS ends there, requests go to a server in clear. What it does by itself (forwarded headers, kept
connections to servers) stays; HTTP/3 and the administration are off. Called by rows.
"""

from __future__ import annotations

from bench import processes, values

_CONFIG = """\
{{
    admin off
    auto_https off
    storage file_system {folder}/storage
    servers {{
        protocols h1 h2
    }}
}}

https://{host}:{port} {{
    bind 127.0.0.1
    tls {certificate} {certificate}
    reverse_proxy 127.0.0.1:{server}
}}
"""


def prepare(stage: values.Stage) -> values.Command:
    """Write the configuration."""
    config = stage.folder / "Caddyfile"
    text = _CONFIG.format(
        folder=stage.folder, host=values.EDGE_HOST, port=stage.port, certificate=stage.certificate, server=stage.server_port
    )
    config.write_text(text, encoding="utf-8")
    homes = {name: str(stage.folder) for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")}
    return values.Command((processes.tool("caddy"), "run", "--config", str(config), "--adapter", "caddyfile"), stage.folder, homes)


CONTENDER = values.Contender("caddy", "Caddy, TLS ends there", prepare)
