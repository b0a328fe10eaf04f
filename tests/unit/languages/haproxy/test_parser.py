"""The parser: what a line is, where its words stand, which section it belongs to."""

from __future__ import annotations

import pytest

from hapilot.base.origin import Origin
from hapilot.languages.haproxy import document, parser, words
from hapilot.languages.haproxy.document import Fault, Kind, Line

TEXT = """\
# a file
\t
global
    maxconn 10 # enough

# about the front
# in two lines
frontend  web from base\t# here
\tbind\t:443   ssl crt 'my site.pem'
    .if defined(X)
    [scope]
    default_backend "${B-none}"
    .endif
defaults from base
backend b \\
"""


def parsed(text: str) -> list[Line]:
    return list(parser.parse(text, "x.cfg").all_lines())


def test_a_whole_file() -> None:
    found = parser.parse(TEXT, "x.cfg")
    assert document.text(found) == TEXT
    assert [line.text for line in found.start] == ["# a file", "\t"]
    assert [(section.kind, section.name, section.inherits, len(section.lines)) for section in found.sections] == [
        ("global", "", "", 2),
        ("frontend", "web", "base", 5),
        ("defaults", "", "base", 0),
        ("backend", "b", "", 0),
    ]
    assert [line.text for line in found.sections[1].above] == ["# about the front", "# in two lines"]
    kinds = [line.kind for line in found.sections[1].lines]
    assert kinds == [Kind.DIRECTIVE, Kind.MACRO, Kind.SCOPE, Kind.DIRECTIVE, Kind.MACRO]
    assert found.start[0].kind is Kind.COMMENT
    assert found.start[1].kind is Kind.BLANK


def test_places_of_lines_and_words() -> None:
    line = parsed(TEXT)[8]
    assert (line.number, line.indent, line.keyword, line.origin) == (9, "\t", "bind", Origin("x.cfg", 9, 2))
    scanned = words.scan(line.text)
    assert [(word.column, word.raw, word.value) for word in scanned.words] == [
        (2, "bind", "bind"),
        (7, ":443", ":443"),
        (14, "ssl", "ssl"),
        (18, "crt", "crt"),
        (22, "'my site.pem'", "my site.pem"),
    ]
    assert line.words == ("bind", ":443", "ssl", "crt", "my site.pem")
    assert line.at(scanned.words[4].column) == Origin("x.cfg", 9, 22)
    assert words.scan(parsed(TEXT)[3].text).comment == 16


def test_variables_are_kept_in_words() -> None:
    line = parsed(TEXT)[11]
    assert line.words == ("default_backend", "${B-none}")
    assert line.has_variables
    assert words.scan(line.text).words[1].parts == (words.Variable("${B-none}", "B", "none"),)
    literal = parsed("x '${B}'\n")[0]
    assert (literal.words, literal.has_variables) == (("x", "${B}"), False)


def test_a_backslash_at_the_end_continues_nothing() -> None:
    """A real HAProxy agrees: see test_parser_words_against_haproxy."""
    found = parsed("bind :80 \\\nssl\n")
    assert [line.words for line in found] == [("bind", ":80", "\\"), ("ssl",)]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", []),
        ("\n", [("", "\n")]),
        ("a", [("a", "")]),
        ("a\r\n", [("a", "\r\n")]),
        ("a\r", [("a\r", "")]),
        ("a\rb\n", [("a\rb", "\n")]),
        ("a \r\n\r\n", [("a ", "\r\n"), ("", "\r\n")]),
        ("a\u2028b\x85\x1c\n", [("a\u2028b\x85\x1c", "\n")]),
    ],
    ids=ascii,
)
def test_only_a_newline_ends_a_line(text: str, lines: list[tuple[str, str]]) -> None:
    assert [(line.text, line.end) for line in parsed(text)] == lines


@pytest.mark.parametrize(
    ("text", "fault", "column"),
    [
        ("a 'b\n", Fault.QUOTE, 3),
        ('a b"c\n', Fault.QUOTE, 4),
        ('a "${B"\n', Fault.BRACE, 5),
        ('a "${B[x]}"\n', Fault.EXPANSION, 7),
        ('a "$1"\n', Fault.VARIABLE, 5),
        ('a "$.NOPE"\n', Fault.VARIABLE, 5),
        ("a \\x4g\n", Fault.HEX, 3),
        ("a \0b\n", Fault.NUL, 3),
        ("a b", Fault.NO_LINE_END, 4),
        ("  [a b]\n", Fault.SCOPE, 3),
        ("w" + " w" * 64 + "\n", Fault.TOO_MANY_WORDS, 129),
    ],
)
def test_what_haproxy_can_not_read(text: str, fault: Fault, column: int) -> None:
    (line,) = parsed(text)
    assert line.problem == document.Problem(fault, column)
    assert line.kind is not Kind.BLANK


def test_sixty_four_words_are_fine() -> None:
    (line,) = parsed("w" + " w" * 63 + " \n")
    assert line.problem is None


def test_bytes_that_are_no_text_come_back() -> None:
    data = b"\xff\xfe a \xc3\xa9 # \x80\n"
    found = parser.parse_bytes(data, "x.cfg")
    assert document.data(found) == data
    (line,) = found.all_lines()
    assert line.words == ("\udcff\udcfe", "a", "é")


def test_a_section_starts_wherever_its_word_is_first() -> None:
    found = parser.parse("backend a\n'frontend' b\n  \"cache\" c\nframe d\n", "x.cfg")
    assert [(section.kind, section.name) for section in found.sections] == [("backend", "a"), ("frontend", "b"), ("cache", "c")]
