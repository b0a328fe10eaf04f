"""One change: plan, verify, look at the addresses, write a generation, start HAProxy or change it, confirm.

In: a Prepared site or the number of a former generation, and the HAProxy that runs, if one does. Out: what was done, or an error and the
former state. ``serve`` and ``occasions`` call it for every change, ``demo`` once. The caller holds the state's lock.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from typing import Literal

from hapilot.base import collecting, diagnostics, errors
from hapilot.base.diagnostics import Diagnostic
from hapilot.base.origin import Origin
from hapilot.plan import actions
from hapilot.reconcile import addresses, bringing, changing, difference, pipeline, resuming, room, serving, verify
from hapilot.reconcile.quarantine import keeping
from hapilot.render import bundle, summary
from hapilot.runtime import binary, files, memory, process, record, retention, staging
from hapilot.sources.file import secrets


@dataclass(frozen=True, slots=True)
class Applied:
    """What one change did: HAProxy was started, reloaded, or changed while it runs. ``warned`` is what HAProxy itself had to say, ``note``
    what could not be written down, ``former`` the generation that served before, 0 for none, ``differs`` what is other than in it, and
    ``reasons`` why it was reloaded. ``left`` is the site as it went live, where HAProxy refused a part of it."""

    how: Literal["start", "adopt", "reload", "runtime", "nothing"]
    process: process.Process
    generation: int
    warned: tuple[Diagnostic, ...] = ()
    note: str = ""
    former: int = 0
    differs: difference.Difference = difference.SAME
    reasons: tuple[str, ...] = ()
    left: pipeline.Prepared | None = None


@dataclass(frozen=True, slots=True)
class Occasion:
    """Why a change is made. With ``trial_seconds`` it has to be confirmed; ``held`` are the files against which what is brought back
    stays; ``by`` is who asked for it, where somebody did."""

    cause: record.Cause = "start"
    trial_seconds: float = 0.0
    held: record.Held | None = None
    by: str = ""


@dataclass(frozen=True, slots=True)
class Differences:
    """What others have changed, in words: what it would take to undo it. ``on_disk`` where that was in files, not in HAProxy's memory;
    ``only_told`` where HAProxy only has forgotten what verbs said of servers, as it does when somebody else reloads it."""

    lines: tuple[str, ...] = ()
    on_disk: bool = False
    only_told: bool = False


@dataclass(frozen=True, slots=True)
class _Look:
    """What runs before a change, HAProxy's verdict of the new files, which may still be on its way, and where they lie, if they could be
    written."""

    before: bringing.Before
    said: Callable[[], tuple[Diagnostic, ...]]
    staged: staging.Staged | None = None


@dataclass(frozen=True, slots=True)
class _Change:
    """A change that may be made: the files, what is remembered of them, and where they lie already."""

    following: bringing.Following
    about: files.Description
    differs: difference.Difference
    staged: staging.Staged | None = None


@dataclass(frozen=True, slots=True)
class Operator:
    """Brings sites and former generations to life with one HAProxy in one state directory, which keeps ``keep`` generations. A reload may
    take ``reload_seconds``; 0 for as long as its files ask for."""

    haproxy: binary.Haproxy
    state: files.StateDirectory
    keep: int = retention.KEPT
    reload_seconds: float = 0.0
    seen: memory.Seen = field(default_factory=memory.Seen, compare=False)

    def apply(self, prepared: pipeline.Prepared, running: process.Process | None, occasion: Occasion = Occasion()) -> Applied:
        """Make ``prepared`` the running state. Raises HapilotError, and then the former state serves on, where one did."""
        made, wanted = prepared.require()
        with _said(), collecting.paused():
            before = bringing.look(self.state, running)
            with contextlib.ExitStack() as stack:
                staged = self._staged(stack, wanted)
                beside = verify.beside(made, wanted, self.haproxy, staged.path if staged is not None else None)
                return self._apply(prepared, running, occasion, _Look(before, stack.enter_context(beside), staged))

    def _apply(self, prepared: pipeline.Prepared, running: process.Process | None, occasion: Occasion, look: _Look) -> Applied:
        made, wanted = prepared.require()
        before = look.before
        kept = summary.summarise(made, addresses.opened(made), secrets.variables(made.site.spec), prepared.memory)
        following = self._following(wanted, kept, made.target.drop_to or None, running)
        differs = self._difference(before, wanted, kept)
        if running is not None:
            if settled := self._as_it_is(following, running, before):
                return settled
            if differs.is_cosmetic and self._serves(before, following):
                return Applied("nothing", running, before.number, former=before.number)
        warned = room.check_room(made, prepared.memory)
        if not diagnostics.has_errors(warned):
            said = look.said()
            left = pipeline.without_refused(prepared, said, verify.asking(self.haproxy)) if diagnostics.has_errors(said) else None
            if left is not None:
                return replace(self.apply(left, running, occasion), left=left)
            warned = (*warned, *said)
        if diagnostics.has_errors(warned):
            raise errors.SiteError((*prepared.diagnostics, *warned))
        self._bringing.preflight(addresses.wanted_binds(made), running, before)
        origin = str(prepared.path.absolute())
        about = files.Description(time.time(), differs.brief, origin, occasion.cause, trial=_trial(occasion, before), by=occasion.by)
        return replace(self._bring(_Change(following, about, differs, look.staged), running, before), warned=warned)

    def restore(self, number: int, running: process.Process | None, occasion: Occasion, drop_to: str | None) -> Applied:
        """Make the files of generation ``number`` the running state, as a new generation. Raises HapilotError as :meth:`apply` does."""
        with _said():
            before = bringing.look(self.state, running)
            target, wanted = self.state.generation(number), self.state.bundle(number)
            if wanted.digest != target.digest:
                raise errors.StateBroken(f"files in {target.path} were changed by hand", "`hapilot history` lists the other generations")
            kept = serving.summary_of(self.state, number)
            following = self._following(wanted, kept, drop_to, running)
            if running is not None and (settled := self._as_it_is(following, running, before)):
                return settled
            verify.verify_kept(target.path, kept, self.haproxy)
            self._bringing.preflight(addresses.kept_binds(kept, Origin(str(target.path))), running, before)
            differs = self._difference(before, wanted, kept)
            about = files.Description(
                time.time(), differs.brief, target.description.origin, occasion.cause, number, occasion.held, by=occasion.by
            )
            applied = self._bring(_Change(following, about, differs), running, before)
            keeping.carry(self.state, number, applied.generation)
            return applied

    def resume(self, running: process.Process | None, drop_to: str | None) -> Applied:
        """Go on with the current generation as it is on disk: finish its change if it was interrupted, start HAProxy if none runs."""
        with _said():
            self.state.sweep()
            before, current = bringing.look(self.state, running), self.state.current()
            if current is None:
                raise errors.StateBroken(f"{self.state.current_link} is missing", "apply the site again")
            if running is not None and before.is_certain:
                # Also what a verb has recorded and HAProxy was not told yet, or has lost.
                try:
                    settled = self.settle(running)
                except errors.StateBroken as problem:
                    return Applied("adopt", running, current.number, note=str(problem), former=before.number)
                return replace(settled, how="adopt") if settled.how == "nothing" else settled
            kept = serving.summary_of(self.state, current.number)
            self._bringing.preflight(addresses.kept_binds(kept, Origin(str(current.path))), running, before)
            following = self._following(self.state.bundle(current.number), kept, drop_to, running)
            brought = self._bringing.go(current.number, following, running, before)
            number, former = current.number, before.number
            return Applied(brought.how, brought.process, number, note=brought.note, former=former, reasons=brought.reasons)

    def settle(self, running: process.Process) -> Applied:
        """Have ``running`` do what the serving generation and the verbs say. Raises HapilotError."""
        with _said():
            before, current = bringing.look(self.state, running), self.state.current()
            if current is None:
                raise errors.StateBroken(f"{self.state.current_link} is missing", "apply the site again")
            number, kept = current.number, serving.summary_of(self.state, current.number)
            files_of = self.state.bundle(number)
            planned = self._looking.plan(running, files_of, kept)
            if planned.is_empty and before.is_certain:
                return Applied("nothing", running, number, former=number)
            following = bringing.Following(files_of, kept, None, planned)
            brought = self._bringing.go(number, following, running, before)
            return Applied(brought.how, running, number, note=brought.note, former=before.number, reasons=brought.reasons)

    def differences(self, running: process.Process) -> Differences:
        """What others have changed, in words; nothing while a change is interrupted. Servers whose last session has ended are deleted.

        Raises HapilotError where it can't be told.
        """
        before, current = bringing.look(self.state, running), self.state.current()
        if current is None or not before.is_certain:
            return Differences()
        on_disk = self.state.bundle(current.number)
        if on_disk.digest != current.digest:
            said = f"files of generation {current.number} on disk, which HAProxy would read when it starts again"
            return Differences((said,), on_disk=True)
        planned = self._looking.plan(running, on_disk, serving.summary_of(self.state, current.number))
        changing.tidy(running, planned)
        only_told = all(isinstance(step, actions.WeighServer | actions.SetState) and step.is_told for step in planned.actions)
        lines = planned.reload_reasons or tuple(f"{step.about}: {step.reason} ({step.kind})" for step in planned.actions)
        return Differences(lines, only_told=only_told)

    def restart(self, drop_to: str | None) -> process.Process:
        """Start HAProxy again on the current generation, after it ended by itself."""
        with _said():
            current = self.state.current()
            kept = serving.summary_of(self.state, current.number) if current is not None else None
            started = resuming.launch(self.haproxy, self.state, drop_to, kept)
            if current is not None and kept is not None:
                # What verbs said of servers is in no file that HAProxy reads.
                self._bringing.settled(started, bringing.Following(self.state.bundle(current.number), kept, drop_to))
                # Where it can't be written down the next change finds the links apart, and is made all the same.
                self._bringing.confirmed(current.number)
            return started

    @property
    def _bringing(self) -> bringing.Bringing:
        return bringing.Bringing(self.haproxy, self.state, self.reload_seconds, seen=self.seen)

    @property
    def _looking(self) -> bringing.Bringing:
        """The same for who has the time to look for what others have done."""
        return replace(self._bringing, closely=True)

    def _following(
        self, wanted: bundle.Bundle, kept: summary.Summary, drop_to: str | None, running: process.Process | None
    ) -> bringing.Following:
        """What is to serve, and how a HAProxy that runs comes to it."""
        planned = self._bringing.plan_soon(running, wanted, kept) if running is not None else None
        return bringing.Following(wanted, kept, drop_to, planned)

    def _staged(self, stack: contextlib.ExitStack, wanted: bundle.Bundle) -> staging.Staged | None:
        """The files where a generation is made of them if they are good. Where they can't be written that is an error only then: there may
        be nothing to change."""
        with contextlib.suppress(errors.StateBroken):
            return stack.enter_context(self.state.stage(wanted))
        return None

    def _serves(self, before: bringing.Before, following: bringing.Following) -> bool:
        """Whether HAProxy does what is wanted, and would do so after a restart with the files that lie on disk."""
        if before.former is None or not before.is_certain or following.planned is None or not following.planned.is_empty:
            return False
        return self.state.bundle(before.former.number).digest == before.former.digest

    def _as_it_is(self, following: bringing.Following, running: process.Process, before: bringing.Before) -> Applied | None:
        """Where no new generation is needed: HAProxy does what is wanted already, or what is wanted lies on disk and it does not follow."""
        current, planned = self.state.current(), following.planned
        if current is None or planned is None:
            return None
        if planned.is_empty and not before.is_certain and before.former is not None and before.former.digest == following.files.digest:
            # A change was interrupted before HAProxy got any of it.
            self.state.activate(before.former.number)
            return Applied("nothing", running, before.former.number, former=before.former.number)
        is_there = current.digest == following.files.digest == self.state.bundle(current.number).digest
        if is_there and (before.is_certain or planned.is_empty):
            if planned.is_empty:
                note = "" if before.is_certain else self._bringing.confirmed(current.number)
                return Applied("nothing", running, current.number, note=note, former=current.number)
            brought = self._bringing.go(current.number, following, running, before)
            return Applied(brought.how, running, current.number, note=brought.note, former=current.number, reasons=brought.reasons)
        return None

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
        with contextlib.ExitStack() as stack:
            staged = change.staged or stack.enter_context(self.state.stage(change.following.files))
            number = self.state.commit(staged, change.about, change.following.kept.as_json()).number
        serving.remember(self.state, number, change.following.kept)
        self._bringing.remember_loaded(running)
        try:
            self.state.activate(number)
            brought = self._bringing.go(number, change.following, running, before)
        finally:
            self.state.prune(self.keep)
        applied = Applied(brought.how, brought.process, number, note=brought.note, former=before.number, differs=change.differs)
        return replace(applied, reasons=brought.reasons)


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
