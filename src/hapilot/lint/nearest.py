"""The known name that is nearest to a wrong one, at a cost that stays small for files with thousands of names.

Comes in: a word and what it may be. Goes out: a question for the hint, or nothing. Called by rules.
"""

from __future__ import annotations

from collections.abc import Collection

from hapilot.base import names

_MOST_KNOWN = 1000
_MOST_COMPARED = 40
_LENGTHS_APART = 3


def suggestion(wrong: str, known: Collection[str]) -> str:
    """``did you mean 'x'?``; empty where nothing is near, or where there are too many to look.

    >>> suggestion("mod", ["mode", "bind"])
    "did you mean 'mode'?"
    """
    if len(known) > _MOST_KNOWN or not wrong:
        return ""
    alike = [name for name in known if name[:1] == wrong[:1] and abs(len(name) - len(wrong)) <= _LENGTHS_APART]
    return names.did_you_mean(wrong, alike[:_MOST_COMPARED])
