"""What one hapilot has done since it started: changes, reloads, restarts. A value; each event gives the next one.

In: events of the loop, as ``serve`` sees them. Out: a :class:`Tally` that ``metrics`` reads, in another thread, whenever it is asked.
Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar, get_args

Result = Literal["applied", "unchanged", "refused", "failed"]
"""How a change ended. ``refused``: the site has errors; ``failed``: HAProxy or the machine did not go along."""

Reason = Literal["configuration", "scripts", "authorities", "certificates", "routes", "files", "comments", "adoption"]
"""Why HAProxy was reloaded. ``adoption``: the site had changed while no hapilot looked after it; else what was changed."""

RESULTS: tuple[Result, ...] = get_args(Result)
REASONS: tuple[Reason, ...] = get_args(Reason)

Key = TypeVar("Key", bound=str)


@dataclass(frozen=True, slots=True)
class Tally:
    """Counters from 0; they start anew with each hapilot, as Prometheus expects. ``seconds`` is what the last change took that was
    applied, None before the first; ``is_current`` whether what runs is what the site's files say; ``is_adopted`` whether HAProxy
    was started by an earlier hapilot."""

    changes: Mapping[Result, int] = field(default_factory=lambda: dict.fromkeys(RESULTS, 0))
    reloads: Mapping[Reason, int] = field(default_factory=lambda: dict.fromkeys(REASONS, 0))
    restarts: int = 0
    seconds: float | None = None
    is_current: bool = True
    is_adopted: bool = False

    def applied(self, seconds: float, reload: Reason | None = None) -> Tally:
        """A change is live after ``seconds``, by a reload for this reason or by a start.

        >>> Tally().failed("refused").applied(0.2, "routes").reloads["routes"]
        1
        """
        reloads = self.reloads if reload is None else _one_more(self.reloads, reload)
        return replace(self, changes=_one_more(self.changes, "applied"), reloads=reloads, seconds=seconds, is_current=True)

    def unchanged(self) -> Tally:
        """The files say what runs already."""
        return replace(self, changes=_one_more(self.changes, "unchanged"), is_current=True)

    def failed(self, result: Literal["refused", "failed"]) -> Tally:
        """A change did not come about; the former state serves on."""
        return replace(self, changes=_one_more(self.changes, result), is_current=False)

    def adopted(self) -> Tally:
        """HAProxy was there already."""
        return replace(self, is_adopted=True)

    def started(self) -> Tally:
        """HAProxy was started by this hapilot, on purpose."""
        return replace(self, is_adopted=False)

    def restarted(self) -> Tally:
        """HAProxy had ended by itself and was started again."""
        return replace(self, restarts=self.restarts + 1, is_adopted=False)


def _one_more(counts: Mapping[Key, int], key: Key) -> Mapping[Key, int]:
    return {**counts, key: counts[key] + 1}
