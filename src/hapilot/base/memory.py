"""What was worked out before, for the next time: of the same inputs comes the same object again.

`up` reads its site whenever a file changes, and nearly all of it is what it was. A stage that was given a memory hands in what a result
follows from and how to make it; what was made of the very same inputs the last time is taken from the memory. Results depend on their
inputs alone, so a memory changes how long something takes and never what comes of it: without one, a stage takes an empty one.

Inputs are compared by identity. It costs next to nothing, equality of pydantic's models overlooks which keys were said, and to Python
``1 == True``. What has no identity that lasts, such as a text that was put together anew, gets one by :meth:`Memory.same`. A result that
nobody asks for in one round is forgotten in the next. Handed along by ``reconcile.pipeline``; used by the sources, ``expand``,
``compile`` and ``render``. Not for several threads at once.
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

_In = TypeVar("_In")
_Out = TypeVar("_Out")
_Key = TypeVar("_Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class _Round(Generic[_Out]):
    """One round of :meth:`Memory.rows`. That it holds the items keeps their ids from being given to other objects."""

    common: tuple[object, ...]
    columns: tuple[tuple[object, ...], ...]
    results: tuple[_Out, ...]


class Memory:
    """Results by what they are for, each with its inputs of the last round. ``what`` names one use, once in a round."""

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        self._kept: dict[Hashable, Any] = {}

    def former(self, what: Hashable, otherwise: _Out) -> _Out:
        """What was kept under the name, else ``otherwise``."""
        return self._kept.get(what, otherwise)

    def keep(self, what: Hashable, value: _Out) -> _Out:
        """Keeps the value under the name, and gives it back."""
        self._kept[what] = value
        return value

    def once(self, what: Hashable, inputs: tuple[object, ...], make: Callable[[], _Out]) -> _Out:
        """One result.

        >>> memory, said = Memory(), "a text"
        >>> [memory.once("size", (said,), lambda: len(said)) for _ in range(2)]
        [6, 6]
        """
        former: _Round[_Out] | None = self._kept.get(what)
        if former is None or not _identical(former.common, inputs):
            former = self.keep(what, _Round(inputs, (), (make(),)))
        return former.results[0]

    def each(self, what: Hashable, items: Iterable[_In], make: Callable[[_In], _Out], *common: object) -> tuple[_Out, ...]:
        """A result for each item, in order; ``common`` is what all of them follow from too. The same tuple where all is the same.

        >>> memory, words = Memory(), ["a", "b"]
        >>> memory.each("upper", words, str.upper) is memory.each("upper", words, str.upper)
        True
        """
        return self.rows(what, (items,), make, *common)

    def rows(self, what: Hashable, columns: tuple[Iterable[object], ...], make: Callable[..., _Out], *common: object) -> tuple[_Out, ...]:
        """The same for results that follow from several items each: ``make`` gets one of each column. The columns are equally long."""
        now = tuple(map(tuple, columns))
        former: _Round[_Out] | None = self._kept.get(what)
        if former is None or not _identical(former.common, common):
            former = _Round(common, tuple(() for _ in now), ())
        elif all(map(_identical, former.columns, now)):
            return former.results
        # Most often little has changed, in one place: what comes before and behind it is compared as fast as can be.
        head = min(map(_alike, former.columns, now))
        tail = min(_alike(old[head:][::-1], new[head:][::-1]) for old, new in zip(former.columns, now, strict=True))
        end = len(former.results) - tail
        known = dict(zip(_marks(former.columns, head, end), former.results[head:end], strict=True))
        rows = zip(*(column[head : len(column) - tail] for column in now), strict=True)
        marks = _marks(now, head, len(now[0]) - tail)
        between = [known[mark] if mark in known else make(*row) for mark, row in zip(marks, rows, strict=True)]
        results = (*former.results[:head], *between, *former.results[end:])
        return self.keep(what, _Round(common, now, results)).results

    def row(self, what: Hashable, items: Iterable[_In]) -> tuple[_In, ...]:
        """The items; the former tuple where all of them are the same objects."""
        return self.each(what, items, lambda item: item)

    def those(self, what: Hashable, columns: tuple[Iterable[object], ...], holds: Callable[..., bool], *common: object) -> list[int]:
        """The numbers of the rows, from 0, for which something holds."""
        return list(itertools.compress(itertools.count(), self.rows(what, columns, holds, *common)))

    def same(self, what: Hashable, value: _Out) -> _Out:
        """The former value where it equals this one. For values of which equality is the whole truth: no models."""
        former = self._kept.get(what)
        return former if former is not None and former == value else self.keep(what, value)

    def same_of(self, what: Hashable, values: Mapping[_Key, _Out]) -> Mapping[_Key, _Out]:
        """The former values where they equal these, key by key; the same mapping where all of them do."""
        before: Mapping[_Key, _Out] = self._kept.get(what, {})
        if before == values and all(map(operator.eq, before, values)):
            return before
        return self.keep(what, {key: before[key] if key in before and before[key] == value else value for key, value in values.items()})


def _marks(columns: tuple[tuple[object, ...], ...], begin: int, end: int) -> Iterator[tuple[int, ...]]:
    """What tells rows apart by the identity of their items."""
    return zip(*(map(id, column[begin:end]) for column in columns), strict=True)


def _alike(some: tuple[object, ...], others: tuple[object, ...]) -> int:
    """How many of the first are the same objects."""
    same = [*map(operator.is_, some, others), False]
    return same.index(False)


def _identical(some: tuple[object, ...], others: tuple[object, ...]) -> bool:
    return len(some) == len(others) and all(map(operator.is_, some, others))
