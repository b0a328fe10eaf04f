"""Mutated lines of the corpus, and noise: no byte is lost, nothing is raised, and every line stands where it says."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hapilot.languages.haproxy import document, parser, reading, words
from hapilot.languages.haproxy.program import Program
from roundtrip import corpus
from support import mutate

MADE = b"""\
global
    setenv A "b c" # d
    .if defined(A) && !streq("$A",x)
    .notice "${A[*]}"
    .endif
defaults base
\ttimeout client 5s
frontend 'a b' from base \\
    http-request set-header X "\\x41 ${NONE-q} $A" if { path -m beg '/#' }
"""
PROBED = 20


def whole_and_parts() -> list[bytes]:
    """Sources of mutations: whole files and single lines."""
    files = [path.read_bytes() for path in corpus.files()]
    lines = [line for data in files for line in data.splitlines(keepends=True)]
    return [MADE, *random.Random(7).sample(files, min(20, len(files))), *lines]


def check(data: bytes) -> None:
    """One text, all the way to its meaning."""
    found = parser.parse_bytes(data, "x.cfg")
    assert document.data(found) == data
    lines = list(found.all_lines())
    assert [line.number for line in lines] == list(range(1, len(lines) + 1))
    assert "".join(line.text + line.end for line in lines).split("\n") == data.decode("utf-8", "surrogateescape").split("\n")
    for line in lines[:PROBED]:
        scanned = words.scan(line.text)
        for word in scanned.words:
            assert line.text[word.column - 1 :].startswith(word.raw)
        if line.kind is not document.Kind.SCOPE:
            assert tuple(word.value for word in scanned.words) == line.words
    reading.as_tree(reading.read([found], Program(), {"A": "1 2", "X": "'"}))


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("data", [mutate.pieces(whole_and_parts()), st.binary(max_size=200)], ids=["mutated", "noise"])
def test_no_byte_is_lost(data: st.SearchStrategy[bytes], request: pytest.FixtureRequest) -> None:
    @settings(max_examples=request.config.option.fuzz_examples, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
    @given(data)
    def one(changed: bytes) -> None:
        check(changed)

    one()


NASTY = ["\\ ", '"$A"', "'", '"', "\\x4", '"${A', "${", "[", "#", "a ", "\xa0", "\0", "!(", "'' ", '"${A[*]}"', "\\xc3", "\r"]


@pytest.mark.parametrize("piece", NASTY, ids=ascii)
def test_long_lines_take_no_long_time(piece: str) -> None:
    """The test's own time limit is the assertion: anything quadratic takes minutes here."""
    text = piece * 100_000
    found = parser.parse(f".if {text}\n{text}\n", "x.cfg")
    assert document.text(found) == f".if {text}\n{text}\n"
    reading.read([found], Program(), {"A": "1 2"})
