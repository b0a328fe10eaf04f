"""What the current generation asks for, and what `rollback` means."""

from __future__ import annotations

import pytest

from hapilot.reconcile import standing
from hapilot.runtime import record, retention

HELD = record.Held(("/site.yaml",), "mark")


def kept(
    number: int,
    files: str = "",
    *,
    trial: record.Trial | None = None,
    progress: record.Progress | None = None,
    restores: int = 0,
) -> retention.Kept:
    """A generation made at 1000 that serves since 1010; ``files`` stands for what is in it."""
    held = HELD if restores else None
    about = record.Description(1000.0, "", "", restores=restores, held=held, trial=trial)
    return retention.Kept(number, files or f"files of {number}", about, record.Progress(1010.0) if progress is None else progress)


def decide(current: retention.Kept, now: float = 1020.0, *, serving: int | None = None, changed: bool = False) -> standing.Verdict:
    where = standing.Standing(current, current.number if serving is None else serving)
    return standing.decide(where, now, changed=changed)


TRIAL = record.Trial(60.0, 4)
STOPPED = "its change was interrupted"
LATE = "it was not confirmed within 60 s"


def test_before_the_first_the_files_are_followed() -> None:
    assert standing.decide(standing.Standing(None, 0), 0.0, changed=False) == standing.Follow()


@pytest.mark.parametrize(
    ("current", "verdict"),
    [
        (kept(5), standing.Follow()),
        (kept(5, restores=3), standing.Stay(5, 3)),
        (kept(5, restores=3, progress=record.Progress(1010.0, released=1015.0)), standing.Follow()),
        (kept(5, trial=TRIAL), standing.Wait(5, 4, 50.0)),
        (kept(5, trial=TRIAL, progress=record.Progress(1010.0, confirmed=1015.0)), standing.Follow()),
        (kept(5, trial=TRIAL, progress=record.Progress()), standing.Wait(5, 4, 40.0)),
        (kept(5, progress=record.Progress(1010.0, trial=record.Trial(60.0, 4, 1015.0))), standing.Wait(5, 4, 55.0)),
        (kept(5, progress=record.Progress(1010.0, 1019.0, trial=record.Trial(60.0, 4, 1015.0))), standing.Follow()),
    ],
)
def test_what_a_generation_asks_for(current: retention.Kept, verdict: standing.Verdict) -> None:
    assert decide(current) == verdict


def test_changed_files_end_a_rollback_and_no_trial() -> None:
    assert decide(kept(5, restores=3), changed=True) == standing.Follow()
    assert decide(kept(5, trial=TRIAL), changed=True) == standing.Wait(5, 4, 50.0)


@pytest.mark.parametrize(
    ("now", "verdict"),
    [
        (1069.9, standing.Wait),
        (1070.0, standing.GoBack(5, 4, LATE)),
        (99999.0, standing.GoBack(5, 4, LATE)),
        (0.0, standing.Wait(5, 4, 60.0)),  # a clock that was put back
    ],
)
def test_the_time_of_a_trial(now: float, verdict: standing.Verdict | type[standing.Wait]) -> None:
    found = decide(kept(5, trial=TRIAL), now)
    assert type(found) is verdict if isinstance(verdict, type) else found == verdict


def test_an_interrupted_change_is_undone_if_it_was_a_trial_and_finished_if_it_was_a_rollback() -> None:
    assert decide(kept(5, trial=TRIAL, progress=record.Progress()), serving=4) == standing.GoBack(5, 4, STOPPED)
    assert decide(kept(5, restores=3, progress=record.Progress()), serving=4) == standing.Stay(5, 3)
    assert decide(kept(5, progress=record.Progress()), serving=4) == standing.Follow()


A, B, C, D = "abcd"


@pytest.mark.parametrize(
    ("known", "before"),
    [
        ([kept(1, A)], 0),
        ([kept(1, A), kept(2, B)], 1),
        ([kept(1, A), kept(2, B), kept(3, C)], 2),
        ([kept(1, A), kept(2, B, progress=record.Progress()), kept(3, C)], 1),
        ([kept(1, A), kept(2, B), kept(3, B)], 1),
        ([kept(1, A), kept(2, B), kept(3, C), kept(4, B, restores=2)], 1),
        ([kept(1, A), kept(2, B), kept(3, B, restores=2)], 1),
        ([kept(1, A), kept(2, B), kept(3, A, restores=1)], 0),
        ([kept(1, A), kept(2, B), kept(3, A, restores=1), kept(4, D)], 3),
        ([kept(1, A), kept(2, B), kept(3, C, trial=record.Trial(60.0, 1))], 1),
    ],
)
def test_the_generation_before(known: list[retention.Kept], before: int) -> None:
    assert standing.one_before(known, known[-1]) == before


def test_what_was_brought_back_is_known_by_its_first_number() -> None:
    known = [kept(1, A), kept(2, B), kept(3, A, restores=1)]
    assert [standing.original(known, number) for number in (1, 2, 3, 9)] == [1, 2, 1, 9]
    assert standing.original(known[1:], 3) == 3


def test_what_is_shown_of_it() -> None:
    assert standing.Standing(kept(5, restores=3), 5).restores == 3
    assert standing.Standing(kept(5, restores=3, progress=record.Progress(1.0, released=2.0)), 5).restores == 0
    assert standing.Standing(kept(5, trial=TRIAL), 5).trial_ends == 1070.0
    assert standing.Standing(kept(5), 5).trial_ends == 0.0
    assert standing.Standing(None, 0).restores == 0
