"""What the generation that runs is, as it was written down when it was made.

In: the state directory. Out: its Summary. ``status``, ``explain --live`` and the loop ask; nothing here reads a site file, so it stays
true when the file has changed, and the commands that only look start fast.
"""

from __future__ import annotations

import contextlib
import functools

from hapilot.base import errors
from hapilot.render import summary
from hapilot.runtime import files


def serving_summary(state: files.StateDirectory) -> summary.Summary | None:
    """What the running generation is, or None before the first. Raises StateBroken where its summary is damaged."""
    generation = state.serving()
    return None if generation is None else summary_of(state, generation.number)


def unchanged(before: summary.Summary, after: summary.Summary) -> frozenset[tuple[str, str]]:
    """Backend and name of the servers of ``after`` that are what they were ``before``."""
    return frozenset((backend, name) for backend, name, _ in _marks(after) & _marks(before))


def _marks(of: summary.Summary) -> set[tuple[str, str, str]]:
    return {(use.backend, name, mark) for use in of.services for name, mark in use.marks.items()}


def ready_lines(kept: summary.Summary) -> dict[tuple[str, str], str]:
    """What to say of each address that a generation opens, by its listener and its text."""
    return {(one.name, bind): f"ready {one.name} {bind}" for one in kept.listeners for bind in one.bind}


def summary_of(state: files.StateDirectory, number: int) -> summary.Summary:
    """What generation ``number`` is. Raises StateBroken where its summary is damaged."""
    path = state.generations / str(number) / files.SUMMARY
    try:
        with contextlib.suppress(OSError):
            found = path.stat()
            return _read(state, number, (found.st_ino, found.st_mtime_ns, found.st_size))
        return _read.__wrapped__(state, number, (0, 0, 0))
    except (AttributeError, KeyError, TypeError, ValueError) as problem:
        hint = "end hapilot and start it again: a new generation is written"
        raise errors.StateBroken(f"{path} is damaged", hint) from problem


@functools.lru_cache(maxsize=4)
def _read(state: files.StateDirectory, number: int, _: tuple[int, int, int]) -> summary.Summary:
    """It is asked for several times in each change; the file is the same as long as these numbers of it are."""
    return summary.from_json(state.summary(number))
