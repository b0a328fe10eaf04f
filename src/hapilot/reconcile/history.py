"""The generations that are kept, as `history` shows them: when, why, what changed, and what became of each.

In: the state directory. Out: rows, newest last. It only reads, so it works while `up` runs and when nothing does.
"""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from typing import Any

from hapilot.base import errors
from hapilot.reconcile import standing
from hapilot.runtime import files, record, retention

_ORIGINS: dict[record.Cause, str] = {
    "": "",
    "start": "start",
    "change": "file change",
    "signal": "SIGHUP",
    "apply": "apply",
    "rollback": "rollback to {restores}",
    "unconfirmed": "not confirmed, back to {restores}",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A generation. Times are in seconds since 1970, 0 for never; ``restores`` is the generation whose files it has, 0 for its own;
    ``confirm_until`` is when it goes unless it is confirmed, 0 where it does not wait; ``by`` is who asked for it, where somebody did."""

    number: int
    time: float
    origin: str
    cause: str
    restores: int
    summary: str
    site: str
    serving: bool
    served: float
    confirmed: float
    confirm_until: float
    by: str = ""

    @property
    def made_by(self) -> str:
        """The origin with the user who asked for it, in words; the process is gone by now."""
        user = self.by.partition(" (pid ")[0]
        return f"{self.origin} by {user}" if user else self.origin

    def as_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return asdict(self)


def rows(state: files.StateDirectory) -> tuple[Row, ...]:
    """Every generation that is kept and whole. Raises StateBroken where we may not look."""
    if os.path.lexists(state.root) and not os.access(state.root, os.R_OK | os.X_OK):
        raise errors.StateBroken(f"can't look into {state.root}: permission denied", "run this as the user that runs `hapilot up`")
    serving = state.serving()
    return made(state.kept(), serving.number if serving is not None else 0, standing.look(state))


def made(known: tuple[retention.Kept, ...], serving: int, where: standing.Standing) -> tuple[Row, ...]:
    """The rows for what is known. Pure."""
    current = where.current.number if where.current is not None else 0
    return tuple(_row(one, is_serving=one.number == serving, until=where.trial_ends if one.number == current else 0.0) for one in known)


def _row(one: retention.Kept, *, is_serving: bool, until: float) -> Row:
    about, progress = one.description, one.progress
    return Row(
        one.number,
        about.time,
        _ORIGINS[about.cause].format(restores=about.restores),
        about.cause,
        about.restores,
        about.summary,
        about.origin,
        is_serving,
        progress.served,
        progress.confirmed,
        until,
        about.by,
    )
