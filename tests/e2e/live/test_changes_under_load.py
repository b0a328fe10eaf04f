"""500 changes of a site under load, on each HAProxy: nobody outside notices anything but the changes.

HAPILOT_LIVE_CHANGES is how many (default 60, 500 with HAPILOT_FULL=1), HAPILOT_LIVE_SEED which.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from e2e.live import behind, bookkeeping, changes, checks, driving, loads, probing, wanted
from hapilot.base import errors

CHANGES = int(os.environ.get("HAPILOT_LIVE_CHANGES", "500" if os.environ.get("HAPILOT_FULL") == "1" else "60"))
PAUSES = (0.0, 0.05, 0.25)
"""Seconds between two changes: some come at once, and each state is met by new connections."""
SEED = int(os.environ.get("HAPILOT_LIVE_SEED", "20"))


def _make(driver: driving.Driver, change: changes.Change) -> bookkeeping.Record:
    """Apply a change and see it. Raises AssertionError where it is not seen, HapilotError where it is refused."""
    if change.issue is not None:
        driver.issue(*change.issue)
    began = time.monotonic()
    driver.write(change.site)
    done = driver.apply()
    answered = time.monotonic() - began
    assert done.how in ("runtime", "reload"), f"answered as {done.how}"
    seconds = probing.wait_for(change.expected, driver.shown, began)
    return bookkeeping.Record(change.kind, change.object, done.how, done.reasons, seconds, answered)


@pytest.mark.system
@pytest.mark.timeout(900)
def test_nobody_notices(haproxy_path: Path, there: behind.Behind, tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    """No request fails, nothing that is long is cut, each change is seen from outside, and reloads are for what needs them."""
    source, site = random.Random(SEED), wanted.at_start(there.ports)
    records: list[bookkeeping.Record] = []
    problems: list[str] = []
    with driving.driven(haproxy_path, tmp_path / "up", "--on-change", "ask") as driver:
        driving.begin(driver, site)
        with loads.running(there, loads.FULL, tmp_path) as load:
            time.sleep(1)
            for number in range(CHANGES):
                change = changes.draw(changes.Draw(site, source, number, there.ports))
                site = change.site
                time.sleep(source.choice(PAUSES))
                try:
                    records.append(_make(driver, change))
                except (AssertionError, errors.HapilotError) as problem:
                    problems.append(f"change {number}, {change.kind}, {change.object}, {time.strftime('%H:%M:%S')}: {problem}")
            probing.wait_for(checks.of_site(site), driver.shown, time.monotonic())
            assert driver.apply().how == "nothing"
        assert driver.end() == 0, driver.said
    problems += load.problems(sum(record.how == "reload" for record in records)) + bookkeeping.needless(records)
    title = f"{len(records)} changes under load, HAProxy at {haproxy_path}, seed {SEED}"
    record_property("table", "\n".join([title, *bookkeeping.table(records), *load.lines()]))
    assert not problems, "\n".join(problems)


def test_every_kind_comes() -> None:
    """The changes that are drawn are of all kinds, each often enough, and leave the loaded services what they need."""
    given = wanted.Ports(80, 443, (90, 91), *((base + 1, base + 2, base + 3) for base in (100, 200, 300, 400, 500, 600, 700)), ssh=22)
    source, site = random.Random(SEED), wanted.at_start(given)
    counted: Counter[str] = Counter()
    for number in range(500):
        change = changes.draw(changes.Draw(site, source, number, given))
        site = change.site
        counted[change.kind] += 1
        assert all(service.serving for service in site.services.values())
        assert set(wanted.LOADED) <= set(site.services)
    assert set(counted) == set(changes.KINDS)
    assert min(counted.values()) >= 5
