"""Mutated lines of the corpus, and noise: no byte is lost, nothing is raised, and every line stands where it says."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hapilot.languages.haproxy import document, parser, reading, words
from hapilot.languages.haproxy.program import Program
from hapilot.lint import fix, run
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


MUTATED = 100_000
"""Lines of the corpus that are changed and looked at."""
TOGETHER = 25
"""So many of them make a file, behind the head of a section."""
PATIENCE = 5.0
"""Seconds of CPU for such a file; it takes some milliseconds."""


def mutated_lines() -> Iterator[bytes]:
    """Lines of the corpus, each changed; they differ from all that the corpus has, and from run to run they are the same."""
    lines = [line for path in corpus.require() for line in path.read_bytes().splitlines(keepends=True)]
    known = frozenset(lines)
    for seed in itertools.count():
        line = mutate.changed(lines, seed, 1 + seed % 4)
        if line not in known:
            yield line


@pytest.mark.system
@pytest.mark.timeout(1200)
def test_a_hundred_thousand_mutated_lines_of_the_corpus() -> None:
    """Each alone, and many together all the way through lint and mending: nothing falls, nothing hangs, no byte is lost."""
    heads = [b"global\n", b"defaults d\n", b"frontend f from d\n", b"backend b\n", b"listen l\n", b"resolvers r\n", b""]
    lines, seen = mutated_lines(), 0
    for number in range(MUTATED // TOGETHER):
        some = list(itertools.islice(lines, TOGETHER))
        for line in some:
            assert document.data(parser.parse_bytes(line, "x.cfg")) == line
        seen += len(some)
        data = heads[number % len(heads)] + b"".join(line if line.endswith(b"\n") else line + b"\n" for line in some)
        began = time.process_time()
        check(data)
        before = parser.parse_bytes(data, "x.cfg")
        assert all(str(each) for each in run.lint([before], (2, 8)))
        (after,), done = fix.mend([before], (2, 8))
        assert bool(done) == (document.data(after) != data)
        assert time.process_time() - began < PATIENCE, data
    assert seen == MUTATED


NASTY = ["\\ ", '"$A"', "'", '"', "\\x4", '"${A', "${", "[", "#", "a ", "\xa0", "\0", "!(", "'' ", '"${A[*]}"', "\\xc3", "\r"]


@pytest.mark.parametrize("piece", NASTY, ids=ascii)
def test_long_lines_take_no_long_time(piece: str) -> None:
    """The test's own time limit is the assertion: anything quadratic takes minutes here."""
    text = piece * 100_000
    found = parser.parse(f".if {text}\n{text}\n", "x.cfg")
    assert document.text(found) == f".if {text}\n{text}\n"
    reading.read([found], Program(), {"A": "1 2"})
