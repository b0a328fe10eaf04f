"""What the generation that runs is, as it was written down when it was made.

In: the state directory. Out: its Summary. ``status``, ``explain --live`` and the loop ask; nothing here reads a site file, so it stays
true when the file has changed, and the commands that only look start fast.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

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
    known = _known.get(path)
    stamp = _stamp(path)
    if known is not None and known[0] == stamp:
        return known[1]
    try:
        found = summary.from_json(state.summary(number))
    except (AttributeError, KeyError, TypeError, ValueError) as problem:
        hint = "end hapilot and start it again: a new generation is written"
        raise errors.StateBroken(f"{path} is damaged", hint) from problem
    _keep(path, stamp, found)
    return found


def remember(state: files.StateDirectory, number: int, kept: summary.Summary) -> None:
    """``kept`` has just been written as what generation ``number`` is, and need not be read again."""
    path = state.generations / str(number) / files.SUMMARY
    _keep(path, _stamp(path), kept)


_Stamp = tuple[int, int, int] | None
"""Inode, time and size of a file: it is the same as long as these are. None for one that is not there."""
_MOST = 4
_known: dict[Path, tuple[_Stamp, summary.Summary]] = {}
"""The last summaries: they are asked for several times in each change."""


def _stamp(path: Path) -> _Stamp:
    with contextlib.suppress(OSError):
        found = path.stat()
        return found.st_ino, found.st_mtime_ns, found.st_size
    return None


def _keep(path: Path, stamp: _Stamp, found: summary.Summary) -> None:
    _known.pop(path, None)
    if stamp is not None:
        _known[path] = stamp, found
    while len(_known) > _MOST:
        del _known[next(iter(_known))]
