"""Lint over configurations of others: for each line that a real HAProxy refuses for a word, lint says so on the same line, and for no other
line; nothing that is mutated makes it fall, and mending is done once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from hapilot.languages.haproxy import document, parser
from hapilot.languages.haproxy.keywords import table
from hapilot.lint import fix, run
from roundtrip import corpus, oracle
from support import haproxy, mutate

WORDS = ("keyword-unknown", "keyword-removed", "keyword-too-new", "keyword-needs-build", "line-unreadable")
REFUSED = re.compile(
    r"unknown (?:keyword|option|fetch method|converter)|not supported anymore|no longer supported|please use the 'bind' keyword"
    r"|expects .*but got"
)
BY_LUA = re.compile(r"'lua\.|unknown service")
"""Lint runs no Lua, so it does not know what it would register."""
QUICK = 6
"""``make test`` asks HAProxy about every sixth file, ``make test-all`` about all."""


def check(path: Path, binary: haproxy.Binary, folder: Path) -> None:
    target = table.parse_version(binary.id.rpartition("-")[2])
    before = parser.parse_bytes(path.read_bytes(), str(path))
    found = run.lint([before], target, run.chosen(WORDS, []))
    lines = {each.line for each in found}
    said = [each for each in oracle.read(binary.path, [path]) if each.level == "ALERT"]
    wanted = {each.line for each in said if REFUSED.search(each.text) and not BY_LUA.search(each.text)}
    assert sorted(wanted - lines) == [], f"{path.name}: HAProxy {binary.id} refuses a word there"
    if haproxy.check(binary.path, path)[0] == 0:
        judged = {each.line for each in found if each.severity != "info"}
        assert sorted(judged) == [], f"{path.name}: HAProxy {binary.id} takes it"
        (after,), done = fix.mend([before], target)
        if done:
            (folder / path.name).write_bytes(document.data(after))
            code, told = haproxy.check(binary.path, folder / path.name)
            assert code == 0, f"{path.name}: HAProxy {binary.id} does not take it once it is mended: {told}"


@pytest.mark.haproxy
def test_words_that_haproxy_refuses(tmp_path: Path) -> None:
    for path in corpus.require()[::QUICK]:
        check(path, haproxy.binaries()[0], tmp_path)


@pytest.mark.haproxy
@pytest.mark.system
@pytest.mark.timeout(600)
@pytest.mark.parametrize("binary", haproxy.binaries(), ids=lambda binary: binary.id)
def test_words_that_haproxy_refuses_in_all_files(binary: haproxy.Binary, tmp_path: Path) -> None:
    for path in corpus.require():
        check(path, binary, tmp_path)


def test_every_file_is_linted_and_mended_once() -> None:
    for path in corpus.require():
        before = parser.parse_bytes(path.read_bytes(), path.name)
        found = run.lint([before], (2, 8))
        size = len(list(before.all_lines()))
        assert all(1 <= each.line <= size and 1 <= each.column < each.end for each in found)
        (after,), done = fix.mend([before], (2, 8))
        assert fix.mend([after], (2, 8))[1] == ()
        assert bool(done) == (document.data(before) != document.data(after))


@pytest.mark.timeout(1200)
def test_mutated_files(request: pytest.FixtureRequest) -> None:
    files = [path.read_bytes() for path in corpus.files()] or [b"frontend f\n    use_backend b if { req.ssl_sni a }\n"]

    @settings(max_examples=request.config.option.fuzz_examples, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
    @given(mutate.pieces([*files, *(line for data in files for line in data.splitlines(keepends=True))]))
    def one(data: bytes) -> None:
        before = parser.parse_bytes(data, "x.cfg")
        for finding in run.lint([before], (2, 8)):
            assert str(finding)
        (after,), _ = fix.mend([before], (2, 8))
        assert fix.mend([after], (2, 8))[1] == ()

    one()
