"""What the steps of a stateful test were, and how they were taken, for people who read what it printed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from hapilot.reconcile import loop

from . import editing

_EXCUSES = re.compile(
    r"every prepared backend is in use|takes no change of servers and weights|no cookies for servers|settings that no prepared backend has"
    r"|^listener .* is (added|removed)|^(listener|the process).*: settings change"
    r"|is the first of the list|their order counts|is for other names than before|other settings that only a reload changes"
)
"""Why an edit that HAProxy can follow while it runs may take a reload all the same."""
_AGAIN = re.compile(r"^service .*: settings change")
"""Why a service that takes the name of a former one may: HAProxy has read the former one's settings."""
_NAME = re.compile(r"\b(v\d+|s\d+|c\d+|extra\d+)\b|\S*[\d./]\S*")


def unexcused(reasons: Iterable[str], asked: Iterable[editing.Edit]) -> list[str]:
    """Those that are not to be expected after these edits."""
    is_new = any(one.kind.endswith("service added") for one in asked)
    return [reason for reason in reasons if not _EXCUSES.search(reason) and not (is_new and _AGAIN.search(reason))]


class Journal:
    """Counts steps."""

    def __init__(self) -> None:
        self.steps: Counter[tuple[str, str]] = Counter()
        self.reasons: Counter[str] = Counter()
        self.last = ""

    def add(self, kind: str, applied: loop.Applied | None) -> None:
        """A step; None where nobody said how it was taken."""
        how = applied.how if applied is not None else "-"
        reasons = applied.reasons if applied is not None else ()
        self.steps[kind, how] += 1
        self.reasons.update(_NAME.sub("…", reason) for reason in reasons)
        self.last = " ".join([how, *reasons])

    @property
    def table(self) -> str:
        """How many there were of each, and why HAProxy was reloaded."""
        rows = [f"{count:5} {kind}: {how}" for (kind, how), count in sorted(self.steps.items())]
        return "\n".join([*rows, "reloads because:", *(f"{count:5} {reason}" for reason, count in self.reasons.most_common())])
