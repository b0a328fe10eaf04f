"""Words that a version has no more, not yet, or never had; and what they are written as today."""

from __future__ import annotations

import pytest

from unit.lint.looking import HEAD, findings, lines, mended

PROXY = HEAD + "frontend f\n    bind :80\n"
"""Seven lines; what a test adds stands in line 8."""


@pytest.mark.parametrize(
    ("added", "code", "target"),
    [
        ("reqirep ^A:.* A:b", "keyword-removed", (2, 6)),
        ("rspadd X:\\ y", "keyword-removed", (2, 6)),
        ("block if TRUE", "keyword-removed", (2, 6)),
        ("monitor-net 10.0.0.0/8", "keyword-removed", (2, 6)),
        ("option forceclose", "keyword-removed", (2, 6)),
        ("bind-process 1", "keyword-deprecated", (2, 6)),
        ("bind-process 1", "keyword-removed", (2, 8)),
        ("bind :81 process 1", "keyword-removed", (2, 8)),
        ("option accept-invalid-http-request", "keyword-deprecated", (3, 2)),
        ("guid x", "keyword-too-new", (2, 8)),
        ("http-request do-log", "keyword-too-new", (3, 0)),
        ("http-request set-bandwidth-limit x", "keyword-too-new", (2, 6)),
        ("http-request set-header X %[fc_pp_tlv(1)]", "keyword-too-new", (2, 8)),
        ("http-request set-var(txn.x) src,reverse_dom", "keyword-too-new", (2, 8)),
        ("http-request deny if { acl(a) }", "keyword-too-new", (2, 8)),
        ("bind :81 ktls on", "keyword-too-new", (3, 2)),
        ("compression direction both", "keyword-too-new", (2, 6)),
        ("filter bwlim-in x", "keyword-too-new", (2, 6)),
        ("log stdout profile x local0", "keyword-too-new", (3, 0)),
        ("optoin httplog", "keyword-unknown", (2, 8)),
        ("option httplogs", "keyword-unknown", (2, 8)),
        ("bind :81 sll", "keyword-unknown", (2, 8)),
        ("http-request denny", "keyword-unknown", (2, 8)),
        ("http-request set-header X %[srcs]", "keyword-unknown", (2, 8)),
        ("acl a src,lowest x", "keyword-unknown", (2, 8)),
        ("filter no-such", "keyword-unknown", (2, 8)),
    ],
)
def test_a_word_of_a_frontend(added: str, code: str, target: tuple[int, int]) -> None:
    assert 8 in lines(f"{PROXY}    {added}\n", code, target=target)


@pytest.mark.parametrize(
    "added",
    [
        "no option http-server-close",
        "option httplog clf",
        "http-request set-var(txn.a) req.hdr(host),lower,regsub(a,b)",
        "http-request set-var-fmt(txn.a) %[src]",
        "http-request track-sc0 src",
        "tcp-request content set-var(sess.x) req.ssl_sni",
        "http-request lua.mine",
        "http-request set-header X %[lua.mine]",
        "http-request sc-inc-gpc0(0)",
        "log 127.0.0.1 local0 notice",
        "bind :81 ssl crt a.pem alpn h2 no-sslv3",
        "stick-table type ip size 1k",
        'http-request set-header X "${NOPE[*]}"',
        "declare capture request len 10",
        "acl a url_param(x),map_str(/etc/a.map,b) c",
        "redirect scheme https if !{ ssl_fc }",
        "default_backend x",
    ],
)
def test_what_is_known_is_silent(added: str) -> None:
    assert lines(f"{PROXY}    {added}\n", "keyword-unknown", "keyword-too-new", "keyword-removed") == []


def test_names_that_are_near() -> None:
    (found,) = [each for each in findings(f"{PROXY}    defualt_backend x\n") if each.code == "keyword-unknown"]
    assert found.hint == "did you mean 'default_backend'?"


def test_a_section_of_a_later_version_is_read_as_lines_of_the_one_before() -> None:
    text = "global\n    maxconn 10\ncrt-store web\n    load crt a.pem\n"
    assert lines(text, "keyword-too-new") == [3]
    assert lines(text, "keyword-unknown") == [4]
    assert lines(text, "keyword-too-new", "keyword-unknown", target=(3, 0)) == []


def test_lines_that_the_target_does_not_read_do_not_count() -> None:
    text = f"{PROXY}.if version_atleast(3.0)\n    guid x\n.else\n    nonsense\n.endif\n"
    assert lines(text, "keyword-too-new", "keyword-unknown") == [11]
    assert lines(text, "keyword-too-new", "keyword-unknown", target=(3, 0)) == []


