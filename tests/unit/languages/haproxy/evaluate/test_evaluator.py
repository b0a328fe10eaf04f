"""The evaluator's own decisions: which socket, which servers, what is opaque, what it reports."""

from __future__ import annotations

import dataclasses
import time

import pytest

from hapilot.languages.haproxy.evaluate import connection, trace
from hapilot.languages.haproxy.evaluate.connection import (
    ClientCertificate,
    Connection,
    Endpoint,
    Http,
    ProxyHeader,
    Request,
    Silent,
    Tls,
    endpoint,
)
from hapilot.languages.haproxy.evaluate.crtlists import Certificate
from hapilot.languages.haproxy.evaluate.evaluator import Around, Evaluator
from hapilot.languages.haproxy.tree import Config, Env, Section, line, opaque

CLIENT = endpoint("198.51.100.7:50000")
TRUSTED = ClientCertificate(b"", frozenset({"ca.pem"}))


def section(kind: str, name: str, text: str) -> Section:
    return Section(kind, name, tuple(opaque(each.strip()) for each in text.strip().splitlines()))


def config(*sections: Section) -> Config:
    return Config((section("defaults", "", "mode http"), *sections))


def frontend(text: str, *more: Section) -> Evaluator:
    return Evaluator(config(section("frontend", "front", f"bind :80 name web\n{text}"), *more))


def visit(evaluator: Evaluator, first: connection.First | None = None, at: str = "192.0.2.1:80") -> trace.Trace:
    place: Endpoint | str = endpoint(at) if at[-1].isdigit() else at
    return evaluator.run(Connection(place, first or Http(Request(host="shop.test")), CLIENT))


@pytest.mark.parametrize(
    ("at", "name"),
    [
        ("192.0.2.1:443", "exact"),
        ("192.0.2.9:443", "any4"),
        ("[2001:db8::1]:443", "six"),
        ("[2001:db8::2]:443", "dual"),
        ("192.0.2.1:8001", "range"),
        ("192.0.2.1:9000", "dual9"),
        ("unix@/run/x", "socket"),
        ("door", "named"),
    ],
)
def test_the_most_exact_socket_takes_a_connection(at: str, name: str) -> None:
    binds = {
        "any4": ":443",
        "dual": "[::]:443",
        "exact": "198.51.100.1:443,192.0.2.1:443",
        "six": "[2001:db8::1]:443 v6only",
        "range": "*:8000-8010",
        "dual9": ":::9000 v4v6",
        "socket": "unix@/run/x mode 600",
        "named": "ipv6@:7000 name door",
    }
    evaluator = Evaluator(config(*(section("frontend", key, f"bind {value}\nhttp-request return") for key, value in binds.items())))
    assert [layer.section for layer in visit(evaluator, at=at).layers] == [f"frontend {name}"]


@pytest.mark.parametrize("at", ["192.0.2.1:81", "[2001:db8::1]:80"])
def test_nobody_listens(at: str) -> None:
    told = visit(frontend("http-request return"), at=at)
    assert told.outcome == trace.Reject(f"nothing listens on {at}")
    assert (told.steps, told.layers, told.client) == ((), (), None)


