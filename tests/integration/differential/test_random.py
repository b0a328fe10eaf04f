"""Random connections to random sites: what ``explain`` says is what a real HAProxy does."""

from __future__ import annotations

import math
import os
import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from integration.differential import coverage, experiment, lab, random_connections, random_sites, shrinking
from integration.differential.conftest import COMPARED, COVERED
from integration.differential.pool import Pool
from support import haproxy

pytestmark = [pytest.mark.haproxy, pytest.mark.differential]

FULL = os.environ.get("HAPILOT_FULL") == "1"
SITES = math.ceil(int(os.environ.get("HAPILOT_DIFFERENTIAL_SITES", "192" if FULL else "10")) / len(haproxy.binaries()))
"""For each HAProxy; in a full run more than 5,000 connections altogether, and as many more as are needed to feel every key."""
EACH = 30
"""Connections to each site."""
_SEED = os.environ.get("HAPILOT_DIFFERENTIAL_SEED", "20261120")
SEED = secrets.randbits(32) if _SEED == "random" else int(_SEED)
REPORTED = 3
"""Disagreements that are shrunk and reported; the rest is counted."""


@dataclass
class _Tally:
    refused: list[str] = field(default_factory=list[str])
    compared: int = 0
    found: list[experiment.Disagreement] = field(default_factory=list[experiment.Disagreement])
    coverage: coverage.Coverage = field(default_factory=coverage.Coverage)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("binary", haproxy.binaries(), ids=lambda binary: binary.id)
def test_explain_agrees_with_haproxy(binary: haproxy.Binary, stands: Pool, record_property: Callable[[str, object], None]) -> None:
    tally = _Tally()
    for number in range(SITES * 2):
        if number >= SITES and not (FULL and tally.coverage.missing()):
            break
        dice = random.Random(f"{SEED} {binary.id} {number}")
        site = random_sites.site(dice)
        wanted = [random_connections.connection(dice, site) for _ in range(EACH)]
        compared: list[experiment.Compared] = []
        try:
            tally.found += experiment.run(site, wanted, binary, stands, compared.append)
        except lab.Refused as reason:
            tally.refused.append(f"{reason}\n{lab.text(site)}")
        else:
            tally.compared += len(compared)
            tally.coverage.add(site, compared)
    record_property(COMPARED, tally.compared)
    record_property(COVERED, f"{binary.id}: {tally.coverage.report()}")
    if tally.found:
        pytest.fail(_report(tally, stands), pytrace=False)
    # A generator gone wrong must not pass for agreement.
    assert len(tally.refused) <= SITES / 10, "\n".join(tally.refused[:3])
    assert tally.compared >= SITES * EACH * 0.9
    if FULL and (missing := tally.coverage.missing()):
        # Of a key that no connection feels nothing is proven.
        pytest.fail(f"never felt: {', '.join(missing)}; HAPILOT_DIFFERENTIAL_SEED={SEED}", pytrace=False)


def _report(tally: _Tally, stands: Pool) -> str:
    parts = [f"{len(tally.found)} disagreements in {tally.compared} connections; HAPILOT_DIFFERENTIAL_SEED={SEED}"]
    for each in tally.found[:REPORTED]:
        smallest = shrinking.shrink(each, stands)
        parts.append(smallest.report() if smallest else f"not seen again:\n{each.report()}")
    return "\n".join(parts)