def test_what_stands_behind_a_broken_line_is_not_read_and_said() -> None:
    assert lines(f"{PROXY}.if nonsense\n    nonsense\n.endif\n", "line-unreadable", "keyword-unknown") == [8]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("reqidel ^X-Forwarded-For:.*", "http-request del-header X-Forwarded-For"),
        ("reqdel ^Server:", "http-request del-header Server"),
        ("rspidel ^Server:.* if { src 10.0.0.1 } # c", "http-response del-header Server if { src 10.0.0.1 } # c"),
        ("rspadd X-A:\\ 100%", "http-response add-header X-A 100%%"),
        ("reqadd X-A:\\ b\\ c unless { ssl_fc }", "http-request add-header X-A 'b c' unless { ssl_fc }"),
        ("reqrep ^Host:\\ (.*)\\.a Host:\\ \\1.b", "http-request replace-header Host '(.*)\\.a' '\\1.b'"),
        ("reqirep ^Host:\\ ([0-9.]+) Host:\\ \\1", "http-request replace-header Host ([0-9.]+) '\\1'"),
        ("block if { path /x }", "http-request deny if { path /x }"),
        ("clitimeout 5000", "timeout client 5000"),
        ("no option forceclose", "no option httpclose"),
        ("bind-process all # c", "# c"),
    ],
)
def test_words_with_an_exact_successor(before: str, after: str) -> None:
    assert mended(f"{PROXY}    {before}\n", "keyword-removed") == f"{PROXY}    {after}\n"


@pytest.mark.parametrize(
    "line",
    [
        "reqirep ^Host:\\ (.*)\\.old Host:\\ \\1.new",  # the case of letters did not count
        "reqrep ^([^\\ :]*)\\ /old/(.*) \\1\\ /new/\\2",  # the request line
        "reqidel ^X-.*:",  # several headers
        "reqdel ^X-A:\\ secret",  # only with this value
        'reqidel "^${NAME}:.*"',
        "reqdeny ^X-A:",
        "reqadd nonsense",
        "monitor-net 10.0.0.0/8",
        "nbproc 4",
        "no option http-use-htx",
        "reqidel",
    ],
)
def test_words_without_one_are_left_alone(line: str) -> None:
    assert mended(f"{PROXY}    {line}\n", "keyword-removed") == f"{PROXY}    {line}\n"


def test_a_rule_on_a_header_that_others_ask_for_is_left_alone() -> None:
    """Every ``http-request`` rule came before every ``req…`` rule, wherever they stood."""
    text = f"{PROXY}    reqidel ^X-A:.*\n    http-request set-header X-B %[req.hdr(x-a)]\n"
    assert mended(text, "keyword-removed") == text
    text = f"{PROXY}    http-request set-header X-B c\n    block if {{ path / }}\n"
    assert mended(text, "keyword-removed") == text


def test_an_address_behind_the_name() -> None:
    text = f"{HEAD}listen old 10.0.0.1:80,10.0.0.2:80  # c\r\n    server a 10.0.0.3:80\n"
    assert lines(text, "keyword-removed") == [6]
    wanted = f"{HEAD}listen old\r\n    bind 10.0.0.1:80,10.0.0.2:80  # c\r\n    server a 10.0.0.3:80\n"
    assert mended(text, "keyword-removed") == wanted


def test_a_new_name_only_where_the_target_has_it() -> None:
    text = "global\n    tune.ssl.ocsp-update.mindelay 5\n"
    assert mended(text, target=(2, 8)) == text
    assert mended(text, target=(3, 0)) == "global\n    ocsp-update.mindelay 5\n"


def test_sections_that_do_not_take_a_directive() -> None:
    assert lines(f"{PROXY}    balance source\n    server s 10.0.0.1:80\n", "keyword-misplaced") == [8, 9]
    assert lines("listen l\n    balance source\n    bind :80\n", "keyword-misplaced") == []
    assert lines("backend b\n    bind :80\n    use_backend b if TRUE\n", "keyword-misplaced") == [2, 3]
    assert lines("defaults\n    acl a path /\ndefaults named\n    acl a path /\n", "keyword-misplaced") == [2]


def test_names_of_lua() -> None:
    rule = f"{PROXY}    http-request lua.mine if TRUE\n    filter lua.f\n"
    assert lines(rule, "keyword-unknown") == [], "the file with lua-load may be another one"
    assert lines(f"{rule}global\n", "keyword-unknown") == [8, 9]
    assert lines(f"{rule}global\n    lua-load x.lua\n", "keyword-unknown") == []
