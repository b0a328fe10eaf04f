"""Conditional blocks: which lines between ``.if``, ``.elif``, ``.else`` and ``.endif`` a HAProxy reads.

Comes in: macro lines, in the order of the file, each with its words expanded. Goes out: whether the lines behind are read. Called by
``reading``, one :class:`Blocks` for each file. Configuration manual, section 2.4; the states are those of ``parse_cfg`` in cfgparse.c.
"""

from __future__ import annotations

import enum
from collections.abc import Callable

MOST_NESTED = 99
"""MAXNESTEDCONDS in HAProxy's cfgcond-t.h, less the level outside."""

MACROS = frozenset({".if", ".elif", ".else", ".endif"})


class Misplaced(ValueError):
    """HAProxy stops at this line; the text says why."""


class _State(enum.Enum):
    TAKEN = enum.auto()
    """The lines here are read, and no later branch."""
    WAITING = enum.auto()
    """No branch was true so far."""
    DONE = enum.auto()
    """An earlier branch was read, or the whole block stands where nothing is read."""


class Blocks:
    """The blocks that are open at one place of a file."""

    def __init__(self) -> None:
        self._open: list[_State] = []
        self._has_else: list[bool] = []

    @property
    def depth(self) -> int:
        """How many blocks are open."""
        return len(self._open)

    @property
    def is_read(self) -> bool:
        """Whether HAProxy reads the lines here."""
        return not self._open or self._open[-1] is _State.TAKEN

    def step(self, macro: str, is_true: Callable[[], bool]) -> None:
        """Go past one of MACROS. ``is_true`` is only asked where HAProxy evaluates the condition. Raises Misplaced."""
        if macro == ".if":
            self._if(is_true)
        elif not self._open:
            raise Misplaced(f"{macro} without .if")
        elif macro == ".endif":
            self._open.pop()
            self._has_else.pop()
        elif self._has_else[-1]:
            raise Misplaced(f"{macro} behind .else")
        elif macro == ".elif":
            self._next(is_true)
        else:
            self._has_else[-1] = True
            self._next(lambda: True)

    def _if(self, is_true: Callable[[], bool]) -> None:
        if len(self._open) >= MOST_NESTED:
            raise Misplaced(f"more than {MOST_NESTED} .if in each other")
        state = (_State.TAKEN if is_true() else _State.WAITING) if self.is_read else _State.DONE
        self._open.append(state)
        self._has_else.append(False)

    def _next(self, is_true: Callable[[], bool]) -> None:
        if self._open[-1] is _State.WAITING:
            self._open[-1] = _State.TAKEN if is_true() else _State.WAITING
        else:
            self._open[-1] = _State.DONE
