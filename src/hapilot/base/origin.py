"""Where something was said: file, line and column. Flows from the sources into every diagnostic and comment."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Origin:
    """A place in a user's file. ``line`` and ``column`` count from 1; 0 means that the whole file is meant."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        if not self.line:
            return self.file
        return f"{self.file}:{self.line}:{self.column}"

    @property
    def short(self) -> str:
        """``file:line``, as comments in rendered files show it."""
        return f"{self.file}:{self.line}" if self.line else self.file


BUILT_IN = Origin("(built in)")
"""The origin of what hapilot adds by default and no file says."""
