"""Configurations that hapilot did not write: what is known of them, and that all else ends at its line. No HAProxy is needed here."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest

from hapilot.languages.haproxy import parser, program, reading, tree
from hapilot.languages.haproxy.evaluate import evaluator, trace
from hapilot.languages.haproxy.evaluate.connection import Connection, Endpoint, Http, Request, Silent, Tls

HERE = Path(__file__).parents[4] / "integration" / "importing" / "explained"


def read(text: str, files: dict[str, bytes] | None = None) -> evaluator.Evaluator:
    parsed = parser.parse(text, "haproxy.cfg")
    around = evaluator.Around(files=files or {}, is_own=lambda name, line: False)
    return evaluator.Evaluator(reading.as_tree(reading.read([parsed], program.Program(), {})), around)


def ask(one: evaluator.Evaluator, path: str = "/", *headers: tuple[str, str], method: str = "GET", port: int = 80) -> trace.Trace:
    here, there = Endpoint(ip_address("192.0.2.7"), 50000), Endpoint(ip_address("127.0.0.1"), port)
    return one.run(Connection(there, Http(Request(method, path, "a.test", headers)), here))


def decide(rules: str, path: str = "/", *headers: tuple[str, str], method: str = "GET") -> trace.Outcome:
    """In a proxy with one server."""
    text = f"listen web\n    bind *:80\n    mode http\n    server s 10.0.0.1:80\n{rules}\n"
    text += "backend other\n    mode http\n    server o 10.0.0.2:80\n"
    return ask(read(text), path, *headers, method=method).outcome


def line_of(outcome: trace.Outcome) -> int:
    assert isinstance(outcome, trace.Opaque), outcome
    assert outcome.line.origin is not None
    return outcome.line.origin.line


@pytest.mark.parametrize(
    "line",
    [
        "dispatch 10.0.0.9:80",
        "option http_proxy",
        "option transparent",
        "filter lua.decide",
        "mode health",
        "reqideny ^x",
        "block if TRUE",
        "no such thing",
        "http-request lua.decide",
        "http-request use-service lua.answer",
        "http-request deny if { lua.decide }",
        "http-request deny if { path,lua.decide -m bool }",
        "http-request deny if { src -f /etc/blocked }",
        "http-request deny if { src some.name.test }",
        "http-request deny if { path -m unheard /x }",
        "http-request deny if { path_reg [[:unheard:]] }",
        "http-request deny if { src_is_local }",
        "http-request deny if { src_http_req_rate(web) gt 5 }",
        "http-request deny if { src,in_table(web) }",
        "http-request deny if { be_conn gt 5 }",
        "http-request deny if { var(proc.closed) -m bool }",
        "http-request deny if { env(CLOSED) -m found }",
        "http-request deny if unheard",
        'http-request deny if { path "${CLOSED}" }',
        "redirect location /x set-cookie a=b",
        "use_backend %[path,map(/etc/map)]",
        "tcp-request content lua.decide",
        "option http-restrict-req-hdr-names reject",
    ],
)
def test_what_is_not_known_ends_at_its_line(line: str) -> None:
    text = f"listen web\n    bind *:80\n    mode http\n    server s 10.0.0.1:80\n    {line}\n"
    parsed = parser.parse(text, "haproxy.cfg").sections[0]
    raw = tree.Section(parsed.kind, parsed.name, tuple(tree.opaque(each.text.strip(), origin=each.origin) for each in parsed.lines))
    one = evaluator.Evaluator(tree.Config((raw,)), evaluator.Around(is_own=lambda name, line: False))
    assert line_of(ask(one).outcome) == 5


@pytest.mark.parametrize(
    "line",
    [
        "http-request set-header X-Id %[uuid]",
        "http-request set-var(txn.x) lua.decide",
        "http-request do-resolve(txn.ip,dns) hdr(host)",
        "http-request set-log-level silent if { lua.decide }",
        "http-request capture lua.decide len 10",
        "http-request deny if { lua.decide } { path /elsewhere }",
        "http-request deny if { path /elsewhere } { lua.decide }",
        "acl no lua.decide\n    acl yes path /\n    acl yes lua.decide\n    http-request deny if !yes",
        "use_backend other if { lua.decide } !{ path / }",
        "stick on src",
        "maxconn 10",
        "no option http_proxy",
        "# http-request deny",
        "filter trace",
    ],
)
def test_what_changes_nothing_ends_nothing(line: str) -> None:
    outcome = decide(f"    {line}")
    assert isinstance(outcome, trace.Forward)
    assert outcome.names == ("s",)


def test_what_a_line_may_have_changed_is_not_known_behind_it() -> None:
    rules = "    http-request set-header X-Way out if { lua.decide }\n    use_backend other if { hdr(x-way) out }"
    assert line_of(decide(rules)) == 6
    assert line_of(decide(rules.replace("set-header X-Way out", "set-var(txn.w) str(out)").replace("hdr(x-way)", "var(txn.w)"))) == 6
    assert line_of(decide(rules.replace("set-header X-Way out", "del-header X-Way"), "/", ("X-Way", "out"))) == 6
    known = decide(rules.replace("    use_backend", "    http-request set-header X-Way out\n    use_backend"))
    assert isinstance(known, trace.Forward)
    assert known.backend == "other", "a later line says it for sure"


def test_headers_that_are_not_known_are_named() -> None:
    text = "listen web\n    bind *:80\n    mode http\n    server s 10.0.0.1:80\n    http-request set-header X-Id %[uuid]\n"
    found = ask(read(text + "    unique-id-header X-Unique\n    compression offload\n"))
    assert found.request is not None
    assert found.request.uncertain == {"x-id", "x-unique", "accept-encoding"}


def test_the_page_of_an_error_says_the_status() -> None:
    text = "frontend web\n    bind *:80\n    mode http\n    errorfile 503 /sorry.http\n"
    assert isinstance(ask(read(text)).outcome, trace.Respond | trace.Opaque)
    assert isinstance(ask(read(text)).outcome, trace.Opaque)
    known = ask(read(text, {"/sorry.http": b"HTTP/1.0 200 OK\r\n\r\nsorry\n"}))
    assert known.answer is not None
    assert (known.outcome, known.answer.body) == (trace.Respond(200, reason="no backend"), b"sorry\n")


def test_an_error_may_send_the_client_elsewhere() -> None:
    found = ask(read("frontend web\n    bind *:80\n    mode http\n    errorloc303 503 /sorry\n"))
    assert found.answer is not None
    assert (found.answer.status, found.answer.header("location")) == (303, "/sorry")


def test_statistics_ask_for_the_right_password() -> None:
    rules = "    stats uri /s\n    stats auth a:b\n    stats auth c:d"
    assert isinstance(found := decide(rules, "/s"), trace.Respond)
    assert found.status == 401
    for login, status in (("YTpi", 200), ("Yzpk", 200), ("YTpk", 401)):
        assert isinstance(found := decide(rules, "/s;csv", ("Authorization", f"Basic {login}")), trace.Respond)
        assert found.status == status
    assert isinstance(decide(rules, "/other"), trace.Forward)
    assert line_of(decide(rules, "/s", ("Authorization", "Basic YTpi"), method="POST")) == 5


def test_statistics_of_its_own_take_the_place_of_inherited_ones() -> None:
    text = "defaults\n    mode http\n    stats uri /a\nlisten web\n    bind *:80\n    server s 10.0.0.1:80\n"
    assert isinstance(ask(read(text), "/a").outcome, trace.Respond)
    own = read(text + "    stats uri /b\n")
    assert isinstance(ask(own, "/a").outcome, trace.Forward)
    assert isinstance(ask(own, "/b").outcome, trace.Respond)


def test_a_server_template_is_many_servers() -> None:
    outcome = decide("    server-template app 2-4 app.test:80")
    assert isinstance(outcome, trace.Forward)
    assert outcome.names == ("s", "app2", "app3", "app4")


def test_a_disabled_proxy_does_not_listen() -> None:
    text = "listen web\n    bind *:80\n    mode http\n    server s 10.0.0.1:80\n"
    assert isinstance(ask(read(text)).outcome, trace.Forward)
    assert ask(read(text + "    disabled\n")).outcome == trace.Reject("nothing listens on 127.0.0.1:80")


def test_the_way_goes_on_over_loopback() -> None:
    text = (
        "defaults\n    mode http\nfrontend out\n    bind *:80\n    default_backend in\nbackend in\n    option forwardfor\n"
        "    server next 127.0.0.1:8080\n"
        "listen in2\n    bind 127.0.0.1:8080\n    http-request set-header X-Client %[src]\n    server s 10.0.0.1:80\n"
    )
    found = ask(read(text))
    assert isinstance(found.outcome, trace.Forward)
    assert (found.outcome.backend, found.outcome.names) == ("in2", ("s",))
    assert found.request is not None
    assert (found.request.header("X-Forwarded-For"), found.request.header("X-Client")) == ("192.0.2.7", "127.0.0.1")
    both = ask(read(text.replace("server next", "server far 10.0.0.9:80\n    server next")))
    assert isinstance(both.outcome, trace.Forward)
    assert both.outcome.names == ("far", "next"), "which of them it is, nobody knows"


def test_bytes_for_which_no_rule_waits_are_a_matter_of_luck() -> None:
    text = (
        "frontend tls\n    mode tcp\n    bind *:443\n    WAIT\n    use_backend a if { req.ssl_sni a.test }\n    default_backend b\n"
        "backend a\n    server a 10.0.0.1:443\nbackend b\n    server b 10.0.0.2:443\n"
    )
    at, here = Endpoint(ip_address("127.0.0.1"), 443), Endpoint(ip_address("192.0.2.7"), 1)
    hurried, silent = read(text.replace("WAIT", "maxconn 9")), Connection(at, Silent(), here)
    assert line_of(hurried.run(Connection(at, Tls("a.test"), here)).outcome) == 5
    assert isinstance(hurried.run(silent).outcome, trace.Forward)
    waiting = read(text.replace("WAIT", "tcp-request inspect-delay 5s\n    tcp-request content accept if { req.ssl_hello_type 1 }"))
    assert isinstance(found := waiting.run(Connection(at, Tls("a.test"), here)).outcome, trace.Forward)
    assert found.backend == "a"


def test_an_address_that_is_not_known_may_be_the_one() -> None:
    text = "listen web\n    mode http\n    bind :::80\n    bind {}\n    server s 10.0.0.1:80\n"
    raw = [tree.opaque(each.strip(), origin=None) for each in text.format("${WHERE}:80").splitlines()[1:]]
    one = evaluator.Evaluator(tree.Config((tree.Section("listen", "web", tuple(raw)),)), evaluator.Around())
    assert ask(one).outcome == trace.Opaque(raw[2], "where it listens")
    assert line_of(ask(read(text.format("door.test:80"))).outcome) == 4
    assert isinstance(ask(read(text.format("door.test:81"))).outcome, trace.Forward)
    assert isinstance(ask(read(text.format("127.0.0.1:80"))).outcome, trace.Forward)


def test_a_section_in_a_block_is_perhaps_not_there() -> None:
    parsed = parser.parse(
        "global\n.if defined(X)\nlisten web\n    bind *:80\n    mode http\n    server s 10.0.0.1:80\n.endif\n", "haproxy.cfg"
    )
    raw = (
        tree.Section(each.kind, each.name, tuple(tree.opaque(line.text.strip(), origin=line.origin) for line in each.lines))
        for each in parsed.sections
    )
    assert isinstance(ask(evaluator.Evaluator(tree.Config(tuple(raw)), evaluator.Around())).outcome, trace.Opaque)


def raw(text: str) -> evaluator.Evaluator:
    """As the compiler keeps a user's lines."""
    sections = (
        tree.Section(each.kind, each.name, tuple(tree.opaque(line.text.strip(), origin=line.origin) for line in each.lines))
        for each in parser.parse(text, "haproxy.cfg").sections
    )
    return evaluator.Evaluator(tree.Config(tuple(sections)), evaluator.Around(is_own=lambda name, line: False))


