"""Whole configurations against real HAProxys: sniffing, PROXY headers, TLS, handing over between frontends, and every kind of answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from hapilot.languages.haproxy.evaluate import connection
from hapilot.languages.haproxy.evaluate.connection import Http, ProxyHeader, Raw, Request, Silent, Ssh, Tls, endpoint
from hapilot.languages.haproxy.tree import Env, Line, Section, line, opaque
from support import haproxy, proxy_protocol
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
            tell("tls", "unless", "{", "path_beg", "/inner", "}"),
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

MAYBE_PROXY = [
    raw(
        "frontend",
        "maybe",
        """
        mode tcp
        bind PORT
        tcp-request inspect-delay 300ms
        tcp-request content accept if { req.payload(0,6) -m str 'PROXY ' } || { req.payload(0,12) -m bin 0d0a0d0a000d0a515549540a }
        tcp-request content accept if { req.len ge 12 }
        use_backend headed if { req.payload(0,6) -m str 'PROXY ' } || { req.payload(0,12) -m bin 0d0a0d0a000d0a515549540a }
        default_backend bare
        """,
    ),
    raw("backend", "headed", "mode tcp\nserver local unix@FOLDER/headed"),
    raw("backend", "bare", "mode tcp\nserver local unix@FOLDER/bare send-proxy-v2"),
    raw("frontend", "headed", "bind unix@FOLDER/headed accept-proxy", tell("headed")),
    raw("frontend", "bare", "bind unix@FOLDER/bare accept-proxy", tell("bare")),
]
REQUIRED_PROXY = [raw("frontend", "required", "bind PORT accept-proxy", tell("required"))]
EXPECTED_PROXY = [
    raw("frontend", "expected", "bind PORT\ntcp-request connection expect-proxy layer4 if { src 127.0.0.0/8 }", tell("expected")),
]
NO_PROXY = [raw("frontend", "none", "bind PORT\ntcp-request connection expect-proxy layer4 if { src 10.0.0.0/8 }", tell("none"))]

V4, V6 = ("192.0.2.7", 1234), ("2001:db8::7", 1234)
TO_V4, TO_V6 = ("192.0.2.1", 443), ("2001:db8::1", 443)
HEADERS: list[tuple[bytes, ProxyHeader] | None] = [
    None,
    (proxy_protocol.build_v1(V4, TO_V4), ProxyHeader(1, "proxy", endpoint("192.0.2.7:1234"), endpoint("192.0.2.1:443"))),
    (proxy_protocol.build_v1(V6, TO_V6), ProxyHeader(1, "proxy", endpoint("[2001:db8::7]:1234"), endpoint("[2001:db8::1]:443"))),
    (proxy_protocol.build_v1_unknown(), ProxyHeader(1, "unknown")),
    (proxy_protocol.build_v2(V4, TO_V4), ProxyHeader(2, "proxy", endpoint("192.0.2.7:1234"), endpoint("192.0.2.1:443"))),
    (
        proxy_protocol.build_v2(V6, TO_V6, tlvs=((proxy_protocol.TLV_AUTHORITY, b"named.test"),)),
        ProxyHeader(2, "proxy", endpoint("[2001:db8::7]:1234"), endpoint("[2001:db8::1]:443"), "named.test"),
    ),
    (proxy_protocol.build_v2_local(), ProxyHeader(2, "local")),
]


@pytest.mark.parametrize("sections", [MAYBE_PROXY, REQUIRED_PROXY, EXPECTED_PROXY, NO_PROXY], ids=lambda sections: sections[0].name)
def test_proxy_headers(binary: haproxy.Binary, tmp_path: Path, sections: list[Section]) -> None:
    visit = Http(Request(path="/x", host="shop.test"))
    with lab.serve(binary, tmp_path, sections) as running:
        for header in HEADERS:
            raw_header, parsed = header or (None, None)
            assert lab.said(running.expect(visit, parsed)) == lab.answer(running, visit, raw_header), parsed


HTTP_AT_THE_DOOR = [
    raw(
        "frontend",
        "door",
        """
        mode tcp
        bind PORT id 77 name door
        tcp-request connection set-var(sess.from) src
        tcp-request session reject if { src 127.0.0.66 } || { dst_port 1 }
        tcp-request session set-dst str(192.0.2.99)
        tcp-request inspect-delay 300ms
        tcp-request content reject if { hdr(host) -i refused.test } HTTP
        tcp-request content accept if { path_beg /accepted }
        tcp-request content switch-mode http if { req.proto_http } METH_GET
        tcp-request content set-var(sess.late) str(late) if WAIT_END
        use_backend %[req.hdr(host),field(1,.)] if { path_beg /by-name }
        use_backend upgraded if HTTP { method GET } { req.hdr_cnt(x-a) 2 } { url_param(q) 1 } { cook(c) d }
        use_backend late if { var(sess.late) -m found }
        default_backend upgraded
        """,
    ),
    raw("backend", "upgraded", "option forwardfor\nserver local unix@FOLDER/told send-proxy-v2"),
    raw("backend", "late", "mode tcp\nserver local unix@FOLDER/told send-proxy"),
    raw("backend", "named", "mode tcp\ntcp-request content reject if { path /by-name/x }\nserver local unix@FOLDER/told send-proxy"),
    raw("frontend", "told", "bind unix@FOLDER/told accept-proxy", tell("told")),
]
DOOR_VISITS: list[connection.First] = [
    *(
        Http(Request(path=path, host=host))
        for path in ("/accepted", "/by-name", "/by-name/x", "/else")
        for host in ("named.test", "Refused.test")
    ),
    Http(Request(path="/?q=1", host="x", headers=(("X-A", "1, 2"), ("Cookie", "c=d")))),
    Http(Request(method="POST", path="/", host="x", headers=(("Content-Length", "0"),))),
    Raw(b"PRI * HTTP/2.0\r\n\r\n"),
    Raw(b"\x01\x02"),
    Ssh(),
]


def test_http_in_a_tcp_frontend(binary: haproxy.Binary, tmp_path: Path) -> None:
    with lab.serve(binary, tmp_path, HTTP_AT_THE_DOOR) as running:
        for visit in DOOR_VISITS:
            assert lab.said(running.expect(visit)) == lab.answer(running, visit), visit


ANSWERS = [
    Section(
        "frontend",
        "answers",
        (
            opaque("bind PORT"),
            opaque("monitor-uri /alive"),
            opaque("http-request allow if { path_beg /allowed }"),
            opaque("http-request deny if { path /deny }"),
            opaque("http-request deny status 429 if { path /deny429 }"),
            opaque("http-request deny deny_status 421 content-type text/plain string wrong if { path /deny421 }"),
            opaque("http-request return if { path /return }"),
            opaque("http-request return status 503 content-type text/plain string 'a  b' hdr Retry-After 5 if { path /return503 }"),
            opaque("http-request redirect location /new code 301 if { path /location }"),
            opaque("http-request redirect location https://%[req.hdr(host),field(1,:)]:8443%[path]?q=%[query] if { path /format }"),
            opaque("http-request redirect prefix https://other.test code 307 drop-query if { path /prefix }"),
            opaque("http-request redirect prefix / code 303 append-slash if { path /self }"),
            opaque("http-request redirect scheme https if { path /scheme }"),
            opaque("http-request redirect location %[req.hdr(x-none)] ignore-empty if { path /empty }"),
            opaque("http-request auth realm people if { path /auth } !{ http_auth(people) }"),
            opaque("http-request reject if { path /open/reject }"),
            opaque("http-request set-var(txn.a) str(first)"),
            opaque("http-request set-var(txn.a) req.hdr(x-none)"),
            opaque("http-request set-var-fmt(txn.b) %[var(txn.a)]-%[path]%%"),
            opaque("http-request unset-var(txn.a) if { path /open/unset }"),
            opaque("http-request set-header X-Set %[var(txn.a)]"),
            opaque("http-request add-header X-Add one"),
            opaque("http-request add-header x-add two"),
            opaque("http-request del-header x-real-ip"),
            opaque("http-request del-header x-forwarded- -m beg unless { src 10.0.0.0/8 }"),
            opaque("http-request del-header ^x-[0-9]+$ -m reg"),
            opaque("http-request del-header -suffix -m end"),
            opaque(r"http-request replace-header X-Rep ^(.*)-(.*)$ \2+\1"),
            opaque(r"http-request replace-path ^/open/rep/(.*)$ /replaced/\1"),
            opaque("http-request set-path /set%[path] if { path /open/path }"),
            opaque("http-request set-query x=%[path,length] if { path /open/query }"),
            opaque("http-request set-pathq /pathq?z if { path /open/pathq }"),
            opaque("http-request set-uri /uri?u if { path /open/uri }"),
            opaque("http-request set-method PUT if { path /open/method }"),
            opaque("http-request set-src req.hdr_ip(x-client,-1) if { src 127.0.0.0/8 }"),
            opaque("http-request set-dst-port int(99) if { path /open/dst }"),
            opaque("stick-table type ip size 10 store http_req_rate(10s)"),
            opaque("http-request track-sc0 src"),
            opaque("http-request deny status 429 if { sc_http_req_rate(0) gt 1000 }"),
            opaque("redirect location /late if { path /open/late }"),
            opaque("use_backend %[req.hdr(x-backend)] if { req.hdr(x-backend) -m found }"),
            opaque("use_backend nobody if { path /open/503 }"),
            opaque("use_backend told unless { path /open/nowhere }"),
        ),
    ),
    raw("backend", "nobody", ""),
    raw(
        "backend",
        "told",
        "option forwardfor if-none",
        line(
            "http-request",
            "return",
            "status",
            "200",
            "content-type",
            "text/plain",
            "lf-string",
            "%[method] %[url] %[src] %[dst_port] %[var(txn.b)] "
            + " ".join(
                f"{name}=%[req.fhdr({name})]" for name in ("x-set", "x-add", "x-rep", "x-forwarded-for", "x-real-ip", "x-12", "my-suffix")
            ),
        ),
    ),
    raw("backend", "over", "option forwardfor header X-Client-Ip\nserver local unix@FOLDER/over"),
    raw(
        "frontend",
        "over",
        "bind unix@FOLDER/over",
        line("http-request", "return", "content-type", "text/plain", "lf-string", "%[req.hdr(x-client-ip)] %[req.hdr_names]"),
    ),
    raw("userlist", "people", "user ann insecure-password x"),
]


PATHS = """
allowed deny deny429 deny421 return return503 location format prefix self scheme empty auth else open
open/reject open/unset open/rep/a/b open/path open/query open/pathq open/uri open/method open/dst open/late open/503 open/nowhere
"""


def test_answers_and_rewrites(binary: haproxy.Binary, tmp_path: Path) -> None:
    paths = PATHS.split()
    requests = [Request(path=f"/{path}?q=1&r", host="shop.test:81", headers=HOSTILE) for path in paths]
    requests += [Request(path="/open", host="x", headers=(("X-Backend", name),)) for name in ("told", "over", "none", "")]
    requests += [
        Request(path="/open", host="x", headers=(("X-Client", "junk, 192.0.2.9, 2001:db8::9"),)),
        Request(path="/open", host="x"),
        Request(path="/alive"),
    ]
    with lab.serve(binary, tmp_path, ANSWERS) as running:
        for request in requests:
            assert lab.said(running.expect(Http(request))) == lab.answer(running, Http(request)), request


HOSTILE = (
    *(
        ("X-Set", "mine"),
        ("X-Real-Ip", "1.1.1.1"),
        ("X-Forwarded-For", "2.2.2.2"),
        ("x-forwarded-proto", "https"),
        ("X-12", "a"),
        ("my-suffix", "b"),
    ),
    *(("X-Rep", "left-right"), ("X-Rep", "nothing")),
)

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
