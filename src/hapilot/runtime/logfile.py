"""HAProxy's stderr, kept in a file: what it said since a moment, and why something failed.

In: the file's path. Out: text and HaproxyFailed errors that carry HAProxy's own reasons. Called by ``process``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hapilot.base import errors
from hapilot.runtime import messages, writing

_MOST = 4_000_000
"""Bytes; beyond this the log starts anew, with one former file kept."""

_READ = 1_000_000
"""Bytes of one reading: more than HAProxy writes about one start."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the log at ``path``; everything after it belongs to what happens next."""

    path: Path
    offset: int

    def said(self) -> str:
        """What was written since."""
        try:
            with self.path.open("rb") as file:
                file.seek(self.offset)
                return file.read(_READ).decode("utf-8", "replace")
        except OSError:
            return ""

    def failure(self, what: str, said: str | None = None) -> errors.HaproxyFailed:
        """``what``, with the alerts since the mark (or in ``said``), or the last lines where there are none."""
        text = self.said() if said is None else said
        alerts = [str(finding) for finding in messages.parse_messages(text) if finding.severity == "alert"]
        reasons = alerts or text.strip().splitlines()[-3:]
        return errors.HaproxyFailed(f"{what}: {'; '.join(reasons)}" if reasons else what, f"see {self.path}")


def mark(path: Path) -> Mark:
    """The end of the log as it is now."""
    try:
        return Mark(path, path.stat().st_size)
    except OSError:
        return Mark(path, 0)


def begin(path: Path) -> Mark:
    """A mark for a new run; puts a log that has grown too big aside first."""
    here = mark(path)
    if here.offset <= _MOST:
        return here
    with writing.explained("rename", path):
        path.replace(path.with_name(f"{path.name}.1"))
    return Mark(path, 0)
