"""Words inside of directives that came to HAProxy one by one: filters, what ``compression`` takes, ``log … profile``.

Comes in: a directive. Goes out: the index of a word, and the first version that has it (None for one that no version knows). Called by
``words_known``. From the tables of filters and the parsers in HAProxy's source (flt_*.c, log.c).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from hapilot.languages.haproxy.keywords.table import OLDEST, Version
from hapilot.lint.context import Directive


class Inside(NamedTuple):
    """A word that matters: its index, what it is, and since when HAProxy has it."""

    word: int
    kind: str
    since: Version | None


_FILTERS: Mapping[str, Version] = {
    "trace": OLDEST,
    "compression": OLDEST,
    "cache": OLDEST,
    "spoe": OLDEST,
    "fcgi-app": OLDEST,
    "opentracing": OLDEST,
    "bwlim-in": (2, 7),
    "bwlim-out": (2, 7),
    "comp-req": (3, 4),
    "comp-res": (3, 4),
    "opentelemetry": (3, 4),
}
_COMPRESSION: Mapping[str, Version] = {
    "algo": OLDEST,
    "type": OLDEST,
    "offload": OLDEST,
    "direction": (2, 8),
    "algo-req": (2, 8),
    "algo-res": (2, 8),
    "type-req": (2, 8),
    "type-res": (2, 8),
    "minsize-req": (3, 2),
    "minsize-res": (3, 2),
}


def look(directive: Directive) -> Inside | None:
    """The word of a directive whose version is of its own."""
    if not directive.is_known(1):
        return None
    word = directive.words[1]
    if directive.keyword == "filter" and not word.startswith("lua."):
        return Inside(1, "filter", _FILTERS.get(word))
    if directive.keyword == "compression":
        return Inside(1, "word of compression", _COMPRESSION.get(word))
    if directive.keyword == "log" and "profile" in directive.words[2:-1]:
        return Inside(directive.words.index("profile", 2), "word of log", (3, 1))
    return None
