"""Mending: bytes that nothing asks for stay, edits don't touch each other, and a second time changes nothing."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from hapilot.languages.haproxy import document, parser
from hapilot.lint import difference, edits, fix, run
from hapilot.lint.rules import catalogue
from unit.lint.looking import HEAD, mended

MESSY = (
    "# head\r\n\tglobal   # g\n\n  nbproc\t1\t# one\n[scope]\n"
    "defaults 'd'   from  \"x\"\n\toption   forceclose # 'c\n  option forceclose\n"
    "listen a :80\n\tserver s  2001:db8::1:80   sni req.ssl_sni  # é \xa0\n\tredispatch\\ x\n"
)


def test_what_is_not_mended_stays_byte_by_byte() -> None:
    after = mended(MESSY)
    assert after == (
        "# head\r\n\tglobal   # g\n\n  # one\n[scope]\n"
        "defaults 'd'   from  \"x\"\n\t# 'c\n  option httpclose\n"
        "listen a\n    bind :80\n\tserver s  [2001:db8::1]:80  # é \xa0\n\tredispatch\\ x\n"
    )


def test_two_edits_of_a_line_and_two_rounds() -> None:
    text = f"{HEAD}frontend f\n    option forceclose\n    option forceclose\n"
    assert mended(text) == f"{HEAD}frontend f\n    option httpclose\n"


def test_a_last_line_without_end() -> None:
    assert mended(f"{HEAD}backend b\n    server s 2001:db8::1:80") == f"{HEAD}backend b\n    server s [2001:db8::1]:80"


PIECES = [
    *(line for rule in catalogue.RULES for line in rule.failing.splitlines()),
    "    option forceclose  # c",
    "    reqadd X:\\ y",
    "    block if TRUE",
    "  nbproc 1",
    "    use_backend app",
    "    http-request deny",
    "listen x :80",
]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=25), st.sampled_from([(2, 6), (2, 8), (3, 4)]))
def test_mending_twice_is_mending_once(lines: list[str], target: tuple[int, int]) -> None:
    before = parser.parse("".join(f"{line}\n" for line in lines), "x.cfg")
    (after,), done = fix.mend([before], target)
    (again,), rest = fix.mend([after], target)
    assert (again, rest) == (after, ())
    assert bool(done) == (after != before)
    assert not [each for each in run.lint([after], target) if each.fix]
    kept = [line.text for line in before.all_lines() if line.kind is document.Kind.COMMENT]
    assert [line.text for line in after.all_lines() if line.text in kept] == kept


def test_the_difference() -> None:
    before = parser.parse("a\nb", "x.cfg")
    after = parser.parse("a\nc", "x.cfg")
    assert difference.unified([before], [after]) == (
        "--- x.cfg\n+++ x.cfg (mended)\n@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+c\n\\ No newline at end of file\n"
    )
    assert difference.unified([before], [before]) == ""


def test_a_directive_goes_and_its_comment_stays() -> None:
    (line,) = parser.parse("    a b  # c\n", "x").all_lines()
    assert [(each.start, each.end, each.removes) for each in edits.removed(line)] == [(4, 9, False)]
    (line,) = parser.parse("    a b\n", "x").all_lines()
    assert [each.removes for each in edits.removed(line)] == [True]
