"""What the client gets, against real HAProxys: own answers with all their headers, and servers' answers as the rules leave them."""

from __future__ import annotations

from pathlib import Path

import pytest

from hapilot.languages.haproxy.evaluate import connection, trace
from hapilot.languages.haproxy.evaluate.connection import Http, Raw, Request, Silent
from support import haproxy
from unit.languages.haproxy.evaluate import lab, serving

pytestmark = [
    pytest.mark.haproxy,
    pytest.mark.parametrize("binary", haproxy.binaries(), ids=lambda binary: binary.id),
]

PAGES = {
    "503.html": b"<h1>down</h1>\n",
    "429.json": b'{"slow": "down"}',
    "maintenance.txt": b"back at 5%\n",
    "empty.txt": b"",
    "told.txt": "für %[src] über %[path]".encode(),
    "raw.http": b"HTTP/1.0 410 Gone\r\nX-Raw: yes\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\ngone",
}

OWN = [
    *(serving.raw("defaults", name, f"{serving.LIMITS}\nhttp-after-response add-header X-Trail {name}") for name in ("fronts", "backs")),
    serving.raw("defaults", "", serving.LIMITS),
    serving.raw(
        "frontend",
        "front",
        """
        bind PORT
        monitor-uri /alive
        http-error status 503 content-type text/html file FOLDER/503.html hdr X-From front
        http-error status 403 content-type text/plain string no
        errorfile 410 FOLDER/raw.http
        http-request set-var(txn.who) str(me)
        http-request set-var(req.gone) str(gone)
        http-request deny if { path /deny }
        http-request deny deny_status 429 if { path /deny429 }
        http-request deny status 404 if { path /deny404 }
        http-request deny status 410 default-errorfiles if { path /deny410 }
        http-request deny status 429 content-type application/json file FOLDER/429.json hdr Retry-After 5 if { path /slow }
        acl closed path /maintenance
        http-request return status 503 content-type text/plain file FOLDER/maintenance.txt hdr Retry-After 300 hdr X-N %[env(N)] if closed
        http-request return status 200 content-type text/plain file FOLDER/empty.txt if { path /empty }
        http-request return status 200 content-type text/plain lf-file FOLDER/told.txt if { path /told }
        http-request return status 429 default-errorfiles hdr Retry-After 9 if { path /default429 }
        http-request return status 503 default-errorfiles if { path /default503 }
        http-request return status 204 hdr X-Kind none hdr Content-Type nothing if { path /return }
        http-request redirect location /301 code 301 if { path /301 }
        http-request redirect location https://x.test/%[var(txn.who)]?%[query] code 302 if { path /302 }
        http-request redirect prefix https://p.test code 307 if { path /307 }
        http-request redirect scheme https code 308 if { path /308 }
        http-request auth realm The\\ Realm if { path /auth }
        http-request auth if { path /auth-no-realm }
        http-request reject if { path /drop }
        http-after-response set-header X-Status %[status]
        http-after-response set-header X-Who "%[var(txn.who)] %[var(req.gone)] %[src] %[method] %[res.hdr(x-from)]"
        http-after-response add-header X-Trail front
        http-after-response del-header cache-control if { status 429 }
        http-after-response replace-header Content-Type ^text/(.*)$ text/\\1;checked if { res.hdr(content-type) -m beg text/ }
        http-after-response set-status 418 if { res.hdr(x-kind) -m found }
        http-after-response set-header Strict-Transport-Security max-age=31536000
        http-response add-header X-Trail never
        use_backend nobody if { path_beg /nobody }
        use_backend %[str(none)] if { path_beg /none }
        """,
        inherits="fronts",
    ),
    serving.raw(
        "backend",
        "nobody",
        """
        http-error status 403 content-type text/plain lf-string "%[var(txn.who)] may not"
        http-error status 401 content-type text/plain string log-in hdr WWW-Authenticate Other
        http-error status 503 default-errorfiles
        http-request deny if { path /nobody/deny }
        http-request auth if { path /nobody/auth }
        http-after-response add-header X-Trail nobody
        http-response add-header X-Trail never
        """,
        inherits="backs",
    ),
]
PATHS = """
/alive /deny /deny429 /deny404 /deny410 /slow /maintenance /empty /told /default429 /default503 /return /301 /302 /307 /308 /auth
/auth-no-realm /drop /nobody /nobody/deny /nobody/auth /none /elsewhere
"""


def test_own_answers(binary: haproxy.Binary, tmp_path: Path) -> None:
    visits: list[connection.First] = [Http(Request(path=path, host="shop.test")) for path in PATHS.split()]
    visits += [Http(Request(method="HEAD", path=path, host="x")) for path in ("/slow", "/maintenance", "/nobody")]
    visits += [
        Raw(b"nonsense\r\n\r\n"),
        Http(Request(path="http://a.test/", host="b.test")),
        Silent(),
        Raw(b"GET / HTTP/1.1\r\nHost: x\r\n"),
    ]
    with lab.serve(binary, tmp_path, OWN, lab.Beside(PAGES)) as running:
        for first in visits:
            seen, expected, _ = serving.compare(running, first)
            if expected != [str(trace.Reject("a rule closes the connection"))] and not expected[0].startswith("Reject"):
                assert expected == seen, first
            else:
                assert seen == ["closed"], first