def test_variables_of_the_environment() -> None:
    text = (
        "global\n    setenv KNOWN /x\nlisten web\n    bind *:80\n    mode http\n"
        '    server s "${HOST}:80"\n    http-request deny if { path "$KNOWN" }\n'
    )
    assert isinstance(ask(raw(text), "/x").outcome, trace.Respond), "the configuration sets it itself"
    assert isinstance(found := ask(raw(text)).outcome, trace.Forward)
    assert (found.names, found.addresses) == (("s",), ("${HOST}:80",)), "where the server is does not matter"
    assert line_of(ask(raw(text.replace("setenv KNOWN /x", "log stdout local0")), "/x").outcome) == 7
    perhaps = text.replace("setenv", ".if defined(X)\n    setenv").replace("listen", ".endif\nlisten")
    assert line_of(ask(raw(perhaps), "/x").outcome) == 9
    assert line_of(ask(raw(text.replace(':80"\n', ':80" "${MORE}"\n'))).outcome) == 6, "it may be disabled"


def mutated() -> Iterator[str]:
    dice = random.Random(5)
    for path in sorted(HERE.glob("*.cfg")):
        text = path.read_text().replace("PORT_", "80#").replace("127.0.0.1:80#", "*:80 #")
        yield text
        for _ in range(12):
            lines = text.splitlines()
            for _ in range(3):
                place = dice.randrange(len(lines))
                words = lines[place].split(" ")
                words[dice.randrange(len(words))] = dice.choice(
                    ("", "if", "{", "}", "-f", "-m", "%[", "a,b(", "99999", "or", "!", '"', "lf-file")
                )
                lines[place] = " ".join(words) if dice.random() < 0.8 else lines[dice.randrange(len(lines))]
            yield "\n".join(lines) + "\n"