def test_forwarding_tells_all_about_the_servers() -> None:
    evaluator = frontend(
        """http-request set-src req.hdr_ip(x-client)
        http-request set-header X-Forwarded-Proto https
        http-request set-path /v1%[path]
        default_backend shop""",
        section(
            "backend",
            "shop",
            """
            default-server ssl verify none sni req.hdr(host),lower check-sni ssl
            server a 10.0.0.1:80 send-proxy-v2
            server b shop.internal:443 weight 5
            server c 10.0.0.3:80 backup
            server d 10.0.0.4:80 disabled
            http-response set-header X-Frame DENY if { ssl_fc }
            http-response del-header Server
            http-after-response set-header Strict-Transport-Security max-age=1 unless { res.hdr(x) -m found }
            """,
        ),
    )
    told = visit(evaluator, Http(Request(path="/x?y", host="Shop.test", headers=(("X-Client", "203.0.113.5"),))))
    assert isinstance(told.outcome, trace.Forward)
    assert (told.outcome.backend, told.outcome.mode, told.outcome.send_proxy) == ("shop", "http", "v2")
    assert (told.outcome.tls, told.outcome.sni) == (True, "shop.test")
    assert [str(server.words[0]).split()[1] for server in told.outcome.servers] == ["a", "b"]
    assert told.client == endpoint("203.0.113.5:50000")
    assert told.request is not None
    assert (told.request.path, told.request.header("x-forwarded-PROTO"), told.request.header("none")) == ("/v1/x?y", "https", None)
    assert [step.verb for step in told.steps] == ["set-src", "set-header", "set-path", "default_backend"]
    assert [(each.action, each.name, each.value) for each in told.response] == [
        ("del-header", "Server", None),
        ("set-header", "Strict-Transport-Security", None),
    ]


@pytest.mark.parametrize(
    ("servers", "chosen"),
    [
        ("server a 10.0.0.1:80 disabled\nserver b 10.0.0.2:80 backup", ["b"]),
        ("server a 10.0.0.1:80\nserver b 10.0.0.2:80\nuse-server b if { path / }", ["b"]),
        ("server a 10.0.0.1:80\nserver b 10.0.0.2:80\nuse-server b if { path /none }", ["a", "b"]),
        ("server a 10.0.0.1:80 disabled", None),
        ("", None),
    ],
)
def test_which_servers_are_left(servers: str, chosen: list[str] | None) -> None:
    outcome = visit(frontend("default_backend b", section("backend", "b", servers))).outcome
    if chosen is None:
        assert outcome == trace.Respond(503, reason="no server")
    else:
        assert isinstance(outcome, trace.Forward)
        assert [str(server.words[0]).split()[1] for server in outcome.servers] == chosen


@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        ("http-request lua.route", "the action 'lua.route'"),
        ("http-request deny if { lua.check }", "the fetch lua.check"),
        ("http-request deny if { path,mystery a }", "the converter mystery"),
        ("http-request set-var(txn.a) lua.x\nhttp-request deny if { var(txn.a) -m found }", "the fetch lua.x"),
        ("http-request deny if { path -m weird a }", "the matching method 'weird'"),
        ("http-request deny if { path -m reg (?<x }", "the regular expression '(?<x'"),
        ("http-request deny if { path,map_str(/etc/unknown.map) a }", "the table /etc/unknown.map"),
        ("http-request deny if undefined", "the ACL undefined"),
        ("http-request deny if { path", "a condition without a closing brace"),
        ("http-request return status abc", "the status of return"),
        ("http-request redirect somewhere /x", "the arguments of redirect"),
        ("http-request deny if { path,field(x,y) a }", "the arguments of the converter field"),
        ("http-request deny if { req.hdr(host,x) -m found }", "the arguments of the fetch req.hdr"),
        ("http-request deny if { path, }", None),
        ("http-request deny if { path( }", "the expression 'path(', in which a parenthesis is not closed"),
        ("http-request deny if { {x} -m found }", "the expression '{x}'"),
        ("http-request redirect location %T", "the log variable %T"),
        ("http-request redirect location %[path", "the format '%[path'"),
        ("http-request deny if { req.hdr(x) -z a }", "the flag -z of a condition"),
    ],
)
def test_what_is_not_known_decides_nothing_in_silence(rules: str, reason: str | None) -> None:
    outcome = visit(frontend(f"{rules}\nhttp-request return status 204")).outcome
    if reason is None:
        assert isinstance(outcome, trace.Respond)
    else:
        assert isinstance(outcome, trace.Opaque)
        assert outcome.reason.startswith(reason)
        assert str(outcome.line.words[0]) in rules


