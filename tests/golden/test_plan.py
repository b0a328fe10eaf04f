"""Golden cases of planning: what runs and a site, the plan as text and JSON; and that carrying it out leaves nothing to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from golden import loadcase, plancase
from hapilot.plan import plan, shown
from support import memory

CASES = sorted((Path(__file__).parent / "cases" / "plan").glob("*.case"))


def test_the_cases_are_found() -> None:
    assert len(CASES) >= 18


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = path.read_text()
    monkeypatch.chdir(tmp_path)
    state, wanted, made = plancase.planned(loadcase.parse(text))
    came = plancase.given(text) + plancase.expected(made)
    if request.config.getoption("--update-golden"):
        path.write_text(came)
        return
    assert came == text
    assert "PRIVATE" not in came
    if state is None:
        return
    then = memory.fresh(wanted.files, state.version) if made.reload else memory.after(state, made.actions)
    left = plan.make_plan(then, wanted)
    # After a reload what verbs said is said again.
    assert not left.reload
    assert left.is_empty or made.reload
    assert plan.make_plan(memory.after(then, left.actions), wanted).is_empty


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_interrupted_after_any_step_and_planned_again(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    state, wanted, made = plancase.planned(loadcase.parse(path.read_text()))
    if state is None or made.reload:
        return
    for done in range(len(made.actions)):
        halfway = memory.after(state, made.actions[:done])
        again = plan.make_plan(halfway, wanted)
        assert not again.reload
        assert plan.make_plan(memory.after(halfway, again.actions), wanted).is_empty, shown.summary(again)
