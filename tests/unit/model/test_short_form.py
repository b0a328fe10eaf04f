"""Short forms: what is expanded before a value is judged, and what editors are told of them."""

from __future__ import annotations

from typing import Annotated, Any

import pydantic
import pytest

from hapilot.model import section, short_form


def _number(value: Any) -> Any:
    return int(value) if isinstance(value, str) and value.isdigit() else value


class Example(section.Section):
    """A model with both kinds."""

    several: Annotated[list[int], short_form.ShortForm(short_form.one_or_many)] = []  # noqa: RUF012 - pydantic copies defaults
    number: Annotated[int, short_form.ShortForm(_number, {"type": "string", "pattern": "^[0-9]+$"})] = 0


@pytest.mark.parametrize(("value", "several"), [(1, [1]), ([1, 2], [1, 2]), ([], [])])
def test_one_value_is_a_list_of_one(value: object, several: list[int]) -> None:
    assert Example.model_validate({"several": value}).several == several


def test_what_can_not_be_expanded_is_judged_as_it_is() -> None:
    with pytest.raises(pydantic.ValidationError) as caught:
        Example.model_validate({"number": "many"})
    assert [(error["type"], error["input"]) for error in caught.value.errors()] == [("int_type", "many")]
    assert Example.model_validate({"number": "7"}) == Example(number=7)


def test_none_is_no_list() -> None:
    """A key without a value is a mistake, not an empty list."""
    with pytest.raises(pydantic.ValidationError):
        Example.model_validate({"several": None})


def test_editors_accept_both_forms() -> None:
    schema = Example.model_json_schema()["properties"]
    assert schema["several"]["anyOf"] == [{"type": "integer"}, {"items": {"type": "integer"}, "type": "array"}]
    assert schema["number"]["anyOf"] == [{"type": "string", "pattern": "^[0-9]+$"}, {"type": "integer"}]