def test_nothing_that_is_written_is_too_odd() -> None:
    """Broken and shuffled lines: whatever comes of them, it is an outcome."""
    kinds: Counter[str] = Counter()
    for text in mutated():
        one = read(text)
        for path in ("/", "/api/x?page=5", "/stats"):
            kinds[type(ask(one, path, ("X-Go", "shop")).outcome).__name__] += 1
    assert kinds["Forward"] > 100
    assert kinds["Opaque"] > 100


OFF = (
    "frontend web\n    bind *:80\n    mode {mode}\n{front}    default_backend off\nbackend off\n    mode {mode}\n    server s 10.0.0.1:80\n"
)


def test_a_disabled_backend_has_no_server() -> None:
    rules = "    http-request return status 204\n    errorfile 503 /own.http\n    use-server s if TRUE\n    disabled\n"
    text = OFF.format(mode="http", front="    errorfile 503 /front.http\n") + rules
    one = read(text, {"/front.http": b"HTTP/1.0 503 x\r\n\r\nfront\n", "/own.http": b"HTTP/1.0 200 x\r\n\r\nown\n"})
    found = ask(one)
    assert found.answer is not None
    assert (found.outcome, found.answer.body) == (trace.Respond(503, reason="the backend is disabled"), b"front\n")
    assert isinstance(ask(read(text + "    enabled\n")).outcome, trace.Respond)
    assert isinstance(ask(read(OFF.format(mode="http", front=""))).outcome, trace.Forward)
    assert isinstance(ask(read(OFF.format(mode="tcp", front="") + "    disabled\n")).outcome, trace.Reject)
    both = OFF.format(mode="http", front="").replace("mode http", "mode tcp", 1)
    assert isinstance(ask(read(both + "    disabled\n")).outcome, trace.Opaque), "HTTP would begin at it"
    inherited = "defaults\n    disabled\n" + OFF.format(mode="http", front="    enabled\n")
    assert isinstance(ask(read(inherited)).outcome, trace.Respond)


