"""The words of what is kept as written in a haproxy.cfg: names of HAProxy's sections, and lines of it.

Text goes in from the file, the same text comes out. The models use the annotated types.
"""

from __future__ import annotations

import re
from typing import Annotated

import pydantic

from hapilot.model import values

_SECTION_NAME = re.compile(r"[A-Za-z0-9_.:-]{1,256}")
"""What HAProxy takes as the name of a section (``invalid_char`` in its source)."""


def _check_section_name(value: str) -> str:
    if not _SECTION_NAME.fullmatch(value):
        raise values.refuse("bad-name", f"{value!r} is not a name for a section", "it has letters, digits and _.:- only")
    return value


def _check_lines(value: str) -> str:
    if not value.replace("\n", "").replace("\t", "").isprintable():
        hint = "only line ends and tabs are fine; put the sections into a file of their own"
        raise values.refuse("bad-value", "the text has control characters", hint)
    return value


SectionName = Annotated[str, pydantic.AfterValidator(_check_section_name)]
"""The name of a ``defaults`` section, or of a backend."""
Lines = Annotated[str, pydantic.AfterValidator(_check_lines)]
"""Lines of a configuration; there may be tabs in them."""