@pytest.mark.parametrize(
    "rules",
    [
        "http-request lua.route if { path /other }",
        "http-request deny if { path /other } { lua.check }",
        "http-request deny unless { path / } or { lua.check }",
        "http-request set-header X-Id %[unique-id]",
        "http-request set-header X-Id a if { lua.check }",
        "http-request set-var(txn.a) lua.x",
        "filter compression\nhttp-request capture req.hdr(host) len 10\nlog global\noption httplog",
        "'an unreadable line",
    ],
)
def test_what_is_not_known_and_does_not_matter_is_passed_over(rules: str) -> None:
    outcome = visit(frontend(f"{rules}\nhttp-request return status 204")).outcome
    assert isinstance(outcome, trace.Respond)
    assert outcome.status == 204


@pytest.mark.parametrize("rule", ["use_backend %[lua.name]", "use_backend b if { lua.check }"])
def test_a_backend_that_is_not_known(rule: str) -> None:
    told = visit(frontend(f"{rule}\ndefault_backend b", section("backend", "b", "server s 10.0.0.1:80")))
    assert told.outcome == trace.Opaque(opaque(rule), "the fetch lua.name" if "name" in rule else "the fetch lua.check")
    assert [step.verb for step in told.steps] == ["unknown"]


def test_a_ring_of_sockets_ends() -> None:
    evaluator = frontend(
        "default_backend again",
        section("backend", "again", "server s unix@/x"),
        section("frontend", "ring", "bind unix@/x\ndefault_backend again"),
    )
    assert visit(evaluator).outcome == trace.Reject("the configuration leads the connection in a circle")


@pytest.mark.parametrize(
    ("options", "first", "expected"),
    [
        ("", Tls("a.test", inside=Request()), "label"),
        ("strict-sni", Tls("a.test", inside=Request()), "label"),
        ("", Tls("none.test", inside=Request()), "label"),
        ("strict-sni", Tls("none.test", inside=Request()), "no certificate for the name, and strict-sni"),
        ("verify required ca-file ca.pem", Tls("a.test", inside=Request()), "a client certificate is required, and there is none"),
        ("verify required ca-file ca.pem", Tls("a.test", inside=Request(), client_certificate=TRUSTED), "label"),
        ("", Http(), "the client does not start TLS"),
        ("", Silent(), "the client does not start TLS"),
    ],
)
def test_certificates(options: str, first: connection.First, expected: str | None) -> None:
    tree = config(section("frontend", "tls", f"bind :80 ssl crt x.pem {options}\nhttp-request return"))
    told = visit(Evaluator(tree, Around(certificates={"x.pem": Certificate("label", ("a.test",))})), first)
    if isinstance(told.outcome, trace.Reject):
        assert told.outcome.reason == expected
    else:
        assert told.layers[0].tls
        assert told.layers[0].certificate == expected


def test_environment_lookups_and_variables() -> None:
    front = Section(
        "frontend",
        "front",
        (
            line("bind", Env("unix@", "RUN", "/front.sock")),
            line("http-request", "set-var(txn.key)", Env("base,map_beg(", "RUN", "/hosts.map,none)")),
            line("http-request", "deny", "if", "{", "src", "-f", Env("", "RUN", "/bad.acl"), "}"),
            line("http-request", "return", "lf-string", "%[var(txn.key)] %[var(proc.version)]"),
        ),
    )
    tree = Config(
        (section("global", "", "set-var proc.version int(7)\nset-var proc.load lua.x"), section("defaults", "", "mode http"), front)
    )
    tables = {"/run/hosts.map": [("shop.test/", "shop"), ("shop.test/a", "shop-a")], "/run/bad.acl": [("10.0.0.0/8", "")]}
    told = Evaluator(tree, Around(tables, {"RUN": "/run"})).run(
        Connection("unix@/run/front.sock", Http(Request(path="/ab", host="shop.test")), CLIENT)
    )
    assert isinstance(told.outcome, trace.Respond)
    assert told.outcome.body == "shop-a 7"
    assert told.lookups == (
        trace.Lookup("/run/hosts.map", "shop.test/ab", "shop.test/a", "shop-a"),
        trace.Lookup("/run/bad.acl", "198.51.100.7", None, None),
    )
    assert told.variables == {"proc.version": "7", "proc.load": "?", "txn.key": "shop-a"}


