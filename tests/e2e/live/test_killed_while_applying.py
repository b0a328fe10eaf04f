"""hapilot is killed at a random moment of each of 50 changes under load, on each HAProxy: started again, it has HAProxy serve what is
wanted, and nobody outside notices.

HAPILOT_LIVE_KILLS is how many (default 8, 50 with HAPILOT_FULL=1), HAPILOT_LIVE_SEED which.
"""

from __future__ import annotations

import concurrent.futures
import os
import random
import re
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from e2e.live import behind, changes, checks, driving, loads, probing, wanted
from hapilot.base import errors
from hapilot.reconcile import protocol

KILLS = int(os.environ.get("HAPILOT_LIVE_KILLS", "50" if os.environ.get("HAPILOT_FULL") == "1" else "8"))
SEED = int(os.environ.get("HAPILOT_LIVE_SEED", "20"))
MEASURED = 3
"""Changes that are let through before, to know how long one takes, with a reload (the first) and without."""


def _write(driver: driving.Driver, change: changes.Change) -> None:
    if change.issue is not None:
        driver.issue(*change.issue)
    driver.write(change.site)


def _measure(driver: driving.Driver, change: changes.Change) -> float:
    """How long a change takes that nobody disturbs."""
    _write(driver, change)
    began = time.monotonic()
    driver.apply()
    return time.monotonic() - began


def _answer(asked: concurrent.futures.Future[protocol.Done]) -> str:
    """What came of an order whose recipient was killed."""
    problem = asked.exception(60)
    if problem is None:
        return "carried out before the kill"
    if isinstance(problem, errors.HapilotError):
        return "interrupted"
    raise problem


def _interrupt(driver: driving.Driver, change: changes.Change, seconds: float) -> str:
    """Order a change, and kill hapilot after ``seconds``."""
    _write(driver, change)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        asked = pool.submit(driver.apply)
        time.sleep(seconds)
        driver.kill()
        return _answer(asked)


def _converged(driver: driving.Driver, change: changes.Change) -> str:
    """Start hapilot again; how it found HAProxy. What is wanted is seen from outside, and there is nothing left to do."""
    driver.start()
    probing.wait_for(change.expected, driver.shown, time.monotonic())
    after = driver.apply()
    assert after.how == "nothing", f"{after.how} once more: {after.reasons or after.changes}\n{driver.said}"
    found = re.search(r"^HAProxy ([a-z, ]+): process", driver.said, re.MULTILINE)
    assert found is not None, driver.said
    return found[1]


@pytest.mark.system
@pytest.mark.timeout(900)
def test_converges(haproxy_path: Path, there: behind.Behind, tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    source, site = random.Random(SEED), wanted.at_start(there.ports)
    found: Counter[str] = Counter()
    problems: list[str] = []
    with driving.driven(haproxy_path, tmp_path / "up") as driver:
        driving.begin(driver, site)
        master = driver.haproxy()
        with loads.running(there, loads.LIGHT, tmp_path) as load:
            usual: dict[bool, float] = {}
            for number in range(MEASURED + KILLS):
                # Every fourth is a reload, which is the rarest and takes the most steps.
                change = changes.draw(changes.Draw(site, source, number, there.ports), () if number % 4 else changes.RELOADS)
                site = change.site
                if number < MEASURED:
                    usual[change.kind in changes.RELOADS] = _measure(driver, change)
                    continue
                seconds = source.uniform(0, usual[change.kind in changes.RELOADS])
                where = f"change {number}, {change.kind}, {change.object}, killed after {seconds * 1000:.0f} ms"
                try:
                    found[f"{_interrupt(driver, change, seconds)}; then {_converged(driver, change)}"] += 1
                    assert driver.haproxy() == master, "HAProxy is another process"
                except (AssertionError, errors.HapilotError) as problem:
                    problems.append(f"{where}: {problem}")
                if driver.is_dead:
                    driver.start()
            probing.wait_for(checks.of_site(site), driver.shown, time.monotonic())
        assert driver.end() == 0, driver.said
    problems += load.problems(KILLS * 2)
    record_property("table", "\n".join([f"{KILLS} kills", *(f"{count:4} {text}" for text, count in sorted(found.items())), *load.lines()]))
    assert not problems, "\n".join(problems)
    assert sum(count for text, count in found.items() if text.startswith("interrupted")) >= KILLS / 4
