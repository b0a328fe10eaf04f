"""What the generators print, and what of it counts as a failure."""

from __future__ import annotations

import pytest

from e2e.live import bookkeeping, hammering, loads, streams

PERFECT = (240, 240, 240, 240, 240)


def _h2load(total: int, started: int, done: int, succeeded: int, good: int) -> str:
    return (
        f"Application protocol: h2\nrequests: {total} total, {started} started, {done} done, {succeeded} succeeded, "
        f"{total - succeeded} failed, {total - succeeded} errored, 0 timeout\nstatus codes: {good} 2xx, 0 3xx, 0 4xx, 0 5xx\n"
    )


@pytest.mark.parametrize(
    ("numbers", "cut", "failures"),
    [
        (PERFECT, 0, 0),
        ((240, 240, 240, 239, 239), 0, 1),
        ((240, 240, 239, 239, 239), 0, 1),
        ((240, 240, 240, 240, 239), 0, 1),
        ((240, 60, 60, 60, 60), 1, 0),
        ((240, 60, 60, 52, 52), 1, 0),
        ((240, 60, 60, 51, 51), 1, 1),
        ((240, 60, 59, 59, 59), 1, 1),
    ],
)
def test_bursts_of_h2load(numbers: tuple[int, int, int, int, int], cut: int, failures: int) -> None:
    """One that a reload ended may miss what waited to be sent; what was sent must have been answered in any."""
    counted = hammering.Counted()
    hammering.count_h2load(_h2load(*numbers), counted)
    assert (counted.requests, counted.cut, len(counted.failed)) == (numbers[1], cut, failures)


def test_a_burst_without_http2_is_a_failure() -> None:
    counted = hammering.Counted()
    hammering.count_h2load(_h2load(*PERFECT).replace("h2\n", "http/1.1\n"), counted)
    assert len(counted.failed) == 1


def test_what_wrk_says() -> None:
    counted = hammering.Counted()
    hammering.count_wrk("Running 1440m test\nCOUNTED 12 0 3 0 1 0\n", counted)
    assert (counted.requests, counted.failed) == (12, ["3 read errors", "1 status errors"])
    hammering.count_wrk("unable to connect", counted)
    assert len(counted.failed) == 3


def test_problems_of_a_load() -> None:
    """What has failed, what was never there, and bursts that no reload can have ended."""
    load = loads.Loads(
        {"wrk": hammering.Counted(5), "idle": hammering.Counted(), "h2load": hammering.Counted(9, cut=2)},
        {"downloads": streams.Tally(2, 1, 5, ["number 1: cut"]), "ssh sessions": streams.Tally(1)},
    )
    assert load.problems(2) == ["idle: no requests", "downloads, number 1: cut", "ssh sessions: 0 of 1 ended well"]
    assert len(load.problems(1)) == 4


def test_needless_reloads() -> None:
    """By kind and reason; a kind that may need one is no matter."""
    reload, runtime = ("reload", ("why",), 0.2, 0.1), ("runtime", (), 0.2, 0.1)
    records = [
        bookkeeping.Record("host added", "a", *reload),
        bookkeeping.Record("host added", "b", *reload),
        bookkeeping.Record("host added", "c", *runtime),
        bookkeeping.Record("header changed", "d", *reload),
    ]
    assert bookkeeping.needless(records) == ["host added: a reload (why), 2 times"]
    assert [line.split()[:4] for line in bookkeeping.table(records)][1:] == [
        ["host", "added", "3", "2"],
        ["header", "changed", "1", "1"],
        ["all", "4", "3", "200"],
        ["1", "x", "header", "changed:"],
        ["2", "x", "host", "added:"],
    ]
