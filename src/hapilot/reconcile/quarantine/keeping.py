"""What is remembered with each generation: which parts of the site it does without, and the last good versions of all the others.

In: the state directory, and a site that went live. Out: files beside its generation, and what the loop, ``status`` and the metrics read of
them. The quarantine is a small file of its own: who asks for it need not read the whole site. Called by ``life``, ``occasions`` and
``report``.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from hapilot.base import errors
from hapilot.runtime import beside, files

if TYPE_CHECKING:
    # ``status`` and the metrics read what is kept, and need no compiler for it.
    from hapilot.reconcile import pipeline
    from hapilot.reconcile.quarantine import isolating, versions

QUARANTINE = "quarantine.json"
VERSIONS = "versions.json"


@dataclass(frozen=True, slots=True)
class Noted:
    """A part that a generation does without. ``part`` is its kind and name, ``instead`` what stands in for it (former, closed or nothing),
    ``since`` when that began, in seconds since 1970."""

    part: str
    instead: str
    reason: str
    since: float

    def as_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return asdict(self)

    @property
    def shown(self) -> str:
        """In a line."""
        return f"{self.part} ({INSTEAD[self.instead]}): {self.reason}"


INSTEAD = {
    "former": "its last good version goes on",
    "closed": "it answers that it is out of service",
    "nothing": "left out",
}
"""What stands in for a part, in words."""


def quarantined(state: files.StateDirectory, number: int) -> tuple[Noted, ...]:
    """The parts that generation ``number`` does without."""
    fields = beside.read(state, number, QUARANTINE) or {}
    try:
        every = [Noted(str(one["part"]), str(one["instead"]), str(one["reason"]), float(one["since"])) for one in fields.get("parts", ())]
    except (KeyError, TypeError, ValueError):
        return ()
    return tuple(one for one in every if one.instead in INSTEAD)


def noted(found: Iterable[isolating.Quarantined], before: Iterable[Noted], now: float) -> tuple[Noted, ...]:
    """What to note at ``now``, in seconds since 1970; what was noted ``before`` began then."""
    began = {one.part: one.since for one in before}
    return tuple(Noted(str(one.part), one.instead, one.reason, began.get(str(one.part), now)) for one in found)


def keep(state: files.StateDirectory, prepared: pipeline.Prepared, generation: int, former: int, now: float) -> str:
    """Remember what went live as ``generation``, after ``former`` (0 for none). Out: what the user must know, if it can't be written. The
    caller holds the lock."""
    from hapilot.reconcile.quarantine import versions

    loaded, one = prepared.loaded, prepared.isolated
    if prepared.build is None or loaded is None or loaded.said is None:
        return ""
    kept, without = (one.kept, one.without) if one is not None else ({}, frozenset[str]())
    parts = noted(prepared.quarantined, (*quarantined(state, former), *quarantined(state, generation)), now)
    try:
        beside.write(state, generation, VERSIONS, versions.record(prepared.build, loaded.said.root, kept, without))
        if parts or quarantined(state, generation):
            beside.write(state, generation, QUARANTINE, {"parts": [each.as_json() for each in parts]})
    except errors.StateBroken as problem:
        return f"what is good of generation {generation} can't be remembered: {problem}"
    return ""


def carry(state: files.StateDirectory, source: int, target: int) -> None:
    """Generation ``target`` has the files of ``source``, so what is remembered of it is the same."""
    if source != target:
        for name in (QUARANTINE, VERSIONS):
            beside.copy(state, source, target, name)


def former(state: files.StateDirectory) -> isolating.Former:
    """The last good versions, read when they are asked for: those of what serves, None where hapilot was killed before it could write
    them. Those of an earlier generation would do without what was just forbidden."""

    @functools.cache
    def read() -> versions.Former | None:
        from hapilot.reconcile.quarantine import versions

        serving = state.serving()
        record = beside.read(state, serving.number, VERSIONS) if serving is not None else None
        if serving is not None and record is not None and record.get("format") == versions.FORMAT:
            return _former(state, serving.number, record)
        return None

    return read


def _former(state: files.StateDirectory, number: int, record: dict[str, Any]) -> versions.Former:
    from hapilot.reconcile.quarantine import versions

    return versions.Former(number, record, lambda path: beside.content(state, number, path))
