"""The parts that rules are made of: conditions, expressions, options, sections, and names that are near."""

from __future__ import annotations

from hapilot.languages.haproxy import parser
from hapilot.lint import conditions, context, expressions, nearest, options


def terms(text: str) -> list[list[tuple[bool, str, tuple[str, ...]]]]:
    found = conditions.parse(text.split())
    assert found is not None
    return [[(term.negated, term.name, term.words) for term in group] for group in found.groups]


def test_conditions() -> None:
    assert conditions.parse(["http-request", "deny"]) is None
    assert terms("use_backend b if a !c or { path /x } || ! { src 10.0.0.1 }") == [
        [(False, "a", ()), (True, "c", ())],
        [(False, "", ("path", "/x"))],
        [(True, "", ("src", "10.0.0.1"))],
    ]
    assert terms("deny if !{ path") == [] or terms("x deny if !{ path") == [[(True, "", ("path",))]]
    assert terms("x deny unless !!a") == [[(False, "a", ())]]


def test_a_condition_that_ends_at_once() -> None:
    assert terms("x deny if") == [[]]


def test_values_that_look_like_a_condition() -> None:
    found = [conditions.parse(["http-request", *text.split()]) for text in ("set-header unless if if a", "auth realm if unless a", "deny")]
    assert [(each.at, each.sign) if each else None for each in found] == [(4, "if"), (4, "unless"), None]
    assert conditions.parse(["redirect", "location", "if"]) is None


def calls(text: str) -> list[tuple[str, str]]:
    found = expressions.parse(text)
    return [(call.name, call.arguments) for call in (found.fetch, *found.converters)] if found else []


def test_expressions() -> None:
    assert calls("src") == [("src", "")]
    assert calls("req.hdr(host,1),lower,map(/a.map,b),regsub('a)b',c)") == [
        ("req.hdr", "host,1"),
        ("lower", ""),
        ("map", "/a.map,b"),
        ("regsub", "'a)b',c"),
    ]
    assert calls("") == []
    assert calls("(x)") == []
    assert calls("hdr(host") == [("hdr", "host")]


def words(line: str) -> list[tuple[int, str]]:
    split = line.split()
    return [(each.word, each.fetch.name) for each in expressions.of_line(split, conditions.parse(split))]


def test_where_expressions_stand() -> None:
    assert words("acl a path /x") == [(2, "path")]
    assert words("http-request set-header X %[src,ipmask(8)]-%{+Q}[hdr(a)] if { dst 1 }") == [(8 - 2, "dst"), (3, "src"), (3, "hdr")]
    assert words("http-request set-var(txn.x) src if TRUE") == [(2, "src")]
    assert words("tcp-request content track-sc0 src") == [(3, "src")]
    assert words("stick on hdr(x)") == [(2, "hdr")]
    assert words("server s 1.2.3.4:80 ssl sni req.hdr(host)") == [(5, "req.hdr")]
    assert words("http-request deny") == []


def read(text: str) -> context.Context:
    return context.read([parser.parse(text, "x.cfg")], (2, 8))


def test_sections_know_what_they_inherit() -> None:
    found = read(
        "defaults a\n    mode http\n    option httplog\n    timeout client 1s\ndefaults b\n    timeout client 2s\n"
        "frontend f\nfrontend g from a\n    no option httplog\n    timeout client 3s\nfrontend h from a\n"
    )
    f, g, h = found.of_kind("frontend")
    assert [each.mode for each in (f, g, h)] == ["tcp", "http", "http"]
    assert [each.option("httplog") is not None for each in (f, g, h)] == [False, False, True]
    assert [each.last("timeout", "client").words[2] for each in (f, g, h) if (each.last("timeout", "client"))] == ["2s", "3s", "1s"]  # pyright: ignore[reportOptionalMemberAccess]


def test_an_option_and_its_opposite_in_one_section() -> None:
    (section,) = read("frontend f\n    no option httplog\n    option httplog\n").of_kind("frontend")
    assert section.option("httplog") is not None


def test_servers_with_their_defaults() -> None:
    found = read(
        "defaults\n    default-server ssl inter 1s\nbackend b\n    server a 10.0.0.1:80\n    default-server verify none no-ssl\n"
        "    server b 10.0.0.2:80 inter 5s source 10.0.0.9 usesrc client check\n    server-template t 3 x.test:80\n"
    )
    a, b, t = options.servers(found)
    assert dict(a.options) == {"ssl": (), "inter": ("1s",)}
    assert dict(b.options) == {"verify": ("none",), "inter": ("5s",), "source": ("10.0.0.9",), "check": ()}
    assert b.places == {"inter": 3, "source": 5, "check": 9}
    assert (t.name, t.address) == ("t", "x.test:80")


def test_binds() -> None:
    (bind,) = options.binds(read("frontend f\n    bind :80,:81 ssl crt a.pem\n    bind\n"))
    assert (bind.addresses, dict(bind.options), bind.places) == ((":80", ":81"), {"ssl": (), "crt": ("a.pem",)}, {"ssl": 2, "crt": 3})


def test_words_with_variables_are_not_known() -> None:
    (section,) = read('backend b\n    server a "${A}:80" maxconn 10\n').of_kind("backend")
    (server,) = section.lines("server")
    assert (server.word(1), server.word(2), server.number(4), server.number(9)) == ("a", "", 10, None)


def test_near_names() -> None:
    assert nearest.suggestion("backnd", {"backend", "bind"}) == "did you mean 'backend'?"
    assert nearest.suggestion("x", {f"x{number}" for number in range(2000)}) == ""
    assert nearest.suggestion("", {"a"}) == ""