def test_a_server_may_redirect() -> None:
    text = "listen web\n    bind *:80\n    mode http\n    http-request set-path /new%[path]\n    server s 10.0.0.1:80 redir http://b.test\n"
    found = ask(read(text), "/x?y=1")
    assert isinstance(found.outcome, trace.Redirect)
    assert (found.outcome.status, found.outcome.location) == (302, "http://b.test/new/x?y=1")
    assert isinstance(ask(read(text), method="HEAD").outcome, trace.Redirect)
    assert isinstance(ask(read(text), method="POST").outcome, trace.Forward)
    changed = text.replace("http-request", "http-request set-method POST\n    http-request", 1)
    assert isinstance(ask(read(changed)).outcome, trace.Redirect), "it is the client's method that counts"
    rooted = ask(read(text.replace("http://b.test", "/"))).outcome
    assert isinstance(rooted, trace.Redirect)
    assert rooted.location == "/new/"
    other = ask(read(text + "    http-after-response set-status 303\n")).outcome
    assert isinstance(other, trace.Redirect)
    assert other.status == 303, "as for all answers of HAProxy's own"
    several = text + "    server t 10.0.0.2:80"
    assert line_of(ask(read(several)).outcome) == 5
    assert isinstance(ask(read(several), method="POST").outcome, trace.Forward)
    assert isinstance(ask(read(several + " redir http://b.test")).outcome, trace.Redirect)


