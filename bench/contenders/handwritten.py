"""The one-proxy site as people write it by hand: a TCP frontend tells HTTP from TLS by the first bytes and goes by SNI to
the passed-through servers or, over TCP loopback, to a frontend that terminates TLS and goes by host.

Two styles: ``HANDWRITTEN`` with HAProxy's own defaults for connections and without a log, as hapilot has it; ``DOCUMENTS``
with the ``defaults`` section that HAProxy packages and tutorials carry along: ``option http-server-close``, ``option httplog``,
syslog over UDP. One trip through loopback, although tutorials make up to two: the stricter comparison. Called by rows.
"""

from __future__ import annotations

from bench import values
from bench.contenders import haproxies

CONFIG = """\
global
    log 127.0.0.1:{log} local2
    nbthread 1
    ssl-default-bind-options ssl-min-ver TLSv1.2

defaults
    mode http
{options}    option dontlognull
    option redispatch
    retries 3
    timeout http-request 10s
    timeout queue 1m
    timeout connect 10s
    timeout client 1m
    timeout server 1m
    timeout http-keep-alive 10s
    timeout check 10s

frontend ssh
    mode tcp
    bind 127.0.0.1:{ssh}
    default_backend git-ssh

frontend http
    bind 127.0.0.1:{plain}
    http-request redirect scheme https code 301

frontend main
    mode tcp
{tcp_options}    bind 127.0.0.1:{port}
    tcp-request inspect-delay 5s
    tcp-request content accept if HTTP
    tcp-request content accept if {{ req.ssl_hello_type 1 }}
    use_backend to-http if HTTP
    use_backend git if {{ req.ssl_sni -i git.{host} }}
    use_backend vault if {{ req.ssl_sni -i vault.{host} }}
    default_backend to-https

backend to-http
    mode tcp
    server http 127.0.0.1:{plain}

backend to-https
    mode tcp
    server https 127.0.0.1:{hop}

frontend https
    bind 127.0.0.1:{hop} ssl crt {certificate} alpn h2,http/1.1
    option forwardfor
    http-request set-header X-Forwarded-Proto https
    use_backend prometheus if {{ hdr(host),field(1,:) -i {host} }}

backend git-ssh
    mode tcp
    server git 127.0.0.1:{server} check

backend git
    mode tcp
    server git 127.0.0.1:{server} check

backend vault
    mode tcp
    server vault 127.0.0.1:{server} check

backend prometheus
    server prometheus 127.0.0.1:{server} check
"""


def prepare(stage: values.Stage, style: str) -> values.Command:
    """Write the configuration in one of the two styles."""
    documents = style == "documents"
    plain, ssh = stage.other_ports
    text = CONFIG.format(
        options="    log global\n    option httplog\n    option http-server-close\n" if documents else "",
        tcp_options="    option tcplog\n" if documents else "",
        host=values.EDGE_HOST,
        port=stage.port,
        plain=plain,
        ssh=ssh,
        hop=stage.spare_port,
        server=stage.server_port,
        log=stage.log_port,
        certificate=stage.certificate,
    )
    return haproxies.write(stage, text)


HANDWRITTEN = values.Contender("handwritten", "written by hand, a hop over TCP loopback", lambda stage: prepare(stage, "plain"))
DOCUMENTS = values.Contender(
    "documents", "the same with http-server-close and httplog to syslog over UDP", lambda stage: prepare(stage, "documents")
)
