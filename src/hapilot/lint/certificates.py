"""What lint may ask about certificates: a look-up that its caller hands in, since lint itself opens no file.

Comes in: the path of a ``crt``. Goes out: what is there. ``sources.haproxy_cfg`` makes one that reads; tests make one of values.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Seen:
    """A certificate's file: the end of the first of its certificates to end, the names of the first one, or why it can't be used."""

    path: str
    ends: datetime.datetime | None = None
    problem: str = ""
    names: tuple[str, ...] = ()


class Certificates(Protocol):
    """The look-up. ``now`` is the time to compare with; None where nobody can look."""

    @property
    def now(self) -> datetime.datetime | None:
        """When lint runs."""
        ...

    def look(self, path: str) -> tuple[Seen, ...]:
        """What is at a path that a configuration names: one for a file, one for each file of a folder; nothing where nobody can tell."""
        ...


class _Nothing:
    """Nobody can look."""

    now = None

    def look(self, path: str) -> tuple[Seen, ...]:
        del path
        return ()


NOTHING: Certificates = _Nothing()
