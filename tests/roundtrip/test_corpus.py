"""Every configuration of the corpus comes back byte by byte, and means the same after its tree was printed."""

from __future__ import annotations

from pathlib import Path

import pytest

from hapilot.languages.haproxy import document, parser, printer, reading, tree
from hapilot.languages.haproxy.program import Program
from roundtrip import corpus

PROGRAM = Program("3.4.0", features=frozenset({"THREAD", "OPENSSL", "LUA"}))


@pytest.mark.parametrize("path", corpus.files() or [corpus.FOLDER], ids=lambda path: path.name)
def test_every_byte_comes_back(path: Path) -> None:
    corpus.require()
    data = path.read_bytes()
    found = parser.parse_bytes(data, str(path))
    assert document.data(found) == data
    assert [line.number for line in found.all_lines()] == list(range(1, len(data.splitlines()) + 1))
    assert parser.parse(document.text(found), str(path)) == found
    assert found.sections, "a configuration has sections"
    assert [line for line in found.all_lines() if line.problem] == []


def test_line_ends_blanks_and_cuts_come_back() -> None:
    """The corpus has neither CRLF nor a file without a last line end, so they are made from it."""
    for path in corpus.require():
        data = path.read_bytes()
        for changed in (
            data.replace(b"\n", b"\r\n"),
            data.rstrip(b"\n"),
            data.replace(b"\n", b" \t\n"),
            b"\xef\xbb\xbf" + data,
            data[::-1],
        ):
            assert document.data(parser.parse_bytes(changed, "changed.cfg")) == changed


def test_a_carriage_return_changes_no_word() -> None:
    for path in corpus.require():
        data = path.read_bytes()
        plain, crlf = (parser.parse_bytes(each, "x.cfg") for each in (data, data.replace(b"\n", b"\r\n")))
        assert [line.words for line in plain.all_lines()] == [line.words for line in crlf.all_lines()]


def without_origins(config: tree.Config) -> list[tuple[str, str, str, list[tuple[tree.Word, ...]]]]:
    return [(each.kind, each.name, each.inherits, [line.words for line in each.lines]) for each in config.sections]


def has_line_ends(config: tree.Config) -> bool:
    """Words with line ends (written ``\\n``) can't be printed by ``quoting``, which refuses them on purpose."""
    return any(set("\n\r") & set(str(word)) for section in config.sections for line in section.lines for word in line.words)


def test_the_tree_of_the_printed_tree_is_the_same() -> None:
    compared = 0
    for path in corpus.require():
        before = reading.as_tree(reading.read([parser.parse_bytes(path.read_bytes(), path.name)], PROGRAM, {}))
        if has_line_ends(before):
            continue
        compared += 1
        again = reading.as_tree(reading.read([parser.parse(printer.print_config(before), "printed.cfg")], PROGRAM, {}))
        assert without_origins(again) == without_origins(before)
    assert compared > len(corpus.require()) * 0.8
