"""Which generations may be forgotten. Pure: numbers and records in, numbers out; ``files`` removes them.

Those that are needed stay however many there are: what serves or is about to, what those were made from or would go back to, and what
was confirmed last.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from hapilot.runtime import record

KEPT = 10
"""Generations that stay where nothing else is said."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A generation on disk and what is remembered of it."""

    number: int
    digest: str
    description: record.Description
    progress: record.Progress

    @property
    def trial(self) -> record.Trial | None:
        """What it has to be confirmed for, None where it stays."""
        return None if self.progress.confirmed else self.progress.trial or self.description.trial


def superfluous(known: Sequence[Kept], keep: int, used: Collection[int]) -> frozenset[int]:
    """What to remove so that ``keep`` that served stay, and as many that never did. ``used`` are the current and the serving one.

    A change that HAProxy refuses again and again must not push out what could be gone back to, nor fill the disk.
    """
    needed = _needed(known, used)
    newest_first = sorted(known, key=lambda one: -one.number)
    stay: set[int] = set()
    for served in (True, False):
        alike = [one.number for one in newest_first if bool(one.progress.served) == served]
        stay.update(alike[:keep])
    return frozenset(one.number for one in known if one.number not in stay and one.number not in needed)


def _needed(known: Sequence[Kept], used: Collection[int]) -> set[int]:
    by_number = {one.number: one for one in known}
    confirmed = max((one for one in known if one.progress.confirmed), key=lambda one: one.progress.confirmed, default=None)
    open_ones = [*used, *([confirmed.number] if confirmed is not None else [])]
    needed: set[int] = set()
    while open_ones:
        number = open_ones.pop()
        if number in by_number and number not in needed:
            needed.add(number)
            open_ones.extend(_refers_to(by_number[number]))
    return needed


def _refers_to(one: Kept) -> Iterator[int]:
    if one.description.restores:
        yield one.description.restores
    if one.trial is not None:
        yield one.trial.former
