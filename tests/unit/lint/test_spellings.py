"""One fault in the ways in which people write it, and beside it what looks like it and is none."""

from __future__ import annotations

import pytest

from unit.lint.looking import HEAD, findings, lines

TCP = HEAD.replace("mode http", "mode tcp")
BACK = "backend b\n    server s 10.0.0.1:80\n"


def http(*rules: str, back: str = BACK, bind: str = ":80") -> str:
    """A site in HTTP mode; its rules begin in line 8."""
    return f"{HEAD}frontend f\n    bind {bind}\n" + "".join(f"    {rule}\n" for rule in rules) + f"    default_backend b\n{back}"


def tcp(*rules: str, back: str = BACK) -> str:
    """The same in TCP mode."""
    return http(*rules, back=back).replace("mode http", "mode tcp", 1)


def backend(*rules: str) -> str:
    """A site whose backend's lines begin in line 10."""
    return http(back="backend b\n" + "".join(f"    {rule}\n" for rule in rules))


def with_global(line: str) -> str:
    """A site behind a global section, whose line is the second one."""
    return f"global\n    {line}\n{http()}"


FOUND = [
    # Names of a TLS connection that nobody waits for.
    ("sni-without-wait", 8, tcp("tcp-request content set-var(sess.sni) req.ssl_sni", "use_backend b if { var(sess.sni) a.test }")),
    ("sni-without-wait", 8, tcp("use_backend %[req.ssl_sni,lower,map(/x.map,b)]")),
    ("condition-never-holds", 8, http("use_backend b if { req.ssl_sni a.test }")),
    # Who the client is.
    ("forwarded-header-spoofable", 8, http("http-request set-header X-Forwarded-For %[src] unless { req.hdr(x-forwarded-for) -m found }")),
    ("forwarded-header-spoofable", 8, http("http-request set-header X-Real-IP %[src] if !{ hdr(X-Real-IP) -m found }")),
    ("forwarded-header-spoofable", 8, http("http-request set-src hdr(x-forwarded-for)")),
    ("forwarded-header-spoofable", 8, http("http-request deny unless { req.hdr_ip(X-Forwarded-For) 10.0.0.0/8 }")),
    ("forwarded-header-spoofable", 9, http("acl inside hdr_ip(x-real-ip,-1) 10.0.0.0/8", "http-request allow if inside")),
    # WebSockets by the places that are theirs.
    ("timeout-tunnel-missing", 8, http("use_backend b if { path_beg /socket.io }")),
    ("timeout-tunnel-missing", 8, http("use_backend b if { path_beg /ws }")),
    ("timeout-tunnel-missing", 9, http("acl live hdr_beg(host) -i ws.", "use_backend b if live")),
    # Administration.
    ("password-default", 8, http("stats auth admin:admin123")),
    ("password-default", 8, http("stats auth root:Password1!")),
    ("socket-open", 7, http(bind="unix@/run/x.sock mode 777 accept-proxy")),
    # TLS.
    ("tls-version-old", 2, with_global("ssl-default-bind-options no-sslv3 no-tlsv12 no-tlsv13")),
    ("tls-ciphers-weak", 2, with_global("ssl-default-bind-ciphers ECDHE-RSA-AES128-GCM-SHA256@SECLEVEL=0")),
    # References.
    ("reference-undefined", 10, backend("server s 10.0.0.1:80 track c/s")),
    ("reference-undefined", 10, backend("server s 10.0.0.1:80 track t")),
    ("reference-undefined", 8, http("http-request track-sc0 src table none")),
    ("reference-undefined", 8, tcp("tcp-request content track-sc1 src table p/none")),
    ("reference-undefined", 10, backend("stick on src table none", "server s 10.0.0.1:80")),
    # Load.
    (
        "balance-source-behind-proxy",
        11,
        http("http-request deny unless { src 10.0.0.5 }", back=BACK.replace("\n", "\n    balance source\n", 1)),
    ),
    ("health-check-missing", 10, backend("option httpchk GET /", "server s 10.0.0.1:80")),
    ("maxconn-above-limit", 12, with_global("maxconn 100").replace("10.0.0.1:80", "10.0.0.1:80 maxconn 5000")),
    # Requests where nobody reads them.
    ("http-in-tcp", 8, tcp("use_backend b if { path /x }")),
    ("http-in-tcp", 9, tcp("acl x hdr(host) a.test", "use_backend b if x")),
    # Protections.
    ("protection-off", 7, http(bind=":443 ssl crt x.pem allow-0rtt")),
    ("protection-off", 7, http(bind=":443 ssl crt x.pem ca-file ca.pem verify required crt-ignore-err all")),
    # Words inside of directives.
    ("keyword-removed", 2, with_global("stats bind-process 1")),
    ("keyword-unknown", 2, with_global("stats sokcet /x")),
    ("keyword-unknown", 2, with_global("ssl-default-bind-options no-sslv2")),
    ("keyword-unknown", 2, with_global("tune.ssl.keylog yes")),
    ("keyword-too-new", 2, with_global("ssl-default-bind-options no-sslv3 strict-sni")),
    ("keyword-unknown", 10, backend("retry-on 502 bad-gateway", "server s 10.0.0.1:80")),
    ("keyword-too-new", 10, backend("retry-on 429", "server s 10.0.0.1:80")),
    ("keyword-unknown", 10, backend("http-check connect port 80 tls", "server s 10.0.0.1:80 check")),
    ("keyword-unknown", 10, backend("http-check send method GET", "server s 10.0.0.1:80 check")),
    ("keyword-unknown", 8, http("stats http-request denny")),
    ("keyword-unknown", 8, http("http-request do-resolve(txn.ip,dns) hdrs(host)")),
    ("keyword-unknown", 2, f"program x\n    comand /bin/x\n{http()}"),
    ("keyword-needs-build", 2, with_global("tune.quic.retry-threshold 5")),
    ("keyword-needs-build", 2, with_global("profiling.memory on")),
]
NOT_FOUND = [
    (
        "sni-without-wait",
        tcp("tcp-request inspect-delay 5s", "tcp-request content set-var(sess.sni) req.ssl_sni if { req.ssl_hello_type 1 }"),
    ),
    ("condition-never-holds", tcp("use_backend b if { req.ssl_sni a.test }")),
    ("forwarded-header-spoofable", http("http-request set-src hdr(x-forwarded-for) if { src 10.0.0.5 }")),
    ("forwarded-header-spoofable", http("http-request deny unless { src 10.0.0.5 } { hdr_ip(x-forwarded-for) 10.1.0.0/16 }")),
    ("forwarded-header-spoofable", http("http-request set-src hdr(x-forwarded-for)", bind="127.0.0.1:80")),
    ("forwarded-header-spoofable", http("http-request set-header X-Forwarded-For %[src]")),
    ("timeout-tunnel-missing", http("use_backend b if !{ path_beg /ws }")),
    ("timeout-tunnel-missing", http("use_backend b if { path_beg /wsdl }")),
    ("password-default", http("stats auth admin:Tr0ub4dor3")),
    ("socket-open", http(bind="unix@/run/x.sock mode 660 accept-proxy")),
    ("tls-version-old", with_global("ssl-default-bind-options no-tlsv10 no-tlsv11 no-tlsv12")),
    ("tls-ciphers-weak", with_global("ssl-default-bind-ciphers ECDHE-RSA-AES128-GCM-SHA256@SECLEVEL=2")),
    ("reference-undefined", backend("server s 10.0.0.1:80 check", "server t 10.0.0.1:81 track s", "server u 10.0.0.1:82 track b/s")),
    ("reference-undefined", http("http-request track-sc0 src table p/t", back=f"{BACK}peers p\n    table t type ip size 1k\n")),
    ("reference-undefined", http("http-request track-sc0 src table b")),
    (
        "balance-source-behind-proxy",
        http("http-request deny unless { src 10.0.0.0/8 }", back=BACK.replace("\n", "\n    balance source\n", 1)),
    ),
    ("balance-source-behind-proxy", http("http-request deny if { src 10.0.0.5 }", back=BACK.replace("\n", "\n    balance source\n", 1))),
    ("health-check-missing", backend("option httpchk GET /", "server s 10.0.0.1:80 check")),
    ("health-check-missing", backend("server s 10.0.0.1:80")),
    ("http-in-tcp", tcp("tcp-request inspect-delay 5s", "tcp-request content accept if HTTP", "use_backend b if { path /x }")),
    (
        "keyword-unknown",
        backend("http-check connect ssl sni a.test alpn h2", "http-check send meth GET uri /x hdr Host a.test", "server s 1.1.1.1:80"),
    ),
    ("keyword-unknown", backend("retry-on all-retryable-errors 0rtt-rejected", "server s 10.0.0.1:80")),
    ("keyword-unknown", with_global("ssl-default-server-options ssl-min-ver TLSv1.2 no-tls-tickets force-tlsv13")),
    ("keyword-unknown", with_global("stats maxconn 5")),
    ("keyword-unknown", http("stats http-request auth realm x if TRUE", "http-request set-priority-class int(1)")),
    ("keyword-too-new", with_global("tune.h2.fe.max-total-streams 100")),
]


@pytest.mark.parametrize(("code", "line", "text"), FOUND, ids=[f"{code}-{number}" for number, (code, _, _) in enumerate(FOUND)])
def test_it_is_found(code: str, line: int, text: str) -> None:
    assert line in lines(text, code), [str(each) for each in findings(text)]


@pytest.mark.parametrize(("code", "text"), NOT_FOUND, ids=[f"{code}-{number}" for number, (code, _) in enumerate(NOT_FOUND)])
def test_it_is_none(code: str, text: str) -> None:
    assert lines(text, code) == []


def test_what_most_have_by_now_is_no_note() -> None:
    assert lines(with_global("tune.quic.fe.sec.retry-threshold 5"), "keyword-needs-build", target=(3, 3)) == []
    (found,) = [each for each in findings(with_global("tune.zlib.memlevel 5")) if each.code == "keyword-needs-build"]
    assert found.severity == "info"
