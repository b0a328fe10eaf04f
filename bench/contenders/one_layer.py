"""A site without passthrough, written by hand with care: one layer, the host chosen by an ACL, the forwarded headers that
servers usually want. Called by rows.
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
    option forwardfor
    http-request set-header X-Forwarded-Proto https
    use_backend prometheus if {{ hdr(host),field(1,:) -i {host} }}

backend prometheus
    server prometheus 127.0.0.1:{server} check
"""


def prepare(stage: values.Stage) -> values.Command:
    """Write the configuration."""
    text = CONFIG.format(host=values.EDGE_HOST, port=stage.port, server=stage.server_port, certificate=stage.certificate)
    return haproxies.write(stage, text)


CONTENDER = values.Contender("one-layer", "one layer written by hand", prepare)
