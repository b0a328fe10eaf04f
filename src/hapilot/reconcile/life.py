"""What ``up`` knows while it runs: the files it looked at, the addresses it announced, the generation it applied last, what it has done.

In: what ``up`` was asked to do and how it speaks, then every change. Out: the site as it is now, what the current generation asks for, and
the tally that the metrics are made from. ``serve`` makes one and waits with it, ``occasions`` makes changes with it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from hapilot.base import errors
from hapilot.base.diagnostics import Diagnostic
from hapilot.base.memory import Memory
from hapilot.compile import target
from hapilot.publish import tally
from hapilot.reconcile import drift, holding, loop, pipeline, resuming, serving, standing, telling, watching
from hapilot.reconcile.quarantine import keeping
from hapilot.runtime import process, record, rundir


@dataclass(frozen=True, slots=True)
class Settings:
    """What ``up`` was asked to do. ``asks``: changed files are only applied by `hapilot apply` or SIGHUP. ``strict``: a site with a bad
    part is refused as a whole. ``repairs``: what others change in HAProxy is undone."""

    site: Path
    operator: loop.Operator
    target: target.Target
    environment: Mapping[str, str]
    stop_seconds: float
    asks: bool = False
    strict: bool = False
    repairs: bool = False

    @property
    def drop_to(self) -> str | None:
        """The user that HAProxy's worker becomes."""
        return self.target.drop_to or None


@dataclass(frozen=True, slots=True)
class Voice:
    """How the loop speaks: results, messages and diagnostics."""

    ready: Callable[[str], None]
    say: Callable[[str], None]
    show: Callable[[tuple[Diagnostic, ...]], None]


@dataclass(slots=True)
class Life:
    """What changes while ``up`` runs. Other threads may read the tally (``done``). ``look_again`` is when the current generation may have
    to go (by ``time.monotonic``), None for never; ``is_due`` says that the files changed while they had to wait. ``next_comparison`` (by
    ``time.monotonic``) is when HAProxy is compared with what it should be, ``drift`` what came of that last. ``memory`` has what was worked
    out of the site before."""

    settings: Settings
    voice: Voice
    seen: watching.Look = field(default_factory=dict[Path, tuple[object, ...]])
    documents: tuple[Path, ...] = ()
    announced: frozenset[tuple[str, str]] = frozenset()
    generation: int = 0
    environment: resuming.Recorded = field(default_factory=lambda: resuming.Recorded({}))
    done: tally.Tally = field(default_factory=tally.Tally)
    look_again: float | None = None
    is_due: bool = False
    next_comparison: float = 0.0
    drift: drift.Drift = drift.NONE
    memory: Memory = field(default_factory=Memory)

    def prepare(self, *, strict: bool = False) -> pipeline.Prepared:
        """Read the site, and do without its bad parts unless ``strict``. What was watched before stays watched if the site is broken: the
        repair may come in any of its files."""
        began = time.time_ns()
        before = watching.look(self.seen)
        settings = self.settings
        self.environment = resuming.Recorded(settings.environment)
        authority = settings.operator.state.ca
        prepared = pipeline.prepare_again(settings.site, settings.target, authority, self.environment, self.memory)
        if not (strict or settings.strict):
            prepared = pipeline.tolerant(prepared, keeping.former(settings.operator.state))
        paths = prepared.watched if prepared.ok and not prepared.quarantined else (*prepared.watched, *self.seen)
        self.seen = watching.look_after_reading(paths or (settings.site,), before, began)
        self.documents = prepared.documents or (settings.site,)
        return prepared

    def verdict(self) -> standing.Verdict:
        """What the current generation asks for, now. Also sets when to look again."""
        where = standing.look(self.settings.operator.state)
        changed = where.held is not None and holding.is_changed(where.held)
        verdict = standing.decide(where, time.time(), changed=changed)
        self.look_again = time.monotonic() + verdict.seconds if isinstance(verdict, standing.Wait) else None
        return verdict

    def hold(self) -> record.Held:
        """The site's files as they are, for a generation that is brought back against them."""
        return holding.hold(self.documents)

    def announce(self, generation: int) -> None:
        """A line for each address that was not announced yet, from what really runs."""
        lines = serving.ready_lines(serving.summary_of(self.settings.operator.state, generation))
        for address, line in lines.items():
            if address not in self.announced:
                self.voice.ready(line)
        self.announced = frozenset(lines)

    def count(self, applied: loop.Applied, seconds: float, *, from_files: bool = True) -> None:
        """Notes what was done, for whoever asks, and what it was made from, for the next start. Without ``from_files`` it is not what the
        site's files say."""
        former, self.generation = self.generation, applied.generation
        operator = self.settings.operator
        origin = resuming.Origin(self.settings.site, operator.haproxy, self.settings.target, self.environment)
        if self.look_again is None:
            resuming.remember(operator.state, origin, applied.generation, self.seen)
        else:
            # One that may have to go must not be there again before that was looked at.
            resuming.forget(operator.state)
        match applied.how:
            case "start":
                self.done = self.done.started().applied(seconds)
            case "runtime":
                self.done = self.done.applied(seconds)
            case "reload":
                self.done = self.done.applied(seconds, _reason(former, applied))
            case "adopt":
                pass
            case "nothing":
                self.done = self.done.unchanged()
        self.done = replace(self.done, is_current=self.done.is_current and from_files)

    def count_failed(self, problem: errors.HapilotError) -> None:
        """Notes that a change did not come about."""
        self.done = self.done.failed("refused" if isinstance(problem, errors.SiteError) else "failed")

    def told_to(self, running: process.Process) -> telling.Source:
        """What the metrics are made from, and where HAProxy fetches them."""
        worker = rundir.account(self.settings.drop_to)
        state, say = self.settings.operator.state, self.voice.say
        return telling.Source(state, running.run_dir, worker.uid if worker else None, lambda: self.done, say)


def _reason(former: int, applied: loop.Applied) -> tally.Reason:
    if not former:
        return "adoption"
    return applied.differs.kinds[0] if applied.differs.kinds else "files"
