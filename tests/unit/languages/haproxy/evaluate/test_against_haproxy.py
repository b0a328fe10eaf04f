"""The evaluator against real HAProxys: the same tree is evaluated and served, and the answers must be the same.

Every case is a configuration in which HAProxy itself answers in the end, with a body that tells what it knows.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from hapilot.languages.haproxy import tree
from hapilot.languages.haproxy.evaluate import trace
from hapilot.languages.haproxy.evaluate.connection import Http, Request
from hapilot.languages.haproxy.evaluate.wire import first_bytes
from hapilot.languages.haproxy.tree import Section, line, opaque
from support import client, haproxy
from unit.languages.haproxy.evaluate import lab

pytestmark = [
    pytest.mark.haproxy,
    pytest.mark.parametrize("binary", haproxy.binaries(), ids=lambda binary: binary.id),
]

REQUESTS = [
    Request(path="/", host="shop.test"),
    Request(path="/a/b/c?x=1&y=two", host="Shop.Test:8443", headers=(("Cookie", "a=1; b=2"), ("X-List", "one, two"), ("X-List", "three"))),
    Request(path="/old/page?q", host="SHOP.test", headers=(("X-Forwarded-For", "10.1.1.1, 192.0.2.7"), ("Accept", 'a;q="x,y", b'))),
    Request(path="/a", host="a.b.c.test.", method="POST", headers=(("X-Number", "12abc"), ("Content-Length", "0"))),
    Request(path="/12345", host="[2001:db8::1]:443", method="DELETE", headers=(("X-Forwarded-For", "[2001:db8::7]:80"), ("X-Empty", ""))),
    Request(path="/x/%2e%2E/y+z?a+b=%41", host="", method="OPTIONS"),
    Request(
        path="/xy",
        host="notshop.test",
        headers=(("X-Number", "443"), ("X-Forwarded-For", "10.9.9.9:1234"), ("x-twice", "A"), ("X-Twice", "b")),
    ),
    Request(path="*", host="op.test", method="OPTIONS"),
    Request(path="/a?", host=None, version="1.0"),
    Request(path="http://absolute.test:80/a/b/?q=1", host="absolute.test:80"),
    Request(
        path="/n",
        host="x",
        headers=(("X-List", "a,,b, "), ("X-Number", "abc"), ("X-Forwarded-For", "junk"), ("X-Forwarded-For", "1.2.3.4, x")),
    ),
    Request(
        path="/n?y=1&x=2&y=3",
        host="x:",
        headers=(("X-List", ",a"), ("X-Number", "7 "), ("X-Forwarded-For", "::1"), ("Cookie", 'b="q"; b=r')),
    ),
    Request(path="/a/b//c/", host="deep.sub.shop.test", headers=(("X-Number", "-5"), ("Authorization", "Bearer x"))),
]

EXPRESSIONS = [
    *["src", "dst", "method", "path", "pathq", "url", "query", "base", "req.ver", "fc_http_major", "ssl_fc", "ssl_fc_sni", "fc_rcvd_proxy"],
    *["req.hdr(host)", "hdr(HOST)", "req.hdr(x-list)", "req.hdr(x-list,1)", "req.hdr(x-list,-1)", "req.hdr(x-list,9)", "req.fhdr(x-list)"],
    *["req.fhdr(accept)", "req.hdr(accept)", "req.hdr(accept,1)", "req.hdr_cnt(x-list)", "req.fhdr_cnt(x-list)", "req.hdr_cnt(nothing)"],
    *[
        "req.hdr_ip(x-forwarded-for)",
        "req.hdr_ip(x-forwarded-for,1)",
        "req.hdr_val(x-number)",
        "req.hdr_names",
        "req.cook(b)",
        "url_param(y)",
    ],
    *["req.hdr(x-empty)", "req.hdr(x-empty),length", "req.hdr(x-twice,1)", "req.hdr(x-twice,2)", "req.fhdr(x-twice,-2)"],
    *["req.hdr(host),lower", "req.hdr(host),upper", "req.hdr(host),host_only", "req.hdr(host),port_only", "req.hdr(host),rtrim(.)"],
    *[
        "req.hdr(host),lower,ltrim(s)",
        "req.hdr(host),field(1,:)",
        "req.hdr(host),field(2,:)",
        "req.hdr(host),field(-1,.)",
        "path,field(2,/,2)",
    ],
    *[
        "path,field(2,/,0)",
        "path,field(-1,/,2)",
        "path,field(1,/)",
        "path,field(3,/)",
        "path,word(2,/)",
        "path,word(-1,/)",
        "path,word(1,/,2)",
    ],
    *["path,word(9,/)", "path,regsub(a,X)", "path,regsub(a,X,g)", "path,regsub(A,X,gi)", "path,regsub('^/([a-z]+)/?',<\\1>)"],
    *["path,concat(-,,-)", "str(x),concat(a)", "var(txn.host),concat(,txn.path)", "var(txn.host),concat('(',txn.none,')')", "path,length"],
    *[
        "path,hex",
        "path,hex,hex2i",
        "path,bytes(1,2),hex,hex2i",
        "path,hex2i",
        "str(0D),hex2i,add(4),sub(txn.seven)",
        "path,bytes(1)",
        "path,bytes(1,2)",
        "path,bytes(99)",
        "path,url_dec",
        "pathq,url_dec",
        "path,url_dec(1)",
        "str(%zz),url_dec",
    ],
    *[
        "src,ipmask(8)",
        "src,ipmask(24,64)",
        "req.hdr_ip(x-forwarded-for),ipmask(16,48)",
        "req.hdr(x-number),add(1)",
        "req.hdr(x-number),bool",
    ],
    *[
        "req.hdr(x-number),not",
        "req.hdr(x-number),add(3)",
        "int(4),mul(3)",
        "int(5),add(txn.seven)",
        "ssl_fc,iif(tls,clear)",
        "bool(true),iif(a,b)",
    ],
    *["req.hdr(host),strcmp(txn.host)", "str(a),strcmp(txn.host)", "str(z),strcmp(txn.host)", "str(z),strcmp(txn.none)", "path,base64"],
    *["var(txn.none)", "var(txn.none,fallback)", "var(txn.host,fallback)", "str()", "str('a,b')", 'str("it\'s")', "int(-3)", "bool(false)"],
    *[
        "req.hdr(host),lower,map(FOLDER/hosts)",
        "req.hdr(host),map(FOLDER/hosts,none)",
        "str(a),map_str(FOLDER/hosts)",
        "str(é),map(FOLDER/hosts)",
    ],
    *["path,map_beg(FOLDER/prefixes)", "base,lower,map_beg(FOLDER/prefixes,none)", "str(),map_beg(FOLDER/prefixes,none)"],
    *[
        "req.hdr(host),map_end(FOLDER/suffixes)",
        "req.hdr(host),lower,map_end(FOLDER/suffixes,none)",
        "req.hdr(host),map_sub(FOLDER/parts,none)",
    ],
    *[
        "req.hdr(host),map_dom(FOLDER/domains,none)",
        "base,map_dom(FOLDER/domains,none)",
        "path,map_reg(FOLDER/regexes)",
        "path,map_dir(FOLDER/hosts)",
    ],
    *["path,map_regm(FOLDER/rewrites,none)", "src,map_ip(FOLDER/networks)", "req.hdr_ip(x-forwarded-for),map_ip(FOLDER/networks,none)"],
    *[
        "str(192.0.2.1),map_ip(FOLDER/networks)",
        "str(::ffff:10.0.0.1),map_ip(FOLDER/networks)",
        "str(nonsense),map_ip(FOLDER/networks,none)",
    ],
    *[
        "req.hdr_val(x-number),map_int(FOLDER/numbers,none)",
        "dst_port,map_int(FOLDER/numbers)",
        "req.hdr(x-number),map_int(FOLDER/numbers,none)",
    ],
    *[
        "nbsrv(nowhere)",
        "be_conn(nowhere)",
        "fe_name",
        "so_name",
        "env(NOT_SET_AT_ALL)",
        "str(a b),word(2,' ')",
        "always_true",
        "always_false",
    ],
]

CONDITIONS = [
    *[
        "path /a",
        "path -i /A",
        "path -m beg /a",
        "path_beg /a /x",
        "path_beg -i /A",
        "path_end c",
        "path_sub b/",
        "path_dir b",
        "path_dir a/b",
        "path_dir /a/",
    ],
    *[
        "path_reg ^/[0-9]+$",
        "path_reg -i ^/A",
        "path_len 2",
        "path_len ge 6",
        "path -m len 1:4",
        "path -m found",
        "path -m dom b",
        "path -m dir a",
    ],
    *[
        "hdr(host) shop.test",
        "hdr(host) -i shop.test",
        "hdr(host),lower shop.test",
        "hdr_beg(host) -i shop",
        "hdr_end(host) .test",
        "hdr_dom(host) shop",
    ],
    *[
        "hdr_dom(host) -i SHOP.test",
        "hdr(host) -m str -i -- shop.test",
        "hdr(host),host_only -m str shop.test",
        "hdr(x-list) two",
        "hdr(x-list) three",
    ],
    *[
        "req.fhdr(x-list) two",
        "req.fhdr(x-list) 'one, two'",
        "hdr(x-list,1) two",
        "hdr_cnt(host) gt 0",
        "hdr_cnt(x-list) 3",
        "hdr_cnt(x-list) lt 3",
        "hdr_cnt(x-list) 2:4",
    ],
    *[
        "hdr_ip(x-forwarded-for) 10.0.0.0/8",
        "hdr_ip(x-forwarded-for) 192.0.2.0/24",
        "hdr_ip(x-forwarded-for) 2001:db8::/32",
        "hdr(x-empty) -m found",
    ],
    *[
        "hdr_val(x-number) gt 10",
        "hdr_val(x-number) ge 443 le 443",
        "hdr_val(x-number) 12 443",
        "hdr(x-number) -m int 443",
        "hdr(x-number) -m bool",
    ],
    *[
        "src 127.0.0.9",
        "src 127.0.0.0/8",
        "src 10.0.0.0/8",
        "src ::/0",
        "src -m found",
        "src,ipmask(24) 127.0.0.0",
        "dst 127.0.0.1",
        "dst 127.0.0.1/8 ::1",
    ],
    *[
        "method GET",
        "method POST DELETE",
        "method -i get",
        "METH_GET",
        "METH_POST",
        "!METH_GET",
        "HTTP",
        "HTTP_1.0",
        "HTTP_1.1",
        "HTTP_URL_SLASH",
        "HTTP_URL_STAR",
    ],
    *["HTTP_URL_ABS", "HTTP_CONTENT", "LOCALHOST", "TRUE", "FALSE", "ssl_fc", "ssl_fc 0", "ssl_fc_has_sni", "WAIT_END", "REQ_CONTENT"],
    *[
        "path -f FOLDER/keys-prefixes",
        "path_beg -f FOLDER/keys-prefixes",
        "src -f FOLDER/keys-networks",
        "hdr(host) -i -f FOLDER/keys-hosts",
        "hdr(host),lower -m end -f FOLDER/keys-suffixes",
    ],
    *[
        "var(txn.host) -m found",
        "var(txn.none) -m found",
        "var(txn.seven) -m int 7",
        "var(txn.host) -m str shop.test",
        "var(txn.host),strcmp(txn.path) eq 0",
    ],
    *[
        "path,map_beg(FOLDER/prefixes,none) -m str a-b",
        "path,map_beg(FOLDER/prefixes) root a",
        "int(5) eq 5",
        "int(5) lt 5",
        "int(5) 4:6",
        "str(a) a",
        "bool(1)",
    ],
    *[
        "url_param(x) -m found",
        "url_param(x) 1",
        "url_param(y) two",
        "cook(a) 1",
        "req.cook(b) -m found",
        "http_auth(people)",
        "path,bytes(0,2) -m bin 2f61",
    ],
    *["req.hdr(host) -m reg ^[a-z.]+$", "named", "!named", "twice"],
]

COMBINED = [
    "if { path_beg /a } { method POST }",
    "if { path_beg /a } !{ method POST }",
    "if { path_beg /x } or { method POST }",
    "if { path_beg /x } || { method POST } !{ src 10.0.0.0/8 }",
    "unless { path_beg /a }",
    "unless { path_beg /a } or { path_beg /x }",
    "if named twice or !named METH_GET",
    "if ! { path_beg /a }",
    "if !!named",
]


GROUP = 30
"""Values in one answer; HAProxy's buffers don't hold all of them."""


def groups(formats: Sequence[str]) -> list[Sequence[str]]:
    """The cases, a group for each answer."""
    return [formats[start : start + GROUP] for start in range(0, len(formats), GROUP)]


def answers(formats: Sequence[str]) -> list[tree.Line]:
    """Rules that answer with one group of values, the one that the header X-Group counts."""
    reply = ("http-request", "return", "status", "200", "content-type", "text/plain", "lf-string")
    return [
        line(*reply, "|".join(f"<{text}>" for text in group), "if", "{", "req.hdr(x-group)", str(number), "}")
        for number, group in enumerate(groups(formats))
    ]


SETTING = [
    opaque("bind PORT name door"),
    opaque("acl named path_beg /a"),
    opaque("acl twice path /12345"),
    opaque("acl twice hdr(host) -i shop.test"),
    opaque("http-request set-var(txn.host) req.hdr(host),lower"),
    opaque("http-request set-var(txn.path) path"),
    opaque("http-request set-var(txn.seven) int(7)"),
]
ELSEWHERE = [Section("userlist", "people", (opaque("user ann insecure-password x"),)), Section("backend", "nowhere", ())]


def test_fetches_and_converters(binary: haproxy.Binary, tmp_path: Path) -> None:
    formats = [f"%[{text}]" for text in EXPRESSIONS]
    with lab.serve(binary, tmp_path, [*ELSEWHERE, Section("frontend", "samples", (*SETTING, *answers(formats)))]) as running:
        found = [f"{EXPRESSIONS[number]}: {rest}" for number, rest in differences(running, formats)]
    assert not found, "\n".join(found)


def test_conditions(binary: haproxy.Binary, tmp_path: Path) -> None:
    cases = [f"if {text}" if text.lstrip("!").split()[0] in BARE else f"if {{ {text} }}" for text in CONDITIONS] + COMBINED
    rules = [opaque(f"http-request set-var(txn.case{number}) str(yes) {case}") for number, case in enumerate(cases)]
    formats = [f"%[var(txn.case{number})]" for number in range(len(cases))]
    with lab.serve(binary, tmp_path, [*ELSEWHERE, Section("frontend", "conditions", (*SETTING, *rules, *answers(formats)))]) as running:
        found = [f"{cases[number]}: {rest}" for number, rest in differences(running, formats)]
    assert not found, "\n".join(found)


BARE = {
    *["METH_GET", "METH_POST", "HTTP", "HTTP_1.0", "HTTP_1.1", "HTTP_URL_SLASH", "HTTP_URL_STAR", "HTTP_URL_ABS", "HTTP_CONTENT"],
    *["LOCALHOST", "TRUE", "FALSE", "WAIT_END", "REQ_CONTENT", "named", "twice"],
}
"""ACLs that are named, so that they stand without braces."""


def differences(running: lab.Lab, formats: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Sends each request; the number of each case that comes out differently, with both answers."""
    for request in REQUESTS:
        for group in range(len(groups(formats))):
            asked = dataclasses.replace(request, headers=(*request.headers, ("X-Group", str(group))))
            told = running.expect(Http(asked)).outcome
            assert isinstance(told, trace.Respond), told
            with client.connect(running.address, source=lab.SOURCE) as wire:
                wire.send(first_bytes(asked))
                answer = wire.read_response()
            assert answer.status == 200, answer
            values = zip(answer.body.decode().split("|"), told.body.split("|"), strict=True)
            for number, (theirs, ours) in enumerate(values, start=group * GROUP):
                if theirs != ours:
                    yield number, f"{asked.method} {asked.path} {asked.host}: HAProxy {theirs!r}, evaluator {ours!r}"
