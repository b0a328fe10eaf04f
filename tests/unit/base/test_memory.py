"""What is made of the same inputs is the same object; what is made of others is made anew, and only that."""

from __future__ import annotations

import random

import pytest

from hapilot.base import memory


class Item:
    """Something with an identity. All are equal, which must not matter."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Item)

    def __hash__(self) -> int:
        return 0


class Maker:
    """Makes texts, and counts."""

    def __init__(self) -> None:
        self.made: list[str] = []

    def __call__(self, *items: Item) -> str:
        self.made.append("".join(item.text for item in items))
        return self.made[-1]


def items(text: str) -> list[Item]:
    return [Item(letter) for letter in text]


def test_the_same_items_give_the_same_results() -> None:
    known, make, some = memory.Memory(), Maker(), items("abc")
    first = known.each("letters", some, make)
    assert known.each("letters", list(some), make) is first
    assert first == ("a", "b", "c")
    assert make.made == ["a", "b", "c"]


def test_only_what_is_new_is_made() -> None:
    known, make, some = memory.Memory(), Maker(), items("abcd")
    known.each("letters", some, make)
    make.made.clear()
    assert known.each("letters", [some[0], Item("x"), *some[2:], Item("y")], make) == ("a", "x", "c", "d", "y")
    assert make.made == ["x", "y"]


def test_what_all_follow_from_makes_everything_anew() -> None:
    known, make, some, common = memory.Memory(), Maker(), items("ab"), Item("")
    known.each("letters", some, make, common)
    known.each("letters", some, make, common)
    known.each("letters", some, make, Item(""))
    assert make.made == ["a", "b", "a", "b"]


def test_what_nobody_asked_for_is_forgotten() -> None:
    known, make, some = memory.Memory(), Maker(), items("ab")
    for now in (some, some[:1], some):
        known.each("letters", now, make)
    assert make.made == ["a", "b", "b"]


def test_rows_follow_from_all_of_their_items() -> None:
    known, make, some, others = memory.Memory(), Maker(), items("abc"), items("xyz")
    known.rows("pairs", (some, others), make)
    make.made.clear()
    others[1] = Item("w")
    assert known.rows("pairs", (some, others), make) == ("ax", "bw", "cz")
    assert make.made == ["bw"]


@pytest.mark.parametrize("seed", range(200))
def test_any_change_of_the_order_gives_what_no_memory_gives(seed: int) -> None:
    chance, known, all_of_them = random.Random(seed), memory.Memory(), items("abcdefgh")
    now = list(all_of_them)
    for _ in range(12):
        cut, end = sorted(chance.choices(range(len(now) + 1), k=2))
        now[cut:end] = chance.choices(all_of_them, k=chance.randrange(4))
        others = [chance.choice(all_of_them) for _ in now] if chance.random() < 0.2 else list(now)
        expected = tuple(one.text + other.text for one, other in zip(now, others, strict=True))
        assert known.rows("pairs", (now, others), Maker()) == expected


def test_those_are_the_rows_for_which_something_holds() -> None:
    def is_a(one: Item) -> bool:
        return one.text == "a"

    assert memory.Memory().those("letters", (items("abca"),), is_a) == [0, 3]


def test_once_is_made_of_its_inputs() -> None:
    known, make, one = memory.Memory(), Maker(), Item("a")
    assert known.once("letter", (one,), lambda: make(one)) == "a"
    assert known.once("letter", (one,), lambda: make(one)) == "a"
    other = Item("b")
    assert known.once("letter", (other,), lambda: make(other)) == "b"
    assert make.made == ["a", "b"]


def test_equal_values_become_the_same_object() -> None:
    known = memory.Memory()
    first = known.same("names", ("a", "b"))
    assert known.same("names", tuple("ab")) is first
    assert known.same("names", ("a",)) == ("a",)


def test_equal_values_of_a_mapping_become_the_same_objects() -> None:
    known = memory.Memory()
    first = known.same_of("names", {"one": ("a",), "other": ("b",)})
    assert known.same_of("names", {"one": tuple("a"), "other": tuple("b")}) is first
    again = known.same_of("names", {"other": ("c",), "one": tuple("a")})
    assert (list(again), again["other"]) == (["other", "one"], ("c",))
    assert again["one"] is first["one"]


def test_an_error_leaves_what_was_known() -> None:
    known, make, some = memory.Memory(), Maker(), items("ab")
    first = known.each("letters", some, make)
    with pytest.raises(ZeroDivisionError):
        known.each("letters", [Item("c")], lambda _: 1 // 0)
    assert known.each("letters", some, make) is first
