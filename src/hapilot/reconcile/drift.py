"""What others have changed, kept for ``status``: ``drift.json`` in the state directory, which is there while something differs.

In: what ``drifting`` found. Out: the same, for commands in other processes.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass

from hapilot.base import errors
from hapilot.runtime import files, writing

FILE = "drift.json"
_LINES = 20


@dataclass(frozen=True, slots=True)
class Drift:
    """What is not as it should be, in words, and since when (s since 1970)."""

    lines: tuple[str, ...] = ()
    since: float = 0.0


NONE = Drift()


def shown(lines: tuple[str, ...]) -> tuple[str, ...]:
    """Not more than a screen can show.

    >>> len(shown(("x",) * 50))
    21
    """
    more = len(lines) - _LINES
    return (*lines[:_LINES], f"and {more} more") if more > 0 else lines


def keep(state: files.StateDirectory, drift: Drift) -> None:
    """Kept for ``status``; a disk that is full keeps nobody from noticing."""
    path = state.root / FILE
    with contextlib.suppress(errors.StateBroken), writing.explained("write", path):
        if drift.lines:
            writing.replace_file(path, json.dumps({"since": drift.since, "lines": drift.lines}).encode())
        else:
            path.unlink(missing_ok=True)


def kept(state: files.StateDirectory) -> Drift:
    """What was kept last; nothing where it can't be read."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        said = json.loads((state.root / FILE).read_bytes())
        return Drift(tuple(str(line) for line in said["lines"]), float(said["since"]))
    return NONE
