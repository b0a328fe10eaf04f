"""Short forms: a value may be written shorter than its canonical form. Used by the models of this package as an annotation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pydantic
from pydantic_core import core_schema


def one_or_many(value: Any) -> Any:
    """Short form: one value where a list is meant."""
    return value if isinstance(value, list) else [value]  # pyright: ignore[reportUnknownVariableType]


@dataclass(frozen=True, slots=True, eq=False)
class ShortForm:
    """A value may be written shorter than its canonical form: ``expand`` makes the one of the other, ``schema`` is what editors
    accept besides; None means a single item where a list is meant."""

    expand: Callable[[Any], Any]
    schema: Mapping[str, Any] | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: pydantic.GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_before_validator_function(self.expand, handler(source))

    def __get_pydantic_json_schema__(self, core: core_schema.CoreSchema, handler: pydantic.GetJsonSchemaHandler) -> dict[str, Any]:
        whole = dict(handler(core))
        short = dict(self.schema) if self.schema is not None else whole.get("items", {})
        return {"anyOf": [short, *whole.pop("anyOf", [whole])]}
