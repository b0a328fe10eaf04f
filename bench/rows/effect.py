"""Time from a changed file to the change being effective, by kind of change and number of services.

A limit for each: milliseconds without the debounce. A change for which a client's request failed is not measured.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping

from bench import effect, kinds, values

SMALL, MIDDLE, LARGE = 10, 1_000, 10_000

_SOON = 60.0
_DEBOUNCE = effect.DEBOUNCE * 1e3

RUNTIME: Mapping[int, float] = {SMALL: _SOON, MIDDLE: _SOON, LARGE: 3 * (_SOON + _DEBOUNCE) - _DEBOUNCE}
"""Milliseconds that a change by runtime commands may take, by the number of services. At the largest, all of it, the debounce included,
may be three times as long."""
RELOAD: Mapping[int, float] = {SMALL: 150.0, MIDDLE: 300.0, LARGE: 2_000.0}
"""No bar of its own: a reload reads the whole configuration twice, once to check it. So that it does not grow unnoticed."""


def of(haproxy: values.Which, sizes: tuple[int, ...]) -> Iterator[values.Limit]:
    """The rows with one HAProxy."""
    for kind, change in kinds.CHANGES.items():
        for size in sizes:
            most = (RUNTIME if change.is_runtime else RELOAD)[size]
            title = f"{change.title}: file to effect at {size:,} services, without the debounce"
            yield values.Limit(f"change-{kind}-{size}-{haproxy}", title, most, " ms", functools.partial(reading, haproxy, kind, size))


def reading(which: values.Which, kind: kinds.Kind, size: int, effort: values.Effort) -> values.Reading:
    """A row's value. The largest site is also held against the middle one."""
    found = effect.measured(which, kind, size, effort.rounds)
    if found.failed:
        raise values.NotMeasured(f"{found.failed} of {sum(found.clients.requests.values())} requests failed during the changes")
    details = found.as_json()
    beside = f"show info: {found.beyond / found.round_trip:.0f}x"
    if size == LARGE:
        times = found.beyond / effect.measured(which, kind, MIDDLE, effort.rounds).beyond
        details |= {"against_middle": round(times, 2)}
        beside += f"; {MIDDLE:,} services: {times:.1f}x"
    shown = f"{found.beyond * 1e3:.0f}{'!' if found.disturbed else ''} + {_DEBOUNCE:.0f} ms, by {found.how}"
    return values.Reading(found.beyond * 1e3, shown, beside, found.haproxy_version, details)


ROWS = (*of("embedded", (SMALL, MIDDLE, LARGE)), *of("system", (MIDDLE,)))
