"""Marks of servers in the cookie of sticky sessions."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hapilot.compile.rules import sticky
from hapilot.model import service


@given(st.sets(st.text(min_size=1, max_size=20), max_size=40))
def test_every_server_has_a_mark_of_its_own(names: set[str]) -> None:
    marks = sticky.marks(names)
    assert set(marks) == names
    assert len(set(marks.values())) == len(names)
    assert all(len(mark) == sticky.LENGTH for mark in marks.values())


def test_marks_are_told_apart_where_they_would_be_the_same() -> None:
    """Of 2,000 names, some have the same first four digits."""
    names = [f"10.0.{number // 256}.{number % 256}:80" for number in range(2000)]
    assert len({sticky.marks([name])[name] for name in names}) < len(names)
    assert len(set(sticky.marks(names).values())) == len(names)


def test_marks_get_longer_where_there_are_no_more() -> None:
    """There are 65,536 marks of four digits; the time it takes grows with the number of servers, not with its square."""
    names = [str(number) for number in range(70_000)]
    marks = sticky.marks(names)
    assert len(set(marks.values())) == len(names)
    assert sum(len(mark) == sticky.LENGTH for mark in marks.values()) > 60_000


def test_a_mark_does_not_depend_on_the_order() -> None:
    names = ["b:80", "a:80", "c:80"]
    assert sticky.marks(names) == sticky.marks(sorted(names))
    assert sticky.marks(names)["a:80"] == sticky.marks(["a:80"])["a:80"]


def test_the_cookie_is_for_tls_only_where_clients_speak_tls() -> None:
    said = service.Sticky(cookie="S")
    lines = {mode: sticky.cookie(said, service.Service(tls=mode)).words for mode in ("edge", "reencrypt", "none")}
    assert ["secure" in words for words in lines.values()] == [True, True, False]
