"""Printed configurations, read again: no word is lost with a comment, and servers are told from all else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hapilot.base.origin import Origin
from hapilot.languages.haproxy import printer, tree, words
from hapilot.plan import sections

BARE = [
    ("    mode http  # (site.yaml:3)", "mode http"),
    ("    errorfile 'a  # b'", "errorfile 'a  # b'"),
    ("    errorfile 'a  # b'  # (site.yaml:3)", "errorfile 'a  # b'"),
    ("    a \\  # (site.yaml:3)", "a \\ "),
    ("    a \\\\  # (site.yaml:3)", "a \\\\"),
    ('    a "#"#b', 'a "#"'),
    ("    a\\#b  # c", "a\\#b"),
    ("    a '", "    a '"),
    ("    # only 'this", ""),
    ("    ", ""),
    ("\t a\tb \t", "a\tb"),
    ("    a\u00a0  # c", "a\u00a0"),
]


@pytest.mark.parametrize(("line", "bare"), BARE)
def test_a_line_without_its_comment(line: str, bare: str) -> None:
    assert sections.bare(line) == bare


texts = st.text(st.sampled_from(list("ab #'\"\\$ \t\u00a0{}%;")), max_size=8)


@given(st.lists(texts, min_size=1, max_size=5), texts, st.booleans())
def test_stripping_a_printed_line_keeps_every_word(said: list[str], comment: str, placed: bool) -> None:
    line = tree.Line(("word", *said), comment, Origin("a b # '.yaml", 3) if placed else None)
    printed = printer.print_line(line)
    assert [word.value for word in words.scan(sections.bare(f"    {printed}")).words] == ["word", *said]


@given(texts, texts)
def test_stripping_a_raw_line_keeps_every_word(said: str, comment: str) -> None:
    """Whatever stands in it: also comments of its author's, escapes, and quotes that do not end."""
    printed = printer.print_line(tree.opaque(f"word {said}", comment=comment, origin=Origin("site.yaml", 3)))
    before, after = words.scan(printed), words.scan(sections.bare(f"    {printed}"))
    assert [word.raw for word in after.words] == [word.raw for word in before.words]
    assert [word.value for word in after.words] == [word.value for word in before.words]
    assert (after.problem is None) == (before.problem is None)


@given(texts, texts)
def test_different_words_are_different_lines(one: str, other: str) -> None:
    read = [sections.bare(printer.print_line(tree.line("word", said))) for said in (one, other)]
    assert (read[0] == read[1]) == (one == other)


def read(text: str) -> sections.Section:
    """The one backend of a file."""
    return sections.read(f"backend shop\n{text}\n".encode())["backend shop"]


SERVERS = [
    ("10.0.0.1:80", 1, 0, False, True),
    ("10.0.0.1:80 weight 5 maxconn 7 disabled", 5, 7, True, True),
    ("[2001:db8::1]:80 check weight 0", 0, 0, False, True),
    ("shop.test:80 resolvers dns weight 2", 2, 0, False, False),
    ("unix@/run/x.sock", 1, 0, False, False),
    ("10.0.0.1", 1, 0, False, False),
    ("10.0.0.1:0", 1, 0, False, False),
    ("10.0.0.1:80 cookie weight weight 3", 3, 0, False, True),
    ("10.0.0.1:80 sni disabled", 1, 0, False, True),
    ("10.0.0.1:80 sni 'str(a b)' weight 3", 3, 0, False, True),
]


@pytest.mark.parametrize(("said", "weight", "limit", "disabled", "is_plain"), SERVERS)
def test_a_server(said: str, weight: int, limit: int, disabled: bool, is_plain: bool) -> None:
    section = read(f"    server a {said}")
    one = section.servers["a"]
    assert (one.weight, one.limit, one.disabled, one.is_plain) == (weight, limit, disabled, is_plain)
    assert (section.lines, section.is_open) == ((), False)


SAME = ["10.0.0.1:80", "10.0.0.2:81", "10.0.0.1:80 weight 7", "10.0.0.1:80 maxconn 3 disabled"]
OTHERS = ["10.0.0.1:80 check", "10.0.0.1:80 cookie weight", "10.0.0.1:80 backup", "a.test:80", "b.test:80", "10.0.0.1:80 sni disabled"]


def test_the_mark_stands_for_what_can_not_be_set_while_it_runs() -> None:
    marks = [read(f"    server a {said}").servers["a"].mark for said in (*SAME, *OTHERS)]
    assert len(set(marks[: len(SAME)])) == 1
    assert len(set(marks)) == 1 + len(OTHERS)


STRANGE = [
    "server a 10.0.0.1:80 weight",
    "server a 10.0.0.1:80 weight heavy",
    "server a",
    'server a "${ADDRESS}:80"',
    '"server" a 10.0.0.1:80',
    "server\ta 10.0.0.1:80",
    "server-template a 1-3 10.0.0.1:80",
]


@pytest.mark.parametrize("line", STRANGE)
def test_lines_that_make_servers_in_ways_that_are_not_ours(line: str) -> None:
    section = read(f"    {line}\n    server b 10.0.0.2:80")
    assert section.is_open
    assert set(section.servers) == {"b"}
    assert len(section.lines) == 1


def test_a_second_server_of_a_name_is_not_lost() -> None:
    section = read("    server a 10.0.0.1:80\n    server a 10.0.0.2:80")
    assert (section.servers["a"].address, section.lines, section.is_open) == ("10.0.0.1:80", ("server a 10.0.0.2:80",), True)


@given(st.binary(max_size=60))
def test_any_bytes_are_read(content: bytes) -> None:
    sections.read(b"backend shop\n    " + content)


def test_sections_of_one_head_are_one() -> None:
    found = sections.read(b"# first\nglobal\n    a\n\nglobal\n    b\n    server x 10.0.0.1:80\n\n\n# end\n")
    assert set(found) == {"global"}
    assert (found["global"].lines, set(found["global"].servers)) == (("a", "b"), {"x"})


def test_the_last_line_of_a_word_counts() -> None:
    section = read("    balance source\n    balance 'leastconn' x\n    balanced no")
    assert (section.last("balance"), section.last("retries")) == (("leastconn", "x"), ())


@pytest.mark.parametrize(
    ("said", "normal"), [("10.0.0.1:80", "10.0.0.1:80"), ("[2001:DB8:0:0::1]:80", "[2001:db8::1]:80"), ("a.test:80", "a.test:80")]
)
def test_addresses_in_one_form(said: str, normal: str) -> None:
    assert sections.normal(said) == normal
