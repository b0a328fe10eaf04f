"""Lint as a whole: order, choice of rules, comments that silence, places."""

from __future__ import annotations

import time

import pytest

from hapilot.languages.haproxy import parser
from hapilot.lint import run
from hapilot.lint.rules import catalogue
from unit.lint import looking
from unit.lint.looking import HEAD


def test_findings_come_by_file_and_line() -> None:
    files = [parser.parse(f"{HEAD}frontend f\n    optoin x\n    bind :80\n    nonsense\n", name) for name in ("b.cfg", "a.cfg")]
    found = run.lint(files, (2, 8), run.chosen(["keyword-unknown"], []))
    assert [(each.file, each.line) for each in found] == [("b.cfg", 7), ("b.cfg", 9), ("a.cfg", 7), ("a.cfg", 9)]


def test_several_files_are_one_configuration() -> None:
    files = [parser.parse(text, name) for name, text in (("a.cfg", f"{HEAD}frontend f\n    default_backend b\n"), ("b.cfg", "backend b\n"))]
    assert run.lint(files, (2, 8)) == ()


def test_a_finding_says_where_its_word_stands() -> None:
    text = f"{HEAD}backend b\n    server s   '2001:db8::1:80'  # c\n"
    (found,) = looking.findings(text)
    assert (found.line, text.splitlines()[6][found.column - 1 : found.end - 1]) == (7, "'2001:db8::1:80'")
    assert str(found).startswith("x.cfg:7:16 warning[ipv6-without-brackets] ")


def test_choosing_rules() -> None:
    codes = [rule.code for rule in catalogue.RULES]
    assert [rule.code for rule in run.chosen([], [])] == codes
    assert [rule.code for rule in run.chosen(["timeouts", "acl-unused"], ["timeout-unit"])] == [
        "acl-unused",
        "timeout-missing",
        "timeout-tunnel-missing",
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("    nonsense # hapilot: ignore[keyword-unknown]\n    nonsense\n", [8]),
        ("    # hapilot: ignore[keyword-unknown]\n\n    nonsense\n    nonsense\n", [10]),
        ("    nonsense # hapilot: ignore\n", []),
        ("    nonsense # hapilot: ignore[]\n", []),
        ("    nonsense # hapilot: ignore[acl-unused, keyword-unknown] because\n", []),
        ("    nonsense # hapilot: ignore[acl-unused]\n", [7]),
        ("    nonsense '# hapilot: ignore'\n", [7]),
        ("    nonsense # hapilot: something else\n", [7]),
        ("    # hapilot: ignore[acl-unused]\n    nonsense # hapilot: ignore[keyword-unknown]\n", []),
    ],
)
def test_comments_that_silence(text: str, found: list[int]) -> None:
    assert looking.lines(f"{HEAD}frontend f\n{text}", "keyword-unknown") == found


LONG = {
    "routes": "frontend f\n" + "".join(f"    acl a{n} hdr(host) h{n}.test\n    use_backend b{n} if a{n}\n" for n in range(2000)),
    "requests": "frontend f\n" + "".join(f"    http-request add-header X-Forwarded-Proto {n}\n" for n in range(2000)),
    "removed": "frontend f\n"
    + "".join(f"    reqidel ^X{n}:.*\n    http-request set-header Y{n} a\n    block if TRUE\n" for n in range(1500)),
    "unknown": "frontend f\n" + "".join(f"    unknown{n} a\n    use_backend u{n} if n{n}\n" for n in range(1500)),
    "backends": "frontend f\n    default_backend b1\n"
    + "".join(f"backend b{n}\n    option forwardfor\n    server s 10.0.0.1:{n}\n" for n in range(2000)),
    "tcp": "frontend f\n    use_backend b if { req.ssl_sni a }\n" + "    acl x src 10.0.0.1\n    tcp-request content accept if x\n" * 2000,
    "layers": "".join(
        f"frontend f{n}\n    bind 127.0.0.1:{n}\n    default_backend b{n}\nbackend b{n}\n    server s 127.0.0.1:{n + 1}\n"
        for n in range(1250)
    ),
}


@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
def test_long_files_take_no_long_time(text: str) -> None:
    """Everything quadratic takes minutes here; a shared machine is given a lot of room."""
    start = time.monotonic()
    looking.findings(text)
    assert time.monotonic() - start < 4
