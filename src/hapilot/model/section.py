"""The base of every part of the site file: frozen, strict about unknown keys."""

from __future__ import annotations

import pydantic


class Section(pydantic.BaseModel):
    """A mapping in the site file. Unknown keys are errors; values are not coerced from other types."""

    model_config = pydantic.ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        arbitrary_types_allowed=True,
        populate_by_name=True,
        # Validators are made when they are first used, once for the whole site file: a third of the time that making them for
        # each class by itself took, at every start.
        defer_build=True,
    )
