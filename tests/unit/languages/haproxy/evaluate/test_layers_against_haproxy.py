"""Whole configurations against real HAProxys: sniffing, PROXY headers, TLS, handing over between frontends, and every kind of answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from hapilot.languages.haproxy.evaluate import connection
from hapilot.languages.haproxy.evaluate.connection import Http, Raw, Request, Silent, Ssh, Tls
from hapilot.languages.haproxy.tree import Env, Line, Section, line, opaque
from support import haproxy
from unit.languages.haproxy.evaluate import lab

pytestmark = [
    pytest.mark.haproxy,
    pytest.mark.parametrize("binary", haproxy.binaries(), ids=lambda binary: binary.id),
]

FACTS = (
    "src=%[src] dst=%[dst] port=%[dst_port] proxied=%[fc_rcvd_proxy] authority=%[fc_pp_authority] tls=%[ssl_fc] sni=%[ssl_fc_sni]"
    " alpn=%[ssl_fc_alpn] major=%[fc_http_major] ver=%[req.ver] host=%[req.hdr(host)] url=%[url] xff=%[req.fhdr(x-forwarded-for)]"
)


def tell(name: str, *condition: str) -> Line:
    """A rule that answers with all that is known, after ``name``."""
    reply = ("http-request", "return", "status", "200", "content-type", "text/plain", "lf-string", f"{name} {FACTS}")
    return line(*reply, *condition)


def raw(kind: str, name: str, text: str, *more: Line) -> Section:
    """A section from its lines as text."""
    return Section(kind, name, (*(opaque(each.strip()) for each in text.strip().splitlines()), *more))


FRONT_DOOR = [
    raw(
        "frontend",
        "door",
        """
        mode tcp
        bind PORT
        tcp-request connection reject if { src 127.0.0.66 }
        tcp-request inspect-delay 300ms
        tcp-request content set-var(txn.sni) req.ssl_sni,lower,rtrim(.)
        tcp-request content reject if { var(txn.sni) -m str refused.test }
        tcp-request content accept if { req.ssl_hello_type 1 }
        tcp-request content accept if { req.payload(0,4) -m str SSH- }
        tcp-request content accept if { req.payload(0,3) -m bin 474554 }
        use_backend acme if { req.ssl_alpn acme-tls/1 }
        use_backend secret if { req.ssl_sni -m end .secret.test } or { var(txn.sni) -m str secret.test }
        use_backend %[var(txn.sni),map_str(FOLDER/hosts)] if { var(txn.sni),map_str(FOLDER/hosts) -m found }
        use_backend plain if { req.payload(0,3) -m bin 474554 }
        use_backend ssh if { req.payload(0,4) -m str SSH- }
        use_backend quiet unless { req.len gt 0 }
        use_backend nonsense if !{ req.ssl_hello_type 1 }
        default_backend tls
        """,
    ),
    raw("backend", "tls", "mode tcp\nserver local unix@FOLDER/tls send-proxy-v2 proxy-v2-options authority"),
    raw("backend", "secret", "mode tcp\nserver local unix@FOLDER/secret"),
    raw("backend", "shop", "mode tcp\nserver local unix@FOLDER/secret"),
    raw("backend", "acme", "mode tcp\nserver local unix@FOLDER/acme send-proxy"),
    raw("backend", "plain", "mode http\noption forwardfor\nserver local unix@FOLDER/plain send-proxy-v2"),
    raw("backend", "ssh", "mode tcp\nserver local unix@FOLDER/banner"),
    raw("backend", "quiet", "mode tcp\nserver local unix@FOLDER/nobody"),
    raw("backend", "nonsense", "mode http\nserver local unix@FOLDER/plain send-proxy-v2"),
    Section(
        "frontend",
        "tls",
        (
            line(
                "bind", Env("unix@", "PLACE", "/tls"), "accept-proxy", "ssl", "crt", "FOLDER/front.pem", "alpn", "h2,http/1.1", "strict-sni"
            ),
            opaque("http-request return status 421 content-type text/plain string other if { req.hdr(host) -m str other.test }"),
            opaque("http-request set-var(txn.host) req.hdr(host),field(1,:),lower"),
            opaque("use_backend inner if { path_beg /inner }"),
            tell("tls"),
        ),
    ),
    raw(
        "backend",
        "inner",
        """
        http-request set-header X-Forwarded-For %[src]
        http-request set-path /seen%[path]
        server re unix@FOLDER/again ssl verify none sni var(txn.host) alpn http/1.1 send-proxy-v2
        """,
    ),
    raw("frontend", "again", "bind unix@FOLDER/again accept-proxy ssl crt FOLDER/server.pem alpn h2,http/1.1", tell("again")),
    raw("frontend", "secret", "bind unix@FOLDER/secret ssl crt FOLDER/server.pem alpn http/1.1", tell("secret")),
    raw("frontend", "acme", "bind unix@FOLDER/acme accept-proxy ssl crt FOLDER/server.pem alpn acme-tls/1", tell("acme")),
    raw(
        "frontend",
        "plain",
        "bind unix@FOLDER/plain accept-proxy",
        opaque("http-request redirect scheme https code 308 unless { path /known }"),
        tell("plain"),
    ),
    raw("frontend", "banner", "bind unix@FOLDER/banner\nhttp-request return status 200"),
    raw("frontend", "nobody", "mode tcp\nbind unix@FOLDER/nobody\ntcp-request connection reject"),
]

HTTP2 = ("h2", "http/1.1")
VISITS: list[connection.First] = [
    Tls("shop.apps.test", (), Request(path="/x?y", host="shop.apps.test:443")),
    Tls("shop.apps.test", HTTP2, Request(path="/x?y", host="shop.apps.test:443", headers=(("x-a", "b"),))),
    Tls("shop.apps.test", ("http/1.1",), Request(host="other.test")),
    Tls("shop.apps.test", HTTP2, Request(path="/inner/a?b=c", host="Shop.test:8443")),
    Tls("Uncovered.test", (), Request(host="uncovered.test")),
    Tls("refused.test", (), Request()),
    Tls("REFUSED.test", (), Request()),
    Tls("secret.test", (), Request(host="secret.test")),
    Tls("a.secret.test", HTTP2, Request(host="a.secret.test")),
    Tls("shop.test", (), Request(host="shop.test")),
    Tls("shop.apps.test", ("acme-tls/1",), Request(host="shop.apps.test")),
    Tls(None, (), Request(host="shop.test")),
    Http(Request(path="/known?q=1", host="Shop.test")),
    Http(Request(path="/elsewhere?q=1", host="Shop.test:80")),
    Http(Request(path="/elsewhere", host=None, version="1.0")),
    Http(Request(method="POST", path="/elsewhere", host="x", headers=(("Content-Length", "0"),))),
    Ssh(),
    Raw(b"\x00\x01\x02\x03\x04\x05"),
    Silent(),
]


def test_a_front_door(binary: haproxy.Binary, tmp_path: Path) -> None:
    with lab.serve(binary, tmp_path, FRONT_DOOR) as running:
        for visit in VISITS:
            assert lab.said(running.expect(visit)) == lab.answer(running, visit), visit
