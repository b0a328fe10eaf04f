from __future__ import annotations

import pytest

from hapilot.sources.file import variables


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("a", "a"), ("${A}", "1"), ("x${A}y${A}", "x1y1"), ("${B:-2}", "2"), ("${A:-2}", "1"), ("${E:-2}", "2"), ("${E}", ""),
        ("${B:-}", ""), ("$${A}", "${A}"), ("$$${A}", "$${A}"), ("$A", "$A"), ("$", "$"), ("${B:-a:-b}", "a:-b"), ("{A}", "{A}"),
    ],
)  # fmt: skip
def test_references(text: str, filled: str) -> None:
    found = variables.fill(text, {"A": "1", "E": ""})
    assert (found.text, found.unset, found.broken) == (filled, (), False)


def test_a_value_is_not_read_again() -> None:
    assert variables.fill("${A}", {"A": "${B}", "B": "x"}).text == "${B}"


def test_alone() -> None:
    assert variables.fill("${A}", {"A": "1"}).alone
    assert not variables.fill("${A} ", {"A": "1"}).alone
    assert not variables.fill("$${A}", {"A": "1"}).alone


def test_unset_names_each_once() -> None:
    assert variables.fill("${A}${B}${A}", {}).unset == ("A", "B")


@pytest.mark.parametrize("text", ["${", "${}", "${1}", "${a b}", "${A:-{}", "${A-b}"])
def test_broken(text: str) -> None:
    assert variables.fill(text, {"A": "1"}).broken
