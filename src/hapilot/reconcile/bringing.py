"""Makes a generation that lies on disk the one that serves: HAProxy is started, changed while it runs, or reloaded, waited for, and put
back where it fails.

In: the state directory, what ran before, and what is to run. Out: the HAProxy that serves it, or an error and the former state. Called by
``loop``, which decides what is to serve and writes it.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import Literal

from hapilot.base import diagnostics, errors
from hapilot.plan import plan as plans
from hapilot.plan import running as states
from hapilot.reconcile import addresses, changing, resuming, serving, wanting
from hapilot.render import bundle, summary
from hapilot.runtime import binary, endpoints, files, identity, memory, overrides, preflight, process, reloading


@dataclass(frozen=True, slots=True)
class Brought:
    """The HAProxy that serves, how it came to that, what the user must know besides, and why it was reloaded."""

    how: Literal["start", "reload", "runtime"]
    process: process.Process
    note: str
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Following:
    """What is to serve: its files and what they are, and the user that HAProxy's worker becomes. ``planned`` is how a HAProxy that runs
    comes to it, None where nothing runs."""

    files: bundle.Bundle
    kept: summary.Summary
    drop_to: str | None
    planned: plans.Plan | None = None


@dataclass(frozen=True, slots=True)
class Before:
    """What runs before a change: its generation and summary. After an interrupted change, which leaves the links apart, nobody knows."""

    former: files.Generation | None
    summary: summary.Summary | None
    is_certain: bool

    @property
    def number(self) -> int:
        """The number of the generation, 0 for none."""
        return self.former.number if self.former is not None else 0

    @property
    def held(self) -> frozenset[summary.Opened]:
        """The addresses that HAProxy listens on."""
        return frozenset(self.summary.opened if self.summary else ())

    def runs(self, wanted: bundle.Bundle) -> bool:
        """Whether HAProxy runs just these files."""
        return self.former is not None and self.is_certain and self.former.digest == wanted.digest

    def unchanged(self, wanted: summary.Summary) -> frozenset[tuple[str, str]]:
        """Backend and name of the servers of ``wanted`` that are what they were."""
        if self.summary is None or not self.is_certain:
            return frozenset()
        return serving.unchanged(self.summary, wanted)


def look(state: files.StateDirectory, running: process.Process | None) -> Before:
    """What runs now, if anything does."""
    former, current = state.serving(), state.current()
    known = serving.serving_summary(state) if running is not None else None
    return Before(former, known, former is not None and current is not None and current.number == former.number)


@dataclass(frozen=True, slots=True)
class Bringing:
    """One HAProxy and one state directory. A reload may take ``reload_seconds``; 0 for as long as its files ask for. ``closely`` takes
    the time to look for everything that others may have changed; ``seen`` is what was seen last."""

    haproxy: binary.Haproxy
    state: files.StateDirectory
    reload_seconds: float = 0.0
    closely: bool = False
    seen: memory.Seen = field(default_factory=memory.Seen)

    def plan(self, running: process.Process, wanted: bundle.Bundle, kept: summary.Summary) -> plans.Plan:
        """How ``running`` comes to serve these files with what verbs said of servers."""
        return changing.plan(running, self.wanted(wanted, kept), self.seen, closely=self.closely)

    def plan_soon(self, running: process.Process, wanted: bundle.Bundle, kept: summary.Summary) -> plans.Plan:
        """The same for a change, which looks afterwards anyway, by what was seen last."""
        return changing.plan_soon(running, self.wanted(wanted, kept), self.seen)

    def wanted(self, files: bundle.Bundle, kept: summary.Summary) -> states.Wanted:
        """What should run, with what is recorded of servers. A damaged record does not keep HAProxy from serving."""
        known: overrides.Overrides = ()
        with contextlib.suppress(errors.StateBroken):
            known = overrides.read(self.state)
        return wanting.wanted(known, files, kept)

    def go(self, number: int, following: Following, running: process.Process | None, before: Before) -> Brought:
        """Make the current generation ``number`` serve. Raises HapilotError, and then the former one is current and serves on."""
        if running is None:
            started = self._start(following, before)
            return Brought("start", started, self._said(self.settled(started, following), number))
        planned = following.planned
        refused = ""
        if planned is not None and not planned.reload:
            refused = changing.change(running, planned, self.wanted(following.files, following.kept), self.seen)
            if not refused:
                return Brought("runtime", running, self.confirmed(number))
        try:
            self._reload(following, running, before)
        except errors.HapilotError:
            if refused:
                self._settle_former(running, before)
            raise
        reasons = (refused,) if refused else planned.reload_reasons if planned is not None else ()
        return Brought("reload", running, self._said(self.settled(running, following), number), reasons)

    def _settle_former(self, running: process.Process, before: Before) -> None:
        """Steps that HAProxy took before it refused one are taken back, as far as it goes along."""
        if before.former is not None and before.summary is not None:
            with contextlib.suppress(errors.HapilotError):
                self.settled(running, Following(self.state.bundle(before.former.number), before.summary, None))

    def settled(self, running: process.Process, following: Following) -> str:
        """A worker that has just read the files gets what they don't say; then it has to be as it should. What is not, in words."""
        try:
            planned = self.plan(running, following.files, following.kept)
            if planned.is_empty:
                return ""
            if planned.reload:
                return f"HAProxy has read its files, and yet {planned.reload_reasons[0]}"
            return changing.change(running, planned, self.wanted(following.files, following.kept), self.seen)
        except errors.HapilotError as problem:
            return f"whether HAProxy has all of it can't be told: {problem}"

    def remember_loaded(self, running: process.Process | None) -> None:
        """Note what HAProxy has read, before generations are forgotten: whoever had it read may have been killed before the note."""
        number = changing.loaded(running) if running is not None else None
        if number is not None:
            with contextlib.suppress(errors.StateBroken):
                self.state.note_loaded(number)

    def _said(self, note: str, number: int) -> str:
        """After HAProxy has read the files."""
        with contextlib.suppress(errors.StateBroken):
            # Without it the generation may be forgotten some day, and then the next change is a reload.
            self.state.note_loaded(number)
        return "; ".join(part for part in (note, self.confirmed(number)) if part)

    def confirmed(self, generation: int) -> str:
        """Notes that HAProxy runs ``generation``. It does, whether or not that can be written: then what to tell the user."""
        try:
            self.state.confirm(generation)
        except errors.StateBroken as problem:
            return f"generation {generation} runs, but this can't be written down, so `hapilot status` shows the former one: {problem}"
        return ""

    def _start(self, following: Following, before: Before) -> process.Process:
        try:
            started = resuming.launch(self.haproxy, self.state, following.drop_to, following.kept)
            try:
                started.wait_ready(addresses.to_wait_for(following.kept.opened))
            except errors.HaproxyFailed:
                started.stop(0.0)
                raise
        except errors.HapilotError:
            self._back_to(before.former)
            raise
        return started

    def _reload(self, following: Following, running: process.Process, before: Before) -> None:
        """A refused reload leaves the old worker; one that was taken and does not serve is undone by another."""
        kept = following.kept
        unchanged, seconds = before.unchanged(kept), self._reload_limit(following.files)
        try:
            running.reload(unchanged, seconds)
        except errors.HaproxyMute as problem:
            self._undo(running, before, following)
            running.cut(problem.worker)
            raise
        except errors.HapilotError:
            self._back_to(before.former)
            raise
        try:
            # HAProxy handed the other sockets over.
            running.wait_ready(addresses.to_wait_for(one for one in kept.opened if one not in before.held))
        except errors.HaproxyFailed:
            self._undo(running, before, following)
            raise
        # The old worker lets go of what the new configuration has no more, and leaves the files of such sockets behind.
        endpoints.remove(set(addresses.paths(before.held)) - set(addresses.paths(kept.opened)))

    def _undo(self, running: process.Process, before: Before, following: Following) -> None:
        """Have HAProxy read what it had read before. Where that fails too, the next change finds that it has other files than it should."""
        self._back_to(before.former)
        with contextlib.suppress(errors.HapilotError):
            running.reload(before.unchanged(following.kept), self._reload_limit(following.files))
            if before.former is not None:
                number = before.former.number
                self.state.note_loaded(number)
                kept = serving.summary_of(self.state, number)
                self.settled(running, Following(self.state.bundle(number), kept, following.drop_to))

    def _reload_limit(self, files: bundle.Bundle) -> float:
        """Seconds for a reload that reads ``files``."""
        return self.reload_seconds or reloading.usual_seconds(sum(len(file.content) for file in files.files))

    def _back_to(self, former: files.Generation | None) -> None:
        """Where even that can't be written the links stay apart, as after an interruption; the first error is the one to be told."""
        if former is not None:
            with contextlib.suppress(errors.StateBroken):
                self.state.activate(former.number)

    def preflight(self, wanted: tuple[preflight.WantedBind, ...], running: process.Process | None, before: Before) -> None:
        """Only new addresses are tried while HAProxy runs: it holds the others itself."""
        new = tuple(bind for bind in wanted if addresses.as_opened(bind) not in before.held)
        ours = None
        if running is not None and new:
            ours = preflight.Ours(running.pid, frozenset(member.pid for member in identity.group_members(running.pid)))
        found = preflight.check_binds(new, ours=ours)
        if diagnostics.has_errors(found):
            raise errors.SiteError(found)
