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
from hapilot.languages.haproxy.evaluate.connection import Http
from hapilot.languages.haproxy.evaluate.wire import first_bytes
from hapilot.languages.haproxy.tree import Section, line, opaque
from support import client, haproxy
from unit.languages.haproxy.evaluate import cases, lab

pytestmark = [
    pytest.mark.haproxy,
    pytest.mark.parametrize("binary", haproxy.binaries(), ids=lambda binary: binary.id),
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
PEOPLE = """
group staff users ann
group both users ann,bob
group none
user ann insecure-password x
user bob password $6$cytzI4JgZJn0vX5A$JdtarNyR.hfdPSGLD8U1Y7XB6tZNoxrMwEnuE4vueKURtnyX.nuNcYWv30cJK0AmalSsHXc2H/AHbSb7.KCn1/ groups staff
user ell insecure-password "" groups none
user cyd password $5$rounds=1000$abcdefgh$EGJEPvTjt2SvalniXAdGgDQ1Lh0cvmYdtrbSIvjzG/5 groups none
"""
ELSEWHERE = [
    Section("userlist", "people", tuple(opaque(text) for text in PEOPLE.strip().splitlines())),
    Section("backend", "nowhere", (opaque("stick-table type ip size 10 store conn_cnt,gpc0"),)),
]


def test_fetches_and_converters(binary: haproxy.Binary, tmp_path: Path) -> None:
    formats = [f"%[{text}]" for text in cases.EXPRESSIONS]
    with lab.serve(binary, tmp_path, [*ELSEWHERE, Section("frontend", "samples", (*SETTING, *answers(formats)))]) as running:
        found = [f"{cases.EXPRESSIONS[number]}: {rest}" for number, rest in differences(running, formats)]
    assert not found, "\n".join(found)


def test_conditions(binary: haproxy.Binary, tmp_path: Path) -> None:
    asked = [f"if {text}" if text.lstrip("!").split()[0] in BARE else f"if {{ {text} }}" for text in cases.CONDITIONS] + COMBINED
    rules = [opaque(f"http-request set-var(txn.case{number}) str(yes) {case}") for number, case in enumerate(asked)]
    formats = [f"%[var(txn.case{number})]" for number in range(len(asked))]
    with lab.serve(binary, tmp_path, [*ELSEWHERE, Section("frontend", "conditions", (*SETTING, *rules, *answers(formats)))]) as running:
        found = [f"{asked[number]}: {rest}" for number, rest in differences(running, formats)]
    assert not found, "\n".join(found)


BARE = {
    *["METH_GET", "METH_POST", "HTTP", "HTTP_1.0", "HTTP_1.1", "HTTP_URL_SLASH", "HTTP_URL_STAR", "HTTP_URL_ABS", "HTTP_CONTENT"],
    *["LOCALHOST", "TRUE", "FALSE", "WAIT_END", "REQ_CONTENT", "named", "twice"],
}
"""ACLs that are named, so that they stand without braces."""


def differences(running: lab.Lab, formats: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Sends each request; the number of each case that comes out differently, with both answers."""
    for request in cases.REQUESTS:
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
                    yield number, f"{asked.method} {asked.path} {asked.host} {asked.headers}: HAProxy {theirs!r}, evaluator {ours!r}"