def test_a_tcp_frontend_without_delay_sees_no_data() -> None:
    """The fault of many files: a rule on the SNI without inspect-delay decides before the ClientHello is there."""
    rules = "mode tcp\nuse_backend a if { req.ssl_sni a.test }\ndefault_backend other"
    backends = [section("backend", name, "mode tcp\nserver s 10.0.0.1:443") for name in ("a", "other")]
    waiting = "tcp-request inspect-delay 3s\ntcp-request content accept if { req.ssl_hello_type 1 }"
    for more, backend in (("", "other"), (f"\n{waiting}", "a")):
        outcome = visit(frontend(rules + more, *backends), Tls("a.test")).outcome
        assert isinstance(outcome, trace.Forward)
        assert outcome.backend == backend


def test_proxy_header_to_an_ipv6_socket_keeps_families_apart() -> None:
    evaluator = frontend(
        "mode tcp\ntcp-request session set-src src\ndefault_backend b",
        section("backend", "b", "mode tcp\nserver s unix@/x send-proxy"),
        section("frontend", "inner", "bind unix@/x accept-proxy\nhttp-request return lf-string %[src]-%[dst]"),
    )
    crossing = Connection(endpoint("192.0.2.1:80"), Http(), endpoint("[2001:db8::1]:1"))
    outcome = evaluator.run(crossing).outcome
    assert isinstance(outcome, trace.Respond)
    assert outcome.body == "2001:db8::1-::ffff:192.0.2.1"
    unread = Connection(endpoint("192.0.2.1:80"), Http(), CLIENT, proxy=ProxyHeader(1, "unknown"))
    assert evaluator.run(unread).outcome == trace.Respond(400, reason="HTTP is expected, and the client sends a PROXY header")


def test_statistics_page() -> None:
    page = frontend("stats enable\nstats uri /stats\nstats auth admin:x")
    assert visit(page, Http(Request(path="/stats;csv"))).outcome == trace.Respond(
        401, line=opaque("stats auth admin:x"), reason="HAProxy's statistics"
    )
    known = Http(Request(path="/stats", headers=(("Authorization", "Basic YWRtaW46eA=="),)))
    assert visit(page, known).outcome == trace.Respond(200, line=opaque("stats uri /stats"), reason="HAProxy's statistics")
    assert visit(page, Http(Request(path="/other"))).outcome == trace.Respond(503, reason="no backend")


def test_a_key_that_is_not_known_still_counts_a_newcomer() -> None:
    rules = """stick-table type string size 10 store http_req_cnt
    http-request track-sc0 lua.key
    http-request track-sc1 src table nowhere
    http-request return lf-string %[sc0_http_req_cnt]-%[sc1_tracked]"""
    outcome = visit(frontend(rules)).outcome
    assert isinstance(outcome, trace.Respond)
    assert outcome.body == "1-0"


STICKY = "cookie K insert indirect nocache\nserver a 10.0.0.1:80 cookie 1\nserver b 10.0.0.2:80 cookie 2\nserver c 10.0.0.3:80 backup"


