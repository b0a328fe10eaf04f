"""What is remembered of a generation, as values and as JSON: why it was made, what it stands for, and how far it came.

In: what the loop decides, or the JSON files beside a generation. Out: frozen values. ``files`` writes and reads them, ``reconcile``
decides by them. The :class:`Description` is written once, with the generation, so that whatever follows from a generation (that it
waits for a confirmation, that it is held against the site's files) becomes true in the one step in which it becomes current; the
:class:`Progress` is replaced as it happens. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal, cast, get_args

Cause = Literal["", "start", "change", "signal", "apply", "rollback", "unconfirmed"]
"""Why a generation was made: ``up`` was started, a file changed, SIGHUP, `hapilot apply`, `hapilot rollback`, or a generation that was
not confirmed in time. Empty where an earlier hapilot has made it."""

_CAUSES: tuple[Cause, ...] = get_args(Cause)


@dataclass(frozen=True, slots=True)
class Held:
    """The site's files as they were when a generation was brought back: it stays until one of ``paths`` is another."""

    paths: tuple[str, ...]
    mark: str


@dataclass(frozen=True, slots=True)
class Trial:
    """A generation that goes again, for ``former``, unless it is confirmed within ``seconds`` from ``since`` (seconds since 1970; 0 for
    when it serves)."""

    seconds: float
    former: int
    since: float = 0.0


@dataclass(frozen=True, slots=True)
class Description:
    """What is remembered of a generation: ``time`` in seconds since 1970, what it changed, from which file or source, and why.

    ``restores`` is the generation whose files it has, 0 for one of its own; then ``held`` says against which files it stays. ``by`` is who
    asked for it, where somebody did.
    """

    time: float
    summary: str
    origin: str
    cause: Cause = ""
    restores: int = 0
    held: Held | None = None
    trial: Trial | None = None
    by: str = ""

    def as_json(self) -> dict[str, object]:
        """What :func:`description` takes."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Progress:
    """When HAProxy served a generation for the first time, when it was confirmed, and when it was given up for what the site's files
    say, in seconds since 1970; 0 for never. ``trial`` is one that was put on a generation which served already."""

    served: float = 0.0
    confirmed: float = 0.0
    released: float = 0.0
    trial: Trial | None = None

    def as_json(self) -> dict[str, object]:
        """What :func:`progress` takes."""
        return asdict(self)


def description(fields: Mapping[str, object]) -> Description:
    """The description that was kept. Raises KeyError or ValueError where it is none; an earlier hapilot's lacks the last keys."""
    cause, held, trial = fields.get("cause", ""), fields.get("held"), fields.get("trial")
    return Description(
        number(fields["time"]),
        str(fields["summary"]),
        str(fields["origin"]),
        cause if cause in _CAUSES else "",
        round(number(fields.get("restores", 0))),
        None if held is None else _held(_mapping(held)),
        None if trial is None else _trial(_mapping(trial)),
        str(fields.get("by", "")),
    )


def progress(fields: Mapping[str, object]) -> Progress:
    """The progress that was kept. Raises KeyError or ValueError where it is none."""
    served, confirmed, released = (number(fields.get(name, 0.0)) for name in ("served", "confirmed", "released"))
    trial = fields.get("trial")
    return Progress(served, confirmed, released, None if trial is None else _trial(_mapping(trial)))


def number(said: object) -> float:
    """A finite number. Raises ValueError for anything else.

    >>> number(3)
    3.0
    """
    # A bool is an int to Python, and text was written by an earlier hapilot nowhere.
    if isinstance(said, bool) or not isinstance(said, int | float) or not math.isfinite(said):
        raise ValueError(f"{said!r} is not a number")
    return float(said)


def _held(fields: Mapping[str, object]) -> Held:
    paths = fields["paths"]
    if not isinstance(paths, list):
        raise ValueError(f"{paths!r} is not a list")
    return Held(tuple(str(path) for path in cast("list[object]", paths)), str(fields["mark"]))


def _trial(fields: Mapping[str, object]) -> Trial:
    return Trial(number(fields["seconds"]), round(number(fields["former"])), number(fields.get("since", 0.0)))


def _mapping(said: object) -> Mapping[str, object]:
    if not isinstance(said, dict):
        raise ValueError(f"{said!r} is not a mapping")
    return cast("dict[str, object]", said)
