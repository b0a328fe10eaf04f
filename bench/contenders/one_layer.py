"""A site without passthrough, written by hand: one layer, the host chosen by an ACL. ``CAREFUL`` sets the forwarded headers that
hapilot sets, in place of the client's; ``BRIEF`` two of them, and the client's own come through. Called by rows.
"""

from __future__ import annotations

from bench import values
from bench.contenders import haproxies

CONFIG = """\
global
    nbthread 1
    ssl-default-bind-options ssl-min-ver TLSv1.2

defaults
    mode http
    option dontlognull
    option redispatch
    retries 3
    timeout http-request 10s
    timeout connect 5s
    timeout client 1m
    timeout server 1m
    timeout check 5s

frontend https
    bind 127.0.0.1:{port} ssl crt {certificate} alpn h2,http/1.1
{headers}    use_backend prometheus if {{ hdr(host),field(1,:) -i {host} }}

backend prometheus
    server prometheus 127.0.0.1:{server} check
"""


_CAREFUL = """\
    http-request set-header X-Forwarded-For %[src]
    http-request set-header X-Forwarded-Proto https
    http-request set-header X-Forwarded-Host %[req.hdr(host)]
    http-request set-header X-Forwarded-Port {port}
    http-request del-header X-Real-IP
    http-request del-header Forwarded
"""
_BRIEF = """\
    option forwardfor
    http-request set-header X-Forwarded-Proto https
"""


def prepare(stage: values.Stage, headers: str) -> values.Command:
    """Write the configuration."""
    text = CONFIG.format(
        headers=headers.format(port=stage.port),
        host=values.EDGE_HOST,
        port=stage.port,
        server=stage.server_port,
        certificate=stage.certificate,
    )
    return haproxies.write(stage, text)


CAREFUL = values.Contender("one-layer", "one layer written by hand, with the same headers", lambda stage: prepare(stage, _CAREFUL))
BRIEF = values.Contender("one-layer-brief", "one layer written by hand, with two headers", lambda stage: prepare(stage, _BRIEF))
