"""Which generations are forgotten: the oldest, and never one that is needed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as some

from hapilot.runtime import record, retention


def kept(number: int, *, served: float = 1.0, confirmed: float = 0.0, restores: int = 0, trial: int = 0) -> retention.Kept:
    about = record.Description(0.0, "", "", restores=restores, trial=record.Trial(60.0, trial) if trial else None)
    return retention.Kept(number, f"digest {number}", about, record.Progress(served, confirmed))


def left(known: list[retention.Kept], keep: int, *used: int) -> list[int]:
    return [one.number for one in known if one.number not in retention.superfluous(known, keep, used)]


def test_the_newest_stay() -> None:
    assert left([kept(number) for number in range(1, 9)], 3, 8) == [6, 7, 8]


def test_what_serves_stays() -> None:
    assert left([kept(number) for number in range(1, 9)], 3, 8, 2) == [2, 6, 7, 8]


def test_what_was_never_served_pushes_nothing_out() -> None:
    known = [kept(1), kept(2), *(kept(number, served=0.0) for number in range(3, 20))]
    assert left(known, 2, 2) == [1, 2, 18, 19]


def test_what_was_brought_back_stays_with_what_it_was_brought_back_from() -> None:
    known = [kept(1), *(kept(number) for number in range(2, 8)), kept(8, restores=1)]
    assert left(known, 2, 8) == [1, 7, 8]


def test_what_a_trial_goes_back_to_stays_and_all_that_is_behind_it() -> None:
    known = [kept(1), kept(2, restores=1), kept(3), kept(4), kept(5, trial=2)]
    assert left(known, 1, 5) == [1, 2, 5]
    confirmed = [*known[:-1], kept(5, trial=2, confirmed=9.0)]
    assert left(confirmed, 1, 5) == [5]


def test_what_was_confirmed_last_stays() -> None:
    known = [kept(1, confirmed=5.0), kept(2, confirmed=9.0), *(kept(number) for number in range(3, 8))]
    assert left(known, 2, 7) == [2, 6, 7]


@given(
    some.lists(some.tuples(some.booleans(), some.booleans(), some.integers(0, 12), some.integers(0, 12)), max_size=12),
    some.integers(1, 5),
    some.integers(1, 12),
)
def test_always(drawn: list[tuple[bool, bool, int, int]], keep: int, used: int) -> None:
    known = [
        kept(number, served=float(served), confirmed=number * float(confirmed), restores=restores, trial=trial)
        for number, (served, confirmed, restores, trial) in enumerate(drawn, 1)
    ]
    stay = left(known, keep, used)
    for one in known:
        if one.number == used:
            assert used in stay
            assert one.description.restores in (*stay, 0) or one.description.restores > len(known)
    newest = [one.number for one in known if one.progress.served][-keep:]
    assert set(newest) <= set(stay)
    assert left([one for one in known if one.number in stay], keep, used) == stay