@pytest.mark.parametrize("option", ["check", "agent-check agent-port 1", "track web/s", "resolvers dns", "init-addr none"])
@pytest.mark.parametrize("condition", ["nbsrv(back) lt 1", "srv_is_up(back/a)"])
def test_what_is_checked_may_be_down(option: str, condition: str) -> None:
    rules = f"    http-request deny if {{ {condition} }}\nbackend back\n    mode http\n    server a 10.0.0.3:80"
    assert line_of(decide(f"{rules} {option}")) == 5
    sure = decide(rules)
    assert isinstance(sure, trace.Respond if "is_up" in condition else trace.Forward)
    restored = decide(f"{rules}\n    load-server-state-from-file global")
    assert line_of(restored) == 5


def test_what_is_disabled_is_down() -> None:
    rules = "    http-request deny if {{ {} }}\nbackend back\n    mode http\n    server a 10.0.0.3:80 disabled\n    server b 10.0.0.3:80"
    assert isinstance(decide(rules.format("srv_is_up(back/a)")), trace.Forward)
    assert isinstance(decide(rules.format("srv_is_up(back/b)")), trace.Respond)
    assert isinstance(decide(rules.format("nbsrv(back) eq 1")), trace.Respond)
    off = rules.format("nbsrv(back) eq 0") + "\n    disabled"
    assert isinstance(decide(off), trace.Respond)
    assert line_of(decide(rules.format("srv_is_up(back/nobody)"))) == 5


@pytest.mark.parametrize(
    "fetch", ["connslots(web)", "be_conn_free(web)", "srv_conn(web/s)", "srv_queue(web/s)", "queue(web)", "avg_queue(web)"]
)
def test_the_load_is_not_known(fetch: str) -> None:
    assert line_of(decide(f"    http-request deny if {{ {fetch} gt 5 }}")) == 5


def test_a_header_of_the_environment_is_shown_as_it_is_written() -> None:
    text = 'listen web\n    bind *:80\n    mode http\n    server s 10.0.0.1:80\n    http-request set-header X-5 "${UNSET-def}"\n'
    found = ask(raw(text + '    http-request add-header X-6 "<$MORE>"\n'))
    assert found.request is not None
    assert (found.request.header("X-5"), found.request.header("X-6")) == ("${UNSET-def}", "<${MORE}>")
    assert found.request.uncertain == {"x-5", "x-6"}
    known = ask(raw("global\n    setenv UNSET said\n" + text)).request
    assert known is not None
    assert (known.header("X-5"), known.uncertain) == ("said", frozenset())
    assert line_of(ask(raw(text + "    http-request deny if { hdr(x-5) def }\n")).outcome) == 6
    answered = raw(text.replace("http-request", "http-response")).run
    here, there = Endpoint(ip_address("192.0.2.7"), 50000), Endpoint(ip_address("127.0.0.1"), 80)
    assert answered(Connection(there, Http(Request("GET", "/", "a.test", ())), here), trace.Answer(200)).answer is None


def test_connection_is_not_among_the_headers() -> None:
    rules = "    http-request set-header X-Seen yes if { hdr(connection) -m found }\n    option http-server-close\n"
    text = f"listen web\n    bind *:80\n    mode http\n    server s 10.0.0.1:80\n{rules}"
    found = ask(read(text), "/", ("Connection", "close")).request
    assert found is not None
    assert (found.header("Connection"), found.header("X-Seen")) == (None, "yes")
