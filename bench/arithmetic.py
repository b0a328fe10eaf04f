"""From samples to a comparison: medians of each side, their ratio, and how far single rounds were from it. Pure.

Called by :mod:`bench.__main__` with what :mod:`bench.measure` measured, and with what limits gave.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass

from bench import values

SATURATED = 0.95
"""Share of its core that a proxy must use for requests/s to speak of the proxy and not of the load's core."""

QUIET = 0.05
"""Share of a core that other programs may use during a burst; more, and the round says something about them."""


@dataclass(frozen=True, slots=True)
class Side:
    """One contender's rounds. ``rate`` is their median in the row's metric, ``cpu_us`` the CPU time per request, ``busy``
    the share of its core."""

    name: str
    rates: tuple[float, ...]
    rate: float
    cpu_us: float
    busy: float
    p99_ms: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """A measured row. ``ratio`` is ours to theirs, of medians in what the row is judged by; ``lowest`` and ``highest`` are of
    rounds that followed each other; ``cpu_ratio`` is how many times more CPU theirs needs for a request."""

    row: values.Row
    haproxy_version: str
    ours: Side
    theirs: Side
    ratio: float
    lowest: float
    highest: float
    cpu_ratio: float
    verdict: values.Verdict
    discarded: int
    foreign: float
    """The most that other programs used in a round that counts, as a share of a core."""

    @property
    def belittled(self) -> bool:
        """Whether ours waited for the load: the real ratio is larger. CPU time waits for nothing."""
        return self.row.judged == "rate" and self.ours.busy < SATURATED

    @property
    def flattered(self) -> bool:
        """Whether theirs waited for the load: the real ratio is smaller."""
        return self.row.judged == "rate" and self.theirs.busy < SATURATED

    @property
    def disturbed(self) -> bool:
        """Whether rounds count that were not quiet, because there were too few quiet ones."""
        return self.foreign > QUIET


@dataclass(frozen=True, slots=True)
class Bounded:
    """A limit and what was measured of it."""

    row: values.Limit
    reading: values.Reading
    verdict: values.Verdict


@dataclass(frozen=True, slots=True)
class Missing:
    """A row that could not be measured."""

    row: values.Row | values.Limit
    reason: str


Result = Comparison | Bounded | Missing


def bound(row: values.Limit, reading: values.Reading) -> Bounded:
    """The verdict about a limit."""
    return Bounded(row, reading, "pass" if reading.value <= row.target else "miss")


def compare(row: values.Row, samples: values.Samples) -> Comparison:
    """The comparison that ``samples`` (at least one round) make of ``row``."""
    ours = side(row.ours.name, samples.ours, row.load.metric)
    theirs = side(row.theirs.name, samples.theirs, row.load.metric)
    by_cpu = row.judged == "cpu"
    if by_cpu:
        paired = [cost(other) / cost(mine) for mine, other in zip(samples.ours, samples.theirs, strict=True)]
    else:
        paired = [mine / other for mine, other in zip(ours.rates, theirs.rates, strict=True)]
    ratio = theirs.cpu_us / ours.cpu_us if by_cpu else ours.rate / theirs.rate
    foreign = max(sample.foreign for sample in (*samples.ours, *samples.theirs))
    return Comparison(
        row=row,
        haproxy_version=samples.haproxy_version,
        ours=ours,
        theirs=theirs,
        ratio=ratio,
        lowest=min(paired),
        highest=max(paired),
        cpu_ratio=theirs.cpu_us / ours.cpu_us,
        verdict=verdict(ratio, row.target, proven=(by_cpu or theirs.busy >= SATURATED) and foreign <= QUIET),
        discarded=samples.discarded,
        foreign=foreign,
    )


def verdict(ratio: float, target: float, *, proven: bool) -> values.Verdict:
    """``unclear`` where the target is reached under conditions that prove nothing."""
    if ratio < target:
        return "miss"
    return "pass" if proven else "unclear"


def side(name: str, samples: tuple[values.Sample, ...], metric: values.Metric) -> Side:
    """The medians of one contender."""
    rates = tuple(rate(sample.burst, metric) for sample in samples)
    delays = [sample.burst.p99 for sample in samples if sample.burst.p99 is not None]
    return Side(
        name=name,
        rates=rates,
        rate=statistics.median(rates),
        cpu_us=statistics.median(map(cost, samples)),
        busy=statistics.median(sample.cpu / sample.burst.seconds for sample in samples),
        p99_ms=statistics.median(delays) if delays else None,
    )


def cost(sample: values.Sample) -> float:
    """CPU microseconds of the proxy for a request."""
    return sample.cpu * 1e6 / sample.burst.requests


def rate(burst: values.Burst, metric: values.Metric) -> float:
    """Requests per second, or megabytes (10^6 bytes) per second."""
    amount = burst.requests if metric == "requests/s" else burst.received / 1e6
    return amount / burst.seconds


Round = tuple[values.Sample, ...]
"""A sample of each contender, one after the other."""


def disturbance(one: Round) -> float:
    """How much other programs did in a round's worst burst."""
    return max(sample.foreign for sample in one)


def quiet_rounds(rounds: list[Round]) -> int:
    """How many rounds were quiet."""
    return sum(disturbance(one) <= QUIET for one in rounds)


def quietest(rounds: list[Round], wanted: int) -> list[Round]:
    """The ``wanted`` rounds in which other programs did least, in their order. Chosen by what disturbed them and never by
    what they measured."""
    ranked = sorted(range(len(rounds)), key=lambda index: disturbance(rounds[index]))
    return [rounds[index] for index in sorted(ranked[:wanted])]
