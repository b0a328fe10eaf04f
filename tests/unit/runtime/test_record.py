"""What is remembered of a generation goes to JSON and back, whatever hapilot has written it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hapilot.runtime import record

FULL = record.Description(
    1000.5, "a change", "/srv/site.yaml", "rollback", 3, record.Held(("/srv/site.yaml",), "mark"), record.Trial(60.0, 2, 7.0)
)


def there_and_back(fields: dict[str, object]) -> Any:
    return json.loads(json.dumps(fields))


@pytest.mark.parametrize("one", [FULL, record.Description(1.0, "", "")])
def test_a_description(one: record.Description) -> None:
    assert record.description(there_and_back(one.as_json())) == one


@pytest.mark.parametrize("one", [record.Progress(), record.Progress(1.0, 2.0, 3.0, record.Trial(60.0, 2, 7.0))])
def test_progress(one: record.Progress) -> None:
    assert record.progress(there_and_back(one.as_json())) == one


def test_an_earlier_hapilot_knew_less() -> None:
    assert record.description({"time": 5, "summary": "3 routes", "origin": "a", "digest": "x"}) == record.Description(5.0, "3 routes", "a")
    assert record.progress({}) == record.Progress()


def test_a_later_hapilot_may_know_more_causes() -> None:
    assert record.description(there_and_back({**FULL.as_json(), "cause": "the moon"})).cause == ""


@pytest.mark.parametrize(
    "wrong",
    [
        {"time": "5"},
        {"time": True},
        {"time": float("nan")},
        {"restores": "3"},
        {"held": []},
        {"held": {"paths": "a", "mark": "b"}},
        {"held": {"paths": []}},
        {"trial": {"seconds": None, "former": 1}},
        {"trial": {"seconds": 1.0}},
    ],
)
def test_what_is_none_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises((KeyError, ValueError)):
        record.description(there_and_back({**FULL.as_json(), **wrong}))
