"""Lists and mappings in which something stands where they stand at all. Used by ``service`` as an annotation.

An empty list that a template or a script has written is not what a key that is left out is: ``allow: []`` may be meant for nobody, and
without the key everybody is let in. So it is refused, and the hint says what leaving the key out means.
"""

from __future__ import annotations

from collections.abc import Sized
from dataclasses import dataclass
from typing import Any, TypeVar

import pydantic
from pydantic_core import core_schema

from hapilot.model import values

_Whole = TypeVar("_Whole", bound=Sized)


@dataclass(frozen=True, slots=True, eq=False)
class Filled:
    """The annotation. ``otherwise`` is what it means to leave the key out."""

    otherwise: str

    def _check(self, value: _Whole) -> _Whole:
        if not value:
            raise values.refuse("bad-value", "there is nothing in it", f"leave the key out for {self.otherwise}")
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: pydantic.GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, core: core_schema.CoreSchema, handler: pydantic.GetJsonSchemaHandler) -> dict[str, Any]:
        whole = dict(handler(core))
        return {**whole, "minItems" if whole.get("type") == "array" else "minProperties": 1}
