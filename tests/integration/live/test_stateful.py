"""Everything that can happen to a site, in any order: after each step what runs is what should, and there is nothing left to do.

Edits, applies, rollbacks, drains, hapilot killed at any of its steps, HAProxy killed, and hands of others on HAProxy's own socket, drawn by
hypothesis, which also finds the shortest sequence that fails. HAPILOT_STATEFUL is how many sequences (default 12, and 20 longer ones with
HAPILOT_FULL=1).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from . import editing, journal, living, meddling, operating

pytestmark = [pytest.mark.haproxy, pytest.mark.system]

FULL = os.environ.get("HAPILOT_FULL") == "1"
EXAMPLES = int(os.environ.get("HAPILOT_STATEFUL", "20" if FULL else "12"))
LENGTH = 30 if FULL else 15

NUMBERS = some.integers(0, 199)
PLACES = some.integers(0, 60)
"""Of half steps after which somebody dies; where an apply takes fewer, nobody does."""


def edits(kinds: Iterable[str], most: int) -> some.SearchStrategy[list[editing.Edit]]:
    """Some edits, one after the other."""
    return some.lists(some.builds(editing.Edit, some.sampled_from(list(kinds)), NUMBERS), min_size=1, max_size=most)


# Reloads are for few of them; all else has to do without.
EDITS = edits([*editing.RUNTIME, *editing.RUNTIME, *editing.RELOADING], 4)
VERB = {"verb": some.sampled_from(["drain", "maint", "weight", "back"]), "service": NUMBERS, "server": NUMBERS}
THEN = {"then": some.sampled_from(["apply", "apply another", "resume", "rollback"]), "more": EDITS, "back": NUMBERS}
HANDS = some.lists(some.tuples(some.sampled_from(sorted(meddling.KINDS)), NUMBERS), min_size=1, max_size=4)


@dataclass(frozen=True, slots=True)
class Step:
    """What happens next: a method of `living.Life`, and what was drawn for it."""

    name: str
    drawn: Mapping[str, Any]


DRAWN: Mapping[str, tuple[int, Mapping[str, some.SearchStrategy[Any]]]] = {
    "apply": (3, {"asked": EDITS}),
    "apply_at_run_time": (4, {"asked": edits(editing.RUNTIME, 3)}),
    "apply_again": (1, {}),
    "roll_back": (2, {"back": NUMBERS}),
    "say": (2, VERB),
    "killed_while_it_obeys": (1, {**VERB, "place": PLACES}),
    "adopt": (1, {}),
    "killed_while_it_applies": (4, {"asked": EDITS, "place": PLACES, **THEN}),
    "killed_while_it_rolls_back": (2, {"former": NUMBERS, "place": PLACES, **THEN}),
    "both_killed": (1, {"asked": EDITS, "place": PLACES, **THEN}),
    "haproxy_killed": (1, {"victim": some.sampled_from(["all", "master", "worker"])}),
    "haproxy_killed_while_it_changes": (1, {"asked": EDITS, "place": PLACES}),
    "others_meddle": (
        4,
        {"hands": HANDS, "mended": some.sampled_from(["settle", "apply", "rollback", "restart"]), "asked": EDITS, "back": NUMBERS},
    ),
}
"""How often each comes, compared to others, and what is drawn for it."""
STEPS = some.sampled_from([name for name, (share, _) in DRAWN.items() for _ in range(share)]).flatmap(
    lambda name: some.builds(Step, some.just(name), some.fixed_dictionaries(dict(DRAWN[name][1])))
)


@contextlib.contextmanager
def folder(under: Path) -> Generator[Path]:
    """One for a single sequence."""
    made = Path(tempfile.mkdtemp(dir=under))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@pytest.mark.timeout(60 * EXAMPLES + 600)
@pytest.mark.parametrize("kind", ["embedded", "system"])
def test_whatever_happens_what_should_run_runs(
    kind: str, behind: operating.Behind, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    done = journal.Journal()

    class Machine(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            with ExitStack() as stack:
                lab = stack.enter_context(operating.opened(kind, stack.enter_context(folder(tmp_path))))
                self.life = living.Life(lab, behind, done)
                self.left = stack.pop_all()

        @rule(step=STEPS)
        def step(self, step: Step) -> None:
            getattr(self.life, step.name)(**step.drawn)

        def teardown(self) -> None:
            self.left.close()

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=LENGTH,
            deadline=None,
            database=None,
            derandomize=not FULL,
            print_blob=True,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
    record_property("table", done.table)
    assert {how for _, how in done.steps} >= {"start", "runtime", "reload", "nothing"}
