"""Environment variables in scalars: ``${NAME}``, ``${NAME:-default}`` and ``$${`` for a literal ``${``.

The text of one scalar and the environment go in; the text with its values comes out. It happens after YAML has been
parsed, so a value can't become a key, a list or a second line of the file. Called by ``yaml``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_REFERENCE = re.compile(r"\$\$\{|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<default>:-[^{}]*)?\}|(?P<broken>\$\{)")


@dataclass(frozen=True, slots=True)
class Filled:
    """A text after substitution. ``alone``: the text was one reference and nothing else."""

    text: str
    alone: bool = False
    unset: tuple[str, ...] = ()
    """Names that the environment lacks, without default."""
    broken: bool = False
    """A ``${`` that starts no reference."""


def fill(text: str, environment: Mapping[str, str]) -> Filled:
    """Replaces every reference. An empty variable counts as set, except before a default (as in the shell).

    >>> fill("a ${B} $${C} ${D:-e}", {"B": "b"}).text
    'a b ${C} e'
    """
    unset: list[str] = []
    broken = False

    def value(found: re.Match[str]) -> str:
        nonlocal broken
        name, default = found["name"], found["default"]
        if found["broken"]:
            broken = True
            return ""
        if name is None:
            return "${"
        if default is not None:
            return environment.get(name) or default.removeprefix(":-")
        if name not in environment:
            unset.append(name)
        return environment.get(name, "")

    filled = _REFERENCE.sub(value, text)
    whole = _REFERENCE.fullmatch(text)
    return Filled(filled, whole is not None and whole["name"] is not None, tuple(dict.fromkeys(unset)), broken)
