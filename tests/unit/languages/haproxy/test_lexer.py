"""The lexer of single lines."""

from __future__ import annotations

import pytest

from hapilot.languages.haproxy import lexer

CASES: list[tuple[str, list[str]]] = [
    ("  bind  :443\tssl # comment", ["bind", ":443", "ssl"]),
    (r"a\ b \# c", ["a b", "#", "c"]),
    (r"'a\'b", [r"a\b"]),
    (r"""'a "b" \n' "c 'd' \n" """, [r'a "b" \n', "c 'd' \n"]),
    (r'"\$A $A ${A} ${B-two words}" $A ${A}', ["$A one one two words", "$A", "${A}"]),
    (r'"" x""y', ["", "xy"]),
    (r"\x41\t\q", ["A\t\\q"]),
    ("", []),
    ("# only a comment", []),
]


@pytest.mark.parametrize(("text", "words"), CASES)
def test_words(text: str, words: list[str]) -> None:
    assert list(lexer.split(text, {"A": "one"})) == words


@pytest.mark.parametrize("text", ["a 'b", 'a "b', "'"])
def test_an_open_quote_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="not closed"):
        lexer.split(text, {})
