"""The words of a line, compared with what real HAProxies see: ``.notice`` makes them say it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from hapilot.languages.haproxy import lexer, parser, words
from hapilot.languages.haproxy.document import Fault, Line
from roundtrip import oracle
from support import haproxy

ENVIRONMENT = {"A": "one", "LIST": "x  y z", "EMPTY": "", "_b1": 'it\'s "quoted" #$\\'}
BAD_AT_ONCE = 40
"""HAProxy stops after 50 faults."""
ALPHABET = [
    *" \t#'\"\\$-{}[]()ab1nrtx.*%\v\f",
    '"',
    "'",
    "\\x41",
    "\\xe9",
    "\\xc3\\xa9",
    "\\#",
    "\\ ",
    "é",
    "$A",
    "${A}",
    '"${A}"',
    '"$A',
    "${EMPTY}",
    "${NONE-a b}",
    '"${LIST}"',
    '"${_b1}"',
    "\r",
]
SAID = {
    Fault.QUOTE: "unmatched quote",
    Fault.BRACE: "unmatched brace in environment variable name",
    Fault.VARIABLE: "forbidden first char in environment variable name",
    Fault.EXPANSION: "truncated or invalid word expansion sequence",
    Fault.HEX: "truncated or invalid hexadecimal sequence",
}


def spellings(seed: int, count: int, alphabet: Sequence[str] = ALPHABET) -> list[str]:
    dice = random.Random(seed)
    return ["".join(dice.choice(alphabet) for _ in range(dice.randint(1, 9))) for _ in range(count)]


def is_settled(line: str) -> bool:
    """Whether all variables have a value: some releases, 2.8.25 among them, skip the quote and the blanks behind one that has none."""
    variables = [part for word in words.scan(line).words for part in word.parts if isinstance(part, words.Variable)]
    return all(each.name in ENVIRONMENT or each.default is not None for each in variables)


def batches(lines: list[str]) -> list[list[str]]:
    """The lines in groups with few enough faults."""
    found: list[list[str]] = [[]]
    bad = 0
    for line in lines:
        bad += words.scan(line).problem is not None
        if bad > BAD_AT_ONCE:
            found.append([])
            bad = 0
        found[-1].append(line)
    return found


def foretold(line: Line) -> str | None:
    """What HAProxy shall say about a ``.notice`` line: the word, or the fault with its column in bytes."""
    if line.problem is not None:
        column = len(line.text[: line.problem.column - 1].encode()) + 1
        return f"{SAID[line.problem.fault]} at position {column}:"
    seen = words.expand(words.scan(line.text).words, ENVIRONMENT)
    if len(seen) > 2 and seen[2]:
        return f"Unexpected argument '{seen[2]}' for '.notice'."
    return f"'{seen[1] if len(seen) > 1 else ''}'."


@pytest.mark.haproxy
@pytest.mark.parametrize("binary", haproxy.binaries(), ids=lambda binary: binary.id)
def test_a_real_haproxy_sees_the_same_words(binary: haproxy.Binary, tmp_path: Path) -> None:
    lines = [line for spelling in ["\\", "a\\", *spellings(5, 1500)] if is_settled(line := f".notice {spelling}")]
    assert len(lines) > 1000
    for batch in batches(lines):
        text = "\n".join(batch) + "\n"
        (tmp_path / "x.cfg").write_bytes(text.encode())
        expected = {line.number: foretold(line) for line in parser.parse(text, "x.cfg").all_lines()}
        heard: dict[int, str] = {}
        for each in oracle.read(binary.path, [tmp_path / "x.cfg"], ENVIRONMENT):
            heard.setdefault(each.line, each.text)
        for number, told in expected.items():
            assert told is not None
            # HAProxy shows the line, or a hint, behind the first sentence.
            assert heard[number].startswith(told), f"{batch[number - 1]!r}"


@pytest.mark.haproxy
@pytest.mark.parametrize("binary", haproxy.binaries(), ids=lambda binary: binary.id)
@pytest.mark.parametrize(
    "spelling",
    ['"${LIST[*]}"', '"${A[*]}"', 'q"${LIST[*]}"r', '"${LIST[*]}${LIST[*]}"', '"${LIST[*]-d}"', '"a b${LIST[*]}"', '"${NONE[*]-d}"'],
)
def test_a_list_becomes_words(binary: haproxy.Binary, spelling: str, tmp_path: Path) -> None:
    """``.notice`` refuses its second argument by name, so that each of the first two words can be heard."""
    seen = lexer.split(spelling, ENVIRONMENT)
    for number, word in enumerate(seen[:2]):
        # HAProxy reads a line twice when its buffer grows, as at the first one, and trips over a default value the second time.
        (tmp_path / "x.cfg").write_text(f".notice first\n.notice {'p ' * (1 - number)}{spelling}\n")
        _, heard = (each.text for each in oracle.read(binary.path, [tmp_path / "x.cfg"], ENVIRONMENT))
        assert heard.startswith(f"Unexpected argument '{word}'")


def test_a_list_without_a_value_is_no_word() -> None:
    """As HAProxy 3.4 does; before, it was an empty word, which ends the arguments."""
    assert lexer.split('a "${NONE[*]}" b', {}) == ("a", "b")
    assert lexer.split('a "${NONE}" b', {}) == ("a", "", "b")


@pytest.mark.haproxy
@pytest.mark.parametrize("binary", haproxy.binaries(), ids=lambda binary: binary.id)
@pytest.mark.parametrize(
    ("text", "fault", "said"),
    [
        (".notice a", Fault.NO_LINE_END, "Missing LF on last line"),
        (".notice a\0b\n.notice c\n", Fault.NUL, "Stray NUL character at position 10"),
        ("[a b]\n", Fault.SCOPE, "not permitted in a scope name"),
        ("[]\n", Fault.SCOPE, "empty scope name"),
        ("[ok] x\n", Fault.SCOPE, "not permitted after scope declaration"),
        (".notice" + " x" * 64 + "\n", Fault.TOO_MANY_WORDS, "too many words"),
    ],
)
def test_a_real_haproxy_refuses_the_same(binary: haproxy.Binary, text: str, fault: Fault, said: str, tmp_path: Path) -> None:
    (tmp_path / "x.cfg").write_text(text)
    problems = [line.problem.fault for line in parser.parse(text, "x.cfg").all_lines() if line.problem]
    assert problems == [fault]
    assert said in "".join(each.text for each in oracle.read(binary.path, [tmp_path / "x.cfg"]))
