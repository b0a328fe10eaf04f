"""The core schema of YAML 1.2 (section 10.3): which value a plain scalar means.

Text goes in, a Python value comes out. ``on``, ``yes``, ``12:30`` and ``2026-01-01`` are texts, unlike in YAML 1.1.
The site file's reader asks it for every plain scalar; the printer of :mod:`hapilot.model.expand` quotes by it.
"""

from __future__ import annotations

import re

Scalar = str | int | float | bool | None

INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
WORDS: dict[str, Scalar] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True,
    "false": False, "False": False, "FALSE": False,
}  # fmt: skip
STARTS = "-+.0123456789"
"""The characters a number starts with."""

_LONGEST_INTEGER = 40
"""Longer runs of digits stay text: no key takes such a number, and converting them takes quadratic time."""
_BASES = {"0o": 8, "0x": 16}


def resolve(text: str) -> Scalar:
    """The value of a plain scalar.

    >>> resolve("0o17"), resolve("on"), resolve("1e3"), resolve("12:30"), resolve("~")
    (15, 'on', 1000.0, '12:30', None)
    """
    if text in WORDS:
        return WORDS[text]
    if text[0] not in STARTS or len(text) > _LONGEST_INTEGER:
        return text
    if INTEGER.fullmatch(text):
        return int(text[2:], _BASES[text[:2]]) if text[:2] in _BASES else int(text)
    if FLOAT.fullmatch(text):
        return float(text.replace(".", "") if text[-1].isalpha() else text)  # .inf and .nan; Python has no dot there
    return text
