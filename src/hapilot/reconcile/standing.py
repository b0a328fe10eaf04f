"""What the current generation asks for: to follow the site's files, to stay as it was brought back, to wait for its confirmation, or to go.

In: records of generations and the time. Out: a :data:`Verdict`, and which generation `rollback` means. Everything follows from what is on
disk, so a hapilot that was killed at any moment goes on where it was. ``serve`` and ``occasions`` act on it, ``report`` and ``history``
show it. Only :func:`look` reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hapilot.runtime import files, record, retention


@dataclass(frozen=True, slots=True)
class Follow:
    """Whatever the site's files say."""


@dataclass(frozen=True, slots=True)
class Stay:
    """Generation ``number`` was brought back from ``restores``, and the site's files have not changed since. With ``restores`` 0 it stays
    because changes are only applied by an order."""

    number: int
    restores: int


@dataclass(frozen=True, slots=True)
class Wait:
    """Generation ``number`` has ``seconds`` left to be confirmed, else ``former`` comes back."""

    number: int
    former: int
    seconds: float


@dataclass(frozen=True, slots=True)
class GoBack:
    """Generation ``number`` is not to stay: ``former`` comes back. ``why`` says it."""

    number: int
    former: int
    why: str


Verdict = Follow | Stay | Wait | GoBack


@dataclass(frozen=True, slots=True)
class Standing:
    """The generation that is current, None before the first, and the number of the one that is known to serve, 0 for none."""

    current: retention.Kept | None
    serving: int

    @property
    def held(self) -> record.Held | None:
        """The files against which the current generation stays, if it was brought back and not given up since."""
        if self.current is None or self.current.progress.released:
            return None
        return self.current.description.held

    @property
    def restores(self) -> int:
        """The generation that was brought back as the current one, 0 for none."""
        return self.current.description.restores if self.current is not None and self.held is not None else 0

    @property
    def trial_ends(self) -> float:
        """When the current generation goes unless it is confirmed, in seconds since 1970; 0 where it stays."""
        if self.current is None or self.current.trial is None:
            return 0.0
        began = self.current.trial.since or self.current.progress.served or self.current.description.time
        return began + self.current.trial.seconds


def look(state: files.StateDirectory) -> Standing:
    """Where ``state`` stands. Raises StateBroken."""
    current, serving = state.current(), state.serving()
    if current is None:
        return Standing(None, 0)
    kept = retention.Kept(current.number, current.digest, current.description, state.progress(current.number))
    return Standing(kept, serving.number if serving is not None else 0)


def decide(standing: Standing, now: float, *, changed: bool) -> Verdict:
    """What is to be done at ``now``, in seconds since 1970. ``changed``: the files are not those that it is held against."""
    current = standing.current
    if current is None:
        return Follow()
    trial = current.trial
    if trial is not None:
        if current.number != standing.serving:
            return GoBack(current.number, trial.former, "its change was interrupted")
        # A clock that was put back must not make the time longer than it ever was.
        left = min(trial.seconds, standing.trial_ends - now)
        if left <= 0:
            return GoBack(current.number, trial.former, f"it was not confirmed within {trial.seconds:g} s")
        return Wait(current.number, trial.former, left)
    if standing.held is not None and not changed:
        return Stay(current.number, standing.restores)
    return Follow()


def one_before(known: Sequence[retention.Kept], current: retention.Kept) -> int:
    """The generation that `rollback` without a number means, 0 where there is none: the newest that served before the current one, or
    before the one that was brought back as the current one, with other files. So one rollback after the other goes on backwards."""
    if current.trial is not None:
        return current.trial.former
    base = current.description.restores or current.number
    served = (one.number for one in known if one.number < base and one.progress.served and one.digest != current.digest)
    return max(served, default=0)


def original(known: Sequence[retention.Kept], number: int) -> int:
    """The generation that ``number`` was brought back from, if it was and is still kept; else itself."""
    by_number = {one.number: one for one in known}
    one = by_number.get(number)
    if one is None or one.description.restores not in by_number:
        return number
    return one.description.restores
