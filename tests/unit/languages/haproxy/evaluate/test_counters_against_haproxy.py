"""Stick tables as somebody finds them who was not there before, and a rate limit, against real HAProxys."""

from __future__ import annotations

from pathlib import Path

import pytest

from hapilot.languages.haproxy.evaluate.connection import Http, Request
from hapilot.languages.haproxy.tree import Section, line, opaque
from support import haproxy
from unit.languages.haproxy.evaluate import lab

pytestmark = [
    pytest.mark.haproxy,
    pytest.mark.parametrize("binary", haproxy.binaries(), ids=lambda binary: binary.id),
]

COUNTERS = (
    *("sc0_tracked", "sc_tracked(1)", "sc2_tracked", "sc0_trackers", "sc0_gpc0_rate", "sc_gpc0_rate(0)", "sc0_get_gpc0", "sc_get_gpc0(0)"),
    *("sc0_get_gpc1", "sc0_gpc1_rate", "sc_http_req_rate(0)", "sc0_http_req_cnt", "sc0_conn_cnt", "sc0_conn_cur", "sc0_conn_rate(other)"),
    *("sc0_sess_cnt", "sc0_http_err_rate", "sc0_bytes_in_rate", "sc0_get_gpt0", "sc0_get_gpc0(other)", "sc1_http_req_cnt", "sc1_get_gpc0"),
    *("sc_get_gpc(0,1)", "sc_get_gpc(1,1)", "sc_gpc_rate(1,1)", "sc_get_gpt(0,1)", "sc2_conn_cnt", "sc2_http_req_cnt", "sc2_sess_cnt"),
    *("src_conn_cnt(other)", "src_conn_cnt(sources)", "src_get_gpc0(sources)", "src_http_req_cnt(sources)", "src_http_req_rate(strings)"),
    *("req.hdr(x-key),in_table(strings)", "req.hdr(x-key),table_gpc0(strings)", "req.hdr(x-key),table_http_req_cnt(strings)"),
    *("req.hdr(x-none),in_table(strings)", "src,table_conn_cnt(sources)", "src,table_gpt0(sources)", "str(x),table_gpc0(other)"),
)
SECTIONS = [
    Section(
        "backend",
        "strings",
        (opaque("stick-table type string len 40 size 1k expire 10s store gpc0,gpc0_rate(10s),gpt0,http_req_rate(5s),conn_cur"),),
    ),
    Section("backend", "other", (opaque("stick-table type string size 1k store conn_rate(1s),gpc0"),)),
    Section(
        "backend", "sources", (opaque("stick-table type ip size 1k expire 1m store conn_cnt,http_req_cnt,http_req_rate(9s),sess_cnt"),)
    ),
]


def tell(name: str) -> list[str]:
    return ["http-request", "return", "status", "200", "content-type", "text/plain", "lf-string", f"{name} {TOLD}"]


TOLD = " ".join(f"<%[{counter}]>" for counter in COUNTERS)


@pytest.mark.parametrize(
    "rules",
    [
        "",
        "http-request track-sc0 req.hdr(x-key) table strings",
        "http-request track-sc0 req.hdr(x-none) table strings",
        "http-request track-sc0 req.hdr(x-key) table strings if { path /tracked }",
        """
        http-request track-sc0 req.hdr(x-key) table strings
        http-request sc-inc-gpc0(0)
        http-request sc-inc-gpc0(0)
        http-request sc-inc-gpc1(0)
        http-request sc-inc-gpc0(2)
        http-request sc-set-gpt0(0) 7
        http-request track-sc0 str(again) table other
        """,
        """
        http-request track-sc0 req.hdr(x-key) table other
        http-request sc-set-gpt0(0) req.hdr_cnt(host) if { sc0_inc_gpc0 eq 1 } { sc0_inc_gpc0 gt 1 } !{ sc0_clr_gpc0 5 }
        """,
        """
        tcp-request connection track-sc2 src table sources
        http-request sc-inc-gpc0(2)
        """,
        """
        tcp-request inspect-delay 1s
        tcp-request content track-sc2 src table sources
        tcp-request session track-sc0 src table strings
        """,
        """
        stick-table type ipv6 size 1k store gpc(2),gpc_rate(2,10s),gpt(1),http_req_cnt
        http-request track-sc1 req.hdr_ip(x-ip),ipmask(32,64)
        http-request sc-inc-gpc(1,1)
        http-request sc-set-gpt(0,1) 3
        """,
        """
        stick-table type ip size 1k store gpc0,http_req_cnt
        http-request track-sc1 req.hdr_ip(x-ip)
        """,
        """
        stick-table type integer size 1k store gpc0,http_req_cnt
        http-request track-sc1 req.hdr(x-ip)
        """,
    ],
)
def test_counters(binary: haproxy.Binary, tmp_path: Path, rules: str) -> None:
    lines = [opaque("bind PORT"), *(opaque(each.strip()) for each in rules.strip().splitlines())]
    front = Section("frontend", "front", (*lines, line(*tell("front"))))
    for number, ip in enumerate(("192.0.2.1", "::ffff:192.0.2.1", "2001:db8::1", "")):
        request = Http(Request(path="/x", host="x", headers=(("X-Key", f"key{number}"), ("X-Ip", ip))))
        with lab.serve(binary, tmp_path, [*SECTIONS, front]) as running:  # another each time: its tables are empty
            assert lab.said(running.expect(request)) == lab.answer(running, request)


@pytest.mark.parametrize("limit", [0, 1])
def test_a_rate_limit(binary: haproxy.Binary, tmp_path: Path, limit: int) -> None:
    backend = (
        opaque("stick-table type ipv6 size 100k expire 10s store gpc0,gpc0_rate(10s)"),
        opaque("http-request track-sc0 src,ipmask(32,64)"),
        opaque(f"http-request return status 429 content-type text/plain string slow hdr Retry-After 10 if {{ sc0_gpc0_rate ge {limit} }}"),
        opaque("http-request sc-inc-gpc0(0)"),
        line(*tell("served")),
    )
    front = Section("frontend", "front", (opaque("bind PORT"), opaque("default_backend limited")))
    request = Http(Request(host="x"))
    with lab.serve(binary, tmp_path, [front, Section("backend", "limited", backend), *SECTIONS]) as running:
        assert lab.said(running.expect(request)) == lab.answer(running, request)
        second = lab.ask(running, request)
        assert (second.status, second.header("retry-after")) == (429, "10"), "only the first is a first"
