"""Caddy: a new Caddyfile is posted to its administration API, which answers when it runs."""

from __future__ import annotations

import contextlib
from http import client

from bench import processes, values
from bench.contenders import changing

_CONFIG = """\
{{
    admin 127.0.0.1:{admin}
    auto_https off
    storage file_system {folder}/storage
    servers {{
        protocols h1 h2
    }}
}}
{hosts}"""
_HOST = """\
https://{name}:{port} {{
    bind 127.0.0.1
    tls {certificate} {certificate}
    reverse_proxy 127.0.0.1:{server}
}}
"""
_LOAD_SECONDS = 30


def begin(stack: contextlib.ExitStack, arena: changing.Arena) -> changing.Changing:
    """Run it."""
    stage = arena.stage

    def text(version: int) -> str:
        hosts = (
            _HOST.format(name=name, server=server, port=stage.port, certificate=stage.certificate)
            for name, server in arena.hosts(version).items()
        )
        return _CONFIG.format(admin=stage.spare_port, folder=stage.folder, hosts="".join(hosts))

    def wish(version: int) -> None:
        asking = client.HTTPConnection("127.0.0.1", stage.spare_port, timeout=_LOAD_SECONDS)
        with contextlib.closing(asking):
            asking.request("POST", "/load", text(version), {"Content-Type": "text/caddyfile"})
            answer = asking.getresponse()
            if answer.status != 200:
                raise values.NotMeasured(f"Caddy refused a change: {answer.read().decode('utf-8', 'replace')[:200]}")

    config = stage.folder / "Caddyfile"
    config.write_text(text(0), encoding="utf-8")
    homes = {name: str(stage.folder) for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")}
    words = (processes.tool("caddy"), "run", "--config", str(config), "--adapter", "caddyfile")
    stack.enter_context(processes.running(values.Command(words, stage.folder, homes), processes.cores().proxy, stage.port))
    return changing.Changing(stage.port, wish, changing.shows_server(arena))


LOAD = changing.Way("caddy", "Caddy's administration API", begin)