@pytest.mark.parametrize(
    ("backend", "cookie", "certain", "cookies"),
    [
        (STICKY, "", None, (("a", "K=1; path=/"), ("b", "K=2; path=/"))),
        (STICKY, "K=2", "b", ()),
        (STICKY, "K=3", None, (("a", "K=1; path=/"), ("b", "K=2; path=/"))),
        ("server a 10.0.0.1:80", "", "a", ()),
        (f"{STICKY}\nuse-server a if TRUE", "K=2", "a", ()),
        ("cookie K insert maxidle 10m\nserver a 10.0.0.1:80 cookie 1", "", "a", ()),
        (STICKY.replace("insert", "rewrite"), "K=2", None, ()),
    ],
)
def test_which_server_is_certain(backend: str, cookie: str, certain: str | None, cookies: tuple[tuple[str, str], ...]) -> None:
    headers = (("Cookie", cookie),) if cookie else ()
    told = visit(frontend("default_backend b", section("backend", "b", backend)), Http(Request(host="x", headers=headers)))
    assert isinstance(told.outcome, trace.Forward)
    assert (told.outcome.certain and str(told.outcome.certain.words[0]).split()[1]) == certain
    assert told.outcome.cookies == cookies
    assert told.answer is None
    assert [(each.name, each.value) for each in told.response] == (
        [("Set-Cookie", None), ("Cache-control", None)] if cookies else told_dated(backend)
    )


def told_dated(backend: str) -> list[tuple[str, str | None]]:
    """A cookie that holds the time is announced, but not known."""
    return [("Set-Cookie", None)] if "maxidle" in backend else []


def test_the_answer_of_a_server_on_its_way() -> None:
    rules = "http-response set-header X-Frame DENY if { status 200 }\nhttp-after-response del-header server\ndefault_backend b"
    evaluator = frontend(rules, section("backend", "b", STICKY))
    connection = Connection(endpoint("192.0.2.1:80"), Http(Request(host="x")), CLIENT)
    served = trace.Answer(200, (("Server", "x"), ("Connection", "close"), ("ETag", "1")), b"body", "b")
    assert evaluator.run(connection, served).answer == trace.Answer(
        200, (("ETag", "1"), ("X-Frame", "DENY"), ("Set-Cookie", "K=2; path=/"), ("Cache-control", "private")), b"body"
    )
    nobody = dataclasses.replace(served, server="")
    assert evaluator.run(connection, nobody).answer is None, "nobody said which server it was"


@pytest.mark.parametrize(
    ("rule", "answer"),
    [
        ("http-request return status 200 content-type text/plain file a.txt", trace.Answer(200, (("content-type", "text/plain"),))),
        ("http-request return status 200 content-type text/plain lf-string %T", trace.Answer(200, (("content-type", "text/plain"),))),
        ("http-request return status 503 errorfiles mine", None),
        ("http-request return status 503 errorfile mine.http", None),
        (
            "http-error status 403 content-type text/plain file a.txt\nhttp-request deny",
            trace.Answer(403, (("content-type", "text/plain"),)),
        ),
        ("http-request return status 204\nhttp-after-response lua.x", None),
        ("http-request return status 204\nhttp-after-response set-header A b if { lua.x }", None),
        ("http-request use-service lua.x", None),
        ("mode tcp\ntcp-request connection reject", None),
    ],
)
def test_answers_that_are_not_known_or_not_whole(rule: str, answer: trace.Answer | None) -> None:
    assert visit(frontend(rule)).answer == answer


def test_large_tables_are_fast() -> None:
    """Ten thousand routes; far more than a linear search could do in the time."""
    rules = "use_backend %[base,map_beg(routes.map,none)]\nhttp-request set-var(txn.a) req.hdr(host),map_end(ends.map,none)"
    hosts = [(f"host{number}.example.test/", "b") for number in range(10_000)]
    ends = [(f".host{number}.example.test", "b") for number in range(10_000)]
    tree = config(section("frontend", "front", f"bind :80\n{rules}"), section("backend", "b", "server s 10.0.0.1:80"))
    evaluator = Evaluator(tree, Around({"routes.map": hosts, "ends.map": ends}))
    visit(evaluator)
    start = time.perf_counter()
    for number in range(500):
        outcome = visit(evaluator, Http(Request(path="/x/y", host=f"host{number * 19}.example.test"))).outcome
        assert isinstance(outcome, trace.Forward)
    assert time.perf_counter() - start < 2
