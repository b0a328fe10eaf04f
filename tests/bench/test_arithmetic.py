"""The harness's arithmetic: medians, ratios, verdicts, and which rounds count."""

from __future__ import annotations

from typing import Literal

import pytest

from bench import arithmetic, rows, values


def sample(requests: int, *, cpu: float = 1.0, foreign: float = 0.0, received: int = 0) -> values.Sample:
    return values.Sample(values.Burst(requests, 2.0, received, 0, 1.5), cpu, foreign)


def first_row() -> values.Row:
    return next(one for one in rows.ROWS if isinstance(one, values.Row))


def samples(ours: list[int], theirs: list[int]) -> values.Samples:
    busy = [tuple(sample(requests, cpu=2.0) for requests in each) for each in (ours, theirs)]
    return values.Samples(busy[0], busy[1], "2.8")


def row(target: float, judged: Literal["rate", "cpu"] = "rate") -> values.Row:
    first = first_row()
    return values.Row("row", "a row", first.ours, first.theirs, values.SMALL, target, judged=judged)


def test_ratio_is_of_medians_and_rounds_are_paired() -> None:
    made = arithmetic.compare(row(1.2), samples([100, 300, 240], [200, 100, 200]))
    assert made.ours.rate == 120
    assert made.theirs.rate == 100
    assert made.ratio == pytest.approx(1.2)
    assert (made.lowest, made.highest) == pytest.approx((0.5, 3.0))


@pytest.mark.parametrize(("target", "verdict"), [(1.2, "pass"), (1.21, "miss")])
def test_verdict(target: float, verdict: values.Verdict) -> None:
    assert arithmetic.compare(row(target), samples([240], [200])).verdict == verdict


def test_cpu_is_per_request_and_its_ratio_favours_who_needs_less() -> None:
    both = values.Samples((sample(100_000, cpu=1.0),), (sample(100_000, cpu=3.0),), "2.8")
    made = arithmetic.compare(row(1.0), both)
    assert made.ours.cpu_us == pytest.approx(10.0)
    assert made.cpu_ratio == pytest.approx(3.0)
    assert made.ours.busy == pytest.approx(0.5)


def test_theirs_waiting_for_the_load_flatters_us_and_proves_nothing() -> None:
    both = values.Samples((sample(300, cpu=2.0),), (sample(100, cpu=1.8),), "2.8")
    made = arithmetic.compare(row(1.2), both)
    assert (made.flattered, made.belittled) == (True, False)
    assert made.verdict == "unclear"
    assert arithmetic.compare(row(4.0), both).verdict == "miss"


def test_ours_waiting_for_the_load_only_belittles() -> None:
    both = values.Samples((sample(300, cpu=1.8),), (sample(100, cpu=2.0),), "2.8")
    made = arithmetic.compare(row(1.2), both)
    assert (made.flattered, made.belittled, made.verdict) == (False, True, "pass")


def test_a_row_about_cpu_time_compares_that_and_waits_for_no_load() -> None:
    both = values.Samples((sample(100, cpu=0.001),), (sample(300, cpu=0.009),), "2.8")
    made = arithmetic.compare(row(2.9, "cpu"), both)
    assert made.ratio == pytest.approx(3.0)
    assert (made.lowest, made.highest) == pytest.approx((3.0, 3.0))
    assert (made.flattered, made.belittled, made.verdict) == (False, False, "pass")


def test_a_tool_that_tells_no_delays_leaves_them_out() -> None:
    quick = values.Sample(values.Burst(10, 1.0, 0, 0, None), 1.0)
    assert arithmetic.side("h2", (quick,), "requests/s").p99_ms is None


@pytest.mark.parametrize(("value", "verdict"), [(0.0, "pass"), (2.5, "pass"), (2.51, "miss")])
def test_a_limit_may_be_reached_and_not_passed(value: float, verdict: values.Verdict) -> None:
    limit = values.Limit("limit", "a limit", 2.5, "x", lambda _: values.Reading(value, ""))
    assert arithmetic.bound(limit, limit.measure(values.Effort(1, 1))).verdict == verdict


def test_bulk_counts_bytes() -> None:
    assert arithmetic.rate(sample(10, received=4_000_000).burst, "MB/s") == pytest.approx(2.0)


def test_the_quietest_rounds_count_whatever_they_measured() -> None:
    loud, quiet, first = (sample(900, foreign=0.5),), (sample(1),), (sample(2, foreign=0.04),)
    rounds = [first, loud, quiet]
    assert arithmetic.quiet_rounds(rounds) == 2
    assert arithmetic.quietest(rounds, 2) == [first, quiet]


def test_one_disturbed_sample_disturbs_its_round() -> None:
    assert arithmetic.quiet_rounds([(sample(1), sample(1, foreign=0.2))]) == 0


def test_a_row_without_enough_quiet_rounds_says_so() -> None:
    both = values.Samples((sample(1, foreign=0.2),), (sample(1),), "2.8", 3)
    made = arithmetic.compare(row(1.0), both)
    assert made.disturbed
    assert made.verdict == "unclear"
    assert made.discarded == 3


def test_rows_have_names_of_their_own() -> None:
    names = [row.name for row in rows.ROWS]
    assert len(set(names)) == len(names)
