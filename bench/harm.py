"""What clients notice while a site is changed in one of several ways, under the same load, and how soon a change is effective.

In: a way of changing, a HAProxy and a number of changes. Out: a :class:`Harm`. Called by :mod:`bench.rows.changes`. Proxy and control plane
share a core, clients and servers another. What is noticed is counted while both cores are full; then some more changes are timed under a
light load, because on a full core every program waits for the proxy.
"""

from __future__ import annotations

import contextlib
import functools
import statistics
import time
from collections.abc import Iterable
from dataclasses import dataclass

from bench import clients, long, measure, probing, processes, values
from bench.contenders import changing

_PATIENCE = 30.0
_PAUSE_SECONDS = 0.05
"""From one change being seen to the next, at least."""
_PACE_SECONDS = 0.5
"""From one change to the next, at least: whoever is quick must not meet fewer clients for it."""


@dataclass(frozen=True, slots=True)
class Harm:
    """One way's changes: the requests that failed and the connections that were cut, and seconds to effect of each change: ``full`` under
    the load that was counted, ``light`` of some more under a light one, of which failures count too."""

    name: str
    how: str
    full: tuple[float, ...]
    light: tuple[float, ...]
    counted: clients.Counted
    counted_light: clients.Counted
    lasting: long.Tally

    @property
    def total(self) -> int:
        """Everything that clients noticed."""
        return sum(self.counted.failed.values()) + sum(self.counted_light.failed.values()) + self.lasting.cut

    def __str__(self) -> str:
        cut = f"{self.lasting.websockets_cut}+{self.lasting.downloads_cut}"
        return f"{self.counted}, {cut} cut, {_median_ms(self.light):.0f} ms ({_median_ms(self.full):.0f} ms on full cores)"

    def as_json(self) -> dict[str, object]:
        """For the results; milliseconds."""
        return {
            "changes": len(self.full) + len(self.light),
            "by": self.how or None,
            "effective_ms": _median_ms(self.light),
            "effective_on_full_cores_ms": _median_ms(self.full),
            "slowest_ms": round(max(*self.light, *self.full) * 1e3, 1),
            **self.counted.as_json(),
            "under_light_load": self.counted_light.as_json(),
            "websockets": {"open": long.WEBSOCKETS, "cut": self.lasting.websockets_cut, "exchanges": self.lasting.exchanges},
            "downloads": {"at_a_time": long.DOWNLOADS, "cut": self.lasting.downloads_cut, "whole": self.lasting.downloads},
        }


@functools.cache
def measured(way: changing.Way, which: values.Which, count: int) -> Harm:
    """Measure a way once for all rows that show it. NotMeasured where it does not work here."""
    with contextlib.ExitStack() as stack:
        shared = measure.share(stack, measure.choose(which))
        arena = changing.Arena(measure.stage_of(way.name, shared), which, stack.enter_context(long.server()))
        runs = way.begin(stack, arena)
        with processes.quoted(arena.stage.folder), long.clients(runs.port) as lasting:
            full, counted = clients.during(clients.HEAVY, runs.port, lambda: _changes(runs, range(1, count + 1)))
            few = range(count + 1, count + 2 + count // 4)
            light, counted_light = clients.during(clients.LIGHT, runs.port, lambda: _changes(runs, few))
            _require_lasting(way, lasting)
        return Harm(way.name, runs.how(), full, light, counted, counted_light, lasting)


def _changes(runs: changing.Changing, versions: Iterable[int]) -> tuple[float, ...]:
    return tuple(_change(runs, version) for version in versions)


def _change(runs: changing.Changing, version: int) -> float:
    began = time.time()
    runs.wish(version)
    seen = probing.until(lambda: probing.ask(runs.port, changing.CHANGED), lambda now: runs.shows(version, now), _PATIENCE)
    time.sleep(max(_PAUSE_SECONDS, began + _PACE_SECONDS - time.time()))
    return seen - began


def _require_lasting(way: changing.Way, lasting: long.Tally) -> None:
    """On a machine with much other work a download takes its time."""
    deadline = time.monotonic() + _PATIENCE
    while not lasting.exchanges or not lasting.downloads:
        if time.monotonic() > deadline:
            raise values.NotMeasured(f"{way.name}: no connection lasted, so nothing is proved")
        time.sleep(_PAUSE_SECONDS)


def _median_ms(seconds: tuple[float, ...]) -> float:
    return round(statistics.median(seconds) * 1e3, 1)
