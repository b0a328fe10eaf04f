"""The JSON Schema's descriptions are the docstrings below the fields."""

from __future__ import annotations

from hapilot.model import descriptions, section, spec


class Inner(section.Section):
    """A part."""

    plain: int = 0
    """What it is, over
    two lines."""
    bare: int = 0


class Outer(section.Section):
    """The whole."""

    inner: Inner = Inner()
    """The part."""


def test_texts_below_fields_become_descriptions() -> None:
    found = descriptions.describe(Outer.model_json_schema(), Outer)
    assert found["properties"]["inner"]["description"] == "The part."
    assert found["description"] == "The whole."
    inner = found["$defs"]["Inner"]
    assert inner["properties"]["plain"]["description"] == "What it is, over\ntwo lines."
    assert "description" not in inner["properties"]["bare"]


def test_what_pydantic_makes_is_not_changed() -> None:
    plain = Outer.model_json_schema()
    descriptions.describe(plain, Outer)
    assert "description" not in plain["properties"]["inner"]


def test_aliases_and_models_of_the_site_file_are_found() -> None:
    schema = spec.json_schema()
    assert schema["properties"]["services"]["description"] == "What clients reach."
    assert "global" in schema["$defs"]["Raw"]["properties"]
