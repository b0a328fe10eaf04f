"""Lines as printable text: their own where it can be, else the same words."""

from __future__ import annotations

import pytest

from hapilot.languages.haproxy import document, parser, words
from hapilot.sources.haproxy_cfg import verbatim


def line(text: str) -> document.Line:
    return parser.parse(f"{text}\n", "x.cfg").start[0]


def seen(one: document.Line) -> tuple[str, ...]:
    return words.expand(words.scan(one.text).words, {"X": "x", ".FILE": "file"})


@pytest.mark.parametrize("text", ["  a 'b  c' \"$D\"  # é", "a\\ b", "# only", 'a "unclosed'])
def test_printable_lines_are_as_they_were(text: str) -> None:
    assert verbatim.line(line(text)) == text
    assert verbatim.single(line(f"\t{text}")) == text.lstrip()


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("a\tb", "a b"),
        ("a\fb\v#\tc", "a b # c"),
        ("a 'b\tc'", 'a "b\\x09c"'),
        ('a "${X}\tb"', 'a "${X}\\x09b"'),
        ('a "$X\t$.FILE"', 'a "${X}\\x09${.FILE}"'),
        ("a 'b\"$\\\x01'", 'a "b\\"\\$\\\\\\x01"'),
        ("a \udcff\u00a0", 'a "\\xff\\xc2\\xa0"'),
        ("a # \udce9t\udce9", "a # été"),
        ("a # b\u00a0c\x01", "a # b c\\x01"),
        ("a\\ ", 'a "a "'[2:]),
        ("b a\\", 'b "a\\\\"'),
        ("a\rb c", "a # b c"),
    ],
)
def test_the_same_words_otherwise(text: str, made: str) -> None:
    before = line(text)
    assert verbatim.single(before) == made
    assert seen(line(made)) == seen(before)
    assert verbatim.line(before).replace("\t", "").isprintable()


def test_tabs_stay_in_texts_of_several_lines() -> None:
    assert verbatim.line(line("\ta\tb")) == "\ta\tb"


def test_what_haproxy_can_not_read_is_readable() -> None:
    assert verbatim.single(line("a 'b\x01\tc")) == "a 'b\\x01 c"


def test_comments_and_the_rest() -> None:
    assert verbatim.comment(line("a 'b # c'  # d ")) == "# d"
    assert verbatim.comment(line("a")) == ""
    assert verbatim.rest(line("a   'b c'\td # e"), 1) == "'b c' d"
    assert [verbatim.is_blank(line(text)) for text in (" \t", "''", "#")] == [True, False, False]
    assert [verbatim.is_text(line(text)) for text in ('"${A-\x01}"', '"${A-b}\x01"')] == [False, True]
