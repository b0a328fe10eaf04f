"""Random configurations, made from the keyword table and written in every way the language has: all come back, and mean what was meant."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from hapilot.languages.haproxy import document, parser, printer, reading, tree
from hapilot.languages.haproxy.keywords import table
from hapilot.languages.haproxy.keywords.table import Scope
from hapilot.languages.haproxy.program import Program

NAMES = st.text("abcXYZ019-_.:", min_size=1, max_size=8)
TEXTS = st.text(st.characters(exclude_characters="\n\r\0", exclude_categories=["Cs"]), max_size=12) | st.text(
    " \t#'\"\\$%(){}[]aé", max_size=8
)
BLANKS = st.text(" \t\v\f", min_size=1, max_size=3)
COMMENTS = st.text(st.characters(exclude_characters="\n\r\0", exclude_categories=["Cs"]), max_size=20)
ENDS = st.sampled_from(["\n", "\n", "\r\n"])
PLAIN = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:/,=+%(){}[]$é")

Written = tuple[str, str]
"""A word as it is meant and as it is written."""


@dataclass
class Made:
    """A configuration: its text and the sections that it is meant to have."""

    text: str
    meant: list[tuple[str, str, list[tuple[str, ...]]]]


def keywords(kind: str) -> list[str]:
    """The directives that a section of this kind can have."""
    if kind == "global":
        return [each.name for each in table.every(Scope.GLOBAL) if not each.name.endswith("env")]
    if kind in document.PROXIES:
        return [each.name for each in table.every(Scope.PROXIES) if kind in each.sections]
    return [each.name.partition(" ")[2] for each in table.every(Scope.OTHERS) if each.name.startswith(f"{kind} ")]


KINDS = ["global", "defaults", "frontend", "backend", "listen", "resolvers", "peers", "userlist", "ring", "cache"]
KEYWORDS = {kind: [name for name in keywords(kind) if name.split()[0] not in parser.SECTIONS] for kind in KINDS}


@st.composite
def spelled(draw: st.DrawFn, meant: str) -> str:
    """One way to write a word: each character bare, escaped or between quotes of either kind."""
    if not meant:
        return draw(st.sampled_from(['""', "''"]))
    written = ""
    while meant:
        size = draw(st.integers(1, len(meant)))
        part, meant = meant[:size], meant[size:]
        forms = [draw(escaped(part, quote=""))]
        if "'" not in part:
            forms.append(f"'{part}'")
        forms.append(f'"{draw(escaped(part, quote=chr(34)))}"')
        written += draw(st.sampled_from(forms))
    return written


@st.composite
def escaped(draw: st.DrawFn, part: str, quote: str) -> str:
    written = ""
    for character in part:
        forms = [rf"\x{character.encode().hex()}"] if character.isascii() else []
        if character in PLAIN and not (quote and character == "$"):
            forms.append(character)
        elif character in " \\#'\"" or (quote and character == "$"):
            forms.append("\\" + character)
        elif character == "\t":
            forms.append("\\t")
        elif not forms or (quote and character not in '\\"$'):
            forms.append(character)
        written += draw(st.sampled_from(forms))
    return written


@st.composite
def lines(draw: st.DrawFn, words: tuple[str, ...]) -> str:
    written = draw(st.sampled_from(["", "    ", "\t"]))
    written += draw(BLANKS).join([draw(spelled(word)) for word in words])
    tail = draw(st.sampled_from(["", "", " ", "\t \t"]))
    if draw(st.integers(0, 4)) == 0:
        # Right behind a word, a # starts a comment as well.
        tail += f"#{draw(COMMENTS)}"
    return written + tail + draw(ENDS)


@st.composite
def between(draw: st.DrawFn) -> str:
    """What stands between directives and means nothing."""
    empty = draw(
        st.sampled_from(
            ["", "", "", "\n", " \t\r\n", ".if 1\n.endif # x\n", ".if 0\n server gone 1.2.3.4\n frontend gone\n.endif\n", "[scope]\n"]
        )
    )
    return empty + (f"#{draw(COMMENTS)}{draw(ENDS)}" if draw(st.booleans()) else "")


@st.composite
def configurations(draw: st.DrawFn) -> Made:
    made = Made(draw(between()), [])
    for number in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(KINDS))
        name = "" if kind == "global" else f"{draw(NAMES)}{number}"
        made.text += draw(lines((kind, name) if name else (kind,)))
        meant: list[tuple[str, ...]] = []
        for keyword in draw(st.lists(st.sampled_from(KEYWORDS[kind]), max_size=5)):
            words = (*keyword.split(), *draw(st.lists(TEXTS, max_size=4)))
            made.text += draw(between()) + draw(lines(words))
            meant.append(words)
        made.text += draw(between())
        made.meant.append((kind, name, meant))
    return made


def meaning(config: tree.Config) -> list[tuple[str, str, list[tuple[tree.Word, ...]]]]:
    return [(section.kind, section.name, [line.words for line in section.lines]) for section in config.sections]


@settings(deadline=None)
@given(configurations())
def test_random_configurations_come_back_and_mean_what_they_should(made: Made) -> None:
    found = parser.parse(made.text, "x.cfg")
    assert document.text(found) == made.text
    assert [line for line in found.all_lines() if line.problem] == []
    config = reading.as_tree(reading.read([found], Program(), {}))
    assert meaning(config) == made.meant
    printed = printer.print_config(config)
    again = parser.parse(printed, "y.cfg")
    assert document.text(again) == printed
    assert meaning(reading.as_tree(reading.read([again], Program(), {}))) == made.meant


@given(st.text())
def test_any_text_comes_back(text: str) -> None:
    assert document.text(parser.parse(text, "x.cfg")) == text


@given(st.binary())
def test_any_bytes_come_back(data: bytes) -> None:
    assert document.data(parser.parse_bytes(data, "x.cfg")) == data