FORWARDED = [
    *(serving.raw("defaults", name, f"{serving.LIMITS}\nhttp-response add-header X-Trail {name}") for name in ("fronts", "backs")),
    serving.raw("defaults", "", serving.LIMITS),
    serving.raw(
        "frontend",
        "front",
        """
        bind PORT
        http-request set-var(txn.host) req.hdr(host),lower
        http-request set-header X-Y %[var(txn.host)]%[req.hdr(x-none)]
        http-request set-header Host inner.test if { path_beg /host }
        http-request set-uri http://user@set.test:81/uri?%[query] if { path_beg /uri }
        http-request replace-header Host ^(.*)replace(.*)$ \\2\\1
        http-request replace-path ^/strip$ /
        http-request replace-path ^/strip/+(.*) /\\1
        http-request replace-path ^/a\\.b/([^/]*)/(.*)$ /\\2-\\1-\\3
        http-request set-path /q%[path] if { path_beg / }
        http-response set-header X-Host %[var(txn.host)]
        http-response add-header X-Trail front
        http-after-response add-header X-Trail front-after
        http-after-response set-header Strict-Transport-Security max-age=1 unless { res.hdr(x-nothing) -m found }
        http-after-response set-header X-Was %[res.hdr(x-list,1)]|%[res.fhdr(x-list)]|%[res.hdr_cnt(x-list)]
        default_backend back
        """,
        inherits="fronts",
    ),
    serving.raw(
        "backend",
        "back",
        """
        http-request add-header X-A "%[req.hdr(x-a)]+"
        http-request add-header X-Control %[str("a\\\\tb\\\\r\\\\nc"),bytes(0)]
        http-response del-header Server
        http-response del-header x-internal- -m beg
        http-response add-header X-Trail back
        http-response replace-header X-List (.*),(.*) \\2;\\1
        http-response replace-value X-Values ^b(.)$ \\1
        http-response set-status 203 if { status 200 } { res.hdr(x-status) -m found }
        http-response set-header X-Seen %[status] if { var(txn.host) -m str other.test }
        http-response set-var(txn.late) res.hdr(x-server)
        http-after-response add-header X-Trail back-%[var(txn.late)]
        server s1 127.0.0.1:OTHER
        """,
        inherits="backs",
    ),
    serving.server(
        "s1",
        "127.0.0.1",
        "Server origin",
        "X-Internal-A 1",
        "x-internal-b 2",
        "X-List one,two",
        "X-Values a,b1,b22,b3",
        "X-Status %[req.hdr(x-want)]",
    ),
]


def test_forwarded_answers(binary: haproxy.Binary, tmp_path: Path) -> None:
    requests = [
        Request(path="/x?y=1", host="Shop.test"),
        Request(path="/strip", host="other.test", headers=(("X-A", "1"), ("x-a", "2"))),
        Request(path="/strip?q", host="other.test"),
        Request(path="/strip///b/c?d", host="x", headers=(("X-Want", "203"),)),
        Request(path="/a.b/c/d/e?f", host="x"),
        Request(path="/axb/c/d", host="x"),
        Request(path="/stripper", host="x"),
        Request(path="/host?x", host="outer.test"),
        Request(path="*", host="x", method="OPTIONS"),
        Request(path="http://outer.test/host/a?b", host="outer.test"),
        Request(path="http://me@replace.test:81/x", host="replace.test:81"),
        Request(path="/uri?z", host="x"),
        Request(path="/x", host="x", method="HEAD"),
        Request(path="/x", host="x", method="DELETE", headers=(("Cookie", "a=b"), ("Accept", "x"))),
    ]
    with lab.serve(binary, tmp_path, FORWARDED) as running:
        for request in requests:
            seen, expected, _ = serving.compare(running, Http(request))
            assert expected == seen, request


LAYERS = [
    serving.raw(
        "frontend",
        "outer",
        """
        bind PORT
        http-response add-header X-Trail outer
        http-after-response add-header X-Trail outer-after
        default_backend between
        """,
    ),
    serving.raw(
        "backend",
        "between",
        """
        cookie L insert
        http-response add-header X-Trail between
        server local unix@FOLDER/inner cookie here
        """,
    ),
    serving.raw(
        "frontend",
        "inner",
        """
        bind unix@FOLDER/inner
        http-request return status 200 content-type text/plain string own hdr X-Server none if { path /own }
        http-after-response add-header X-Trail inner-after
        http-response add-header X-Trail inner
        default_backend last
        """,
    ),
    serving.raw("backend", "last", "server s1 127.0.0.1:OTHER"),
    serving.server("s1", "127.0.0.1"),
]


def test_layers_on_the_way_back(binary: haproxy.Binary, tmp_path: Path) -> None:
    with lab.serve(binary, tmp_path, LAYERS) as running:
        for path in ("/own", "/further"):
            seen, expected, _ = serving.compare(running, Http(Request(path=path, host="x")))
            assert expected == seen, path
