"""What clients notice while a site changes: requests that fail and connections that are cut, under new, busy and thinking clients,
WebSockets and slow downloads.

Ours by runtime commands and by reloads, held against zero. Beside them, under the same clients: ``nginx -s reload``, Caddy's administration
API, and a plain ``haproxy -sf``, whose counts are shown and held against nothing.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping

from bench import effect, harm, measure, values
from bench.contenders import changing
from bench.contenders.changing import caddies, hapilots, nginxes, plain

CHANGES_PER_ROUND = 8

BESIDE = (nginxes.RELOAD, caddies.LOAD, plain.RESTART)


def of(haproxy: values.Which) -> Iterator[values.Limit]:
    """The rows with one HAProxy."""
    noticed = "failed requests (new connections / busy / thinking clients) and cut connections (WebSockets + downloads)"
    runtime = functools.partial(reading, hapilots.COMMANDS, haproxy)
    yield values.Limit(f"runtime-changes-{haproxy}", f"{noticed} over runtime changes", 0, " harmed", runtime)
    reload = functools.partial(reading, hapilots.RELOAD, haproxy)
    yield values.Limit(f"reloads-{haproxy}", f"{noticed} over reloads", 0, " harmed", reload)


def reading(way: changing.Way, which: values.Which, effort: values.Effort) -> values.Reading:
    """Our way, and the others for comparison."""
    count = effort.rounds * CHANGES_PER_ROUND
    ours = harm.measured(way, which, count)
    others = {one.name: other(one, which, count) for one in BESIDE}
    shown = "; ".join(f"{name}: {found}" for name, found in others.items() if isinstance(found, harm.Harm))
    details: Mapping[str, object] = {
        "debounce_ms": effect.DEBOUNCE * 1e3,
        "hapilot": ours.as_json(),
        **{name: found.as_json() if isinstance(found, harm.Harm) else found for name, found in others.items()},
    }
    return values.Reading(ours.total, f"{ours} ({effect.DEBOUNCE * 1e3:.0f} debounce)", shown, measure.choose(which).version_text, details)


def other(way: changing.Way, which: values.Which, count: int) -> harm.Harm | str:
    """What was measured of a way that is not ours, or why nothing was."""
    try:
        return harm.measured(way, which, count)
    except values.NotMeasured as problem:
        return str(problem)


ROWS = (*of("embedded"), *of("system"))
