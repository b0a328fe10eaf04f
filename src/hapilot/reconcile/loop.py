"""One change: verify, look at the addresses, write a generation, start or reload, confirm.

In: a Prepared site or the number of a former generation, and the HAProxy that runs, if one does. Out: what was done, or an error and the
former state. ``serve`` and ``occasions`` call it for every change, ``demo`` once. The caller holds the state's lock.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import Literal

from hapilot.base import diagnostics, errors
from hapilot.base.diagnostics import Diagnostic
from hapilot.base.origin import Origin
from hapilot.reconcile import addresses, bringing, difference, pipeline, resuming, room, serving, verify
from hapilot.render import bundle, summary
from hapilot.runtime import binary, files, process, record, retention
from hapilot.sources.file import secrets


@dataclass(frozen=True, slots=True)
class Applied:
    """What one change did. ``warned`` is what HAProxy itself had to say, ``note`` what could not be written down, ``former`` the generation
    that served before, 0 for none, and ``differs`` what is other than in it."""

    how: Literal["start", "adopt", "reload", "nothing"]
    process: process.Process
    generation: int
    warned: tuple[Diagnostic, ...] = ()
    note: str = ""
    former: int = 0
    differs: difference.Difference = difference.SAME


@dataclass(frozen=True, slots=True)
class Occasion:
    """Why a change is made. With ``trial_seconds`` it has to be confirmed; ``held`` are the files against which what is brought back
    stays."""

    cause: record.Cause = "start"
    trial_seconds: float = 0.0
    held: record.Held | None = None


@dataclass(frozen=True, slots=True)
class _Change:
    """A change that may be made: the files, and what is remembered of them."""

    files: bundle.Bundle
    following: bringing.Following
    about: files.Description
    differs: difference.Difference


@dataclass(frozen=True, slots=True)
class Operator:
    """Brings sites and former generations to life with one HAProxy in one state directory, which keeps ``keep`` generations."""

    haproxy: binary.Haproxy
    state: files.StateDirectory
    keep: int = retention.KEPT

    def apply(self, prepared: pipeline.Prepared, running: process.Process | None, occasion: Occasion = Occasion()) -> Applied:
        """Make ``prepared`` the running state. Raises HapilotError, and then the former state serves on, where one did."""
        made, wanted = prepared.require()
        with _said():
            before = bringing.look(self.state, running)
            if running is not None and before.runs(wanted):
                return Applied("nothing", running, before.number, former=before.number)
            warned = room.check_room(made)
            if not diagnostics.has_errors(warned):
                warned = (*warned, *verify.verify(made, wanted, self.haproxy))
            if diagnostics.has_errors(warned):
                raise errors.SiteError((*prepared.diagnostics, *warned))
            self._bringing.preflight(addresses.wanted_binds(made), running, before)
            kept = summary.summarise(made, addresses.opened(made), secrets.variables(made.site.spec))
            differs = self._difference(before, wanted, kept)
            origin = str(prepared.path.absolute())
            about = files.Description(time.time(), differs.brief, origin, occasion.cause, trial=_trial(occasion, before))
            following = bringing.Following(kept, made.target.drop_to or None)
            return replace(self._bring(_Change(wanted, following, about, differs), running, before), warned=warned)

    def restore(self, number: int, running: process.Process | None, occasion: Occasion, drop_to: str | None) -> Applied:
        """Make the files of generation ``number`` the running state, as a new generation. Raises HapilotError as :meth:`apply` does."""
        with _said():
            before = bringing.look(self.state, running)
            target, wanted = self.state.generation(number), self.state.bundle(number)
            if wanted.digest != target.digest:
                raise errors.StateBroken(f"files in {target.path} were changed by hand", "`hapilot history` lists the other generations")
            if running is not None and before.runs(wanted):
                return Applied("nothing", running, before.number, former=before.number)
            kept = serving.summary_of(self.state, number)
            verify.verify_kept(target.path, kept, self.haproxy)
            self._bringing.preflight(addresses.kept_binds(kept, Origin(str(target.path))), running, before)
            differs = self._difference(before, wanted, kept)
            about = files.Description(time.time(), differs.brief, target.description.origin, occasion.cause, number, occasion.held)
            return self._bring(_Change(wanted, bringing.Following(kept, drop_to), about, differs), running, before)

    def resume(self, running: process.Process | None, drop_to: str | None) -> Applied:
        """Go on with the current generation as it is on disk: finish its change if it was interrupted, start HAProxy if none runs."""
        with _said():
            before, current = bringing.look(self.state, running), self.state.current()
            if current is None:
                raise errors.StateBroken(f"{self.state.current_link} is missing", "apply the site again")
            if running is not None and before.is_certain:
                return Applied("adopt", running, current.number, former=before.number)
            kept = serving.summary_of(self.state, current.number)
            self._bringing.preflight(addresses.kept_binds(kept, Origin(str(current.path))), running, before)
            brought = self._bringing.go(current.number, bringing.Following(kept, drop_to), running, before)
            return Applied(brought.how, brought.process, current.number, note=brought.note, former=before.number)

    def restart(self, drop_to: str | None) -> process.Process:
        """Start HAProxy again on the current generation, after it ended by itself."""
        with _said():
            current = self.state.current()
            kept = serving.summary_of(self.state, current.number) if current is not None else None
            started = resuming.launch(self.haproxy, self.state, drop_to, kept)
            if current is not None:
                # Where it can't be written down the next change finds the links apart, and is made all the same.
                self._bringing.confirmed(current.number)
            return started

    @property
    def _bringing(self) -> bringing.Bringing:
        return bringing.Bringing(self.haproxy, self.state)

    def _difference(self, before: bringing.Before, wanted: bundle.Bundle, kept: summary.Summary) -> difference.Difference:
        """Against what served last, as far as that can be read."""
        former = None
        if before.former is not None:
            with contextlib.suppress(errors.StateBroken):
                number = before.former.number
                former = difference.State(self.state.bundle(number), serving.summary_of(self.state, number))
        return difference.between(former, difference.State(wanted, kept))

    def _bring(self, change: _Change, running: process.Process | None, before: bringing.Before) -> Applied:
        """Write a generation, make it current, and make it serve. Only the last step disturbs anything that runs."""
        number = self.state.write(change.files, change.about, change.following.kept.as_json()).number
        try:
            self.state.activate(number)
            brought = self._bringing.go(number, change.following, running, before)
        finally:
            self.state.prune(self.keep)
        return Applied(brought.how, brought.process, number, note=brought.note, former=before.number, differs=change.differs)


def _trial(occasion: Occasion, before: bringing.Before) -> record.Trial | None:
    if not occasion.trial_seconds:
        return None
    if before.former is None:
        raise errors.HapilotError("there is no former generation that could come back", "apply it without --confirm")
    return record.Trial(occasion.trial_seconds, before.former.number)


@contextlib.contextmanager
def _said() -> Generator[None]:
    """What the operating system refuses in a place that nobody thought of is an error like others, not the end of ``up``."""
    try:
        yield
    except OSError as problem:
        raise errors.HapilotError(f"the operating system refused it: {problem}") from problem


def problems(problem: errors.HapilotError) -> tuple[Diagnostic, ...]:
    """The diagnostics of an error, where it has some."""
    return problem.diagnostics if isinstance(problem, errors.SiteError) else ()
