"""One application of a site: verify, look at the addresses, write a generation, start or reload, confirm.

In: a Prepared site and the HAProxy that runs, if one does. Out: what was done, or an error and the former state. ``serve`` calls it
for every change, ``demo`` once. The caller holds the state's lock.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Generator
from dataclasses import dataclass
from typing import Literal

from hapilot.base import diagnostics, errors
from hapilot.base.diagnostics import Diagnostic
from hapilot.compile import build
from hapilot.reconcile import addresses, pipeline, resuming, room, serving, verify
from hapilot.render import bundle, summary
from hapilot.runtime import binary, endpoints, files, identity, preflight, process
from hapilot.sources.file import secrets


@dataclass(frozen=True, slots=True)
class Applied:
    """What one application did. ``warned`` is what HAProxy itself had to say, ``note`` what could not be written down."""

    how: Literal["start", "adopt", "reload", "nothing"]
    process: process.Process
    generation: int
    warned: tuple[Diagnostic, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Before:
    """What runs before a change: its generation and summary. After an interrupted change, which leaves the links apart, nobody knows."""

    former: files.Generation | None
    summary: summary.Summary | None
    is_certain: bool

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
        return frozenset((backend, name) for backend, name, _ in _marks(wanted) & _marks(self.summary))


def _marks(of: summary.Summary) -> set[tuple[str, str, str]]:
    return {(use.backend, name, mark) for use in of.services for name, mark in use.marks.items()}


@dataclass(frozen=True, slots=True)
class Operator:
    """Brings prepared sites to life with one HAProxy in one state directory."""

    haproxy: binary.Haproxy
    state: files.StateDirectory

    def apply(self, prepared: pipeline.Prepared, running: process.Process | None) -> Applied:
        """Make ``prepared`` the running state. Raises HapilotError, and then the former state serves on, where one did."""
        made, wanted = prepared.require()
        with _said():
            before = self._before(running)
            if running is not None and before.former is not None and before.runs(wanted):
                return Applied("nothing", running, before.former.number)
            warned = room.check_room(made)
            if not diagnostics.has_errors(warned):
                warned = (*warned, *verify.verify(made, wanted, self.haproxy))
            if diagnostics.has_errors(warned):
                raise errors.SiteError((*prepared.diagnostics, *warned))
            self._preflight(made, running, before)
            kept = summary.summarise(made, addresses.opened(made), secrets.variables(made.site.spec))
            about = files.Description(time.time(), f"{len(made.routes)} routes", str(prepared.path.absolute()))
            generation = self.state.write(wanted, about, kept.as_json()).number
            self.state.activate(generation)
            if running is None:
                return Applied("start", self._start(made, kept, before), generation, warned, self._confirmed(generation))
            self._reload(kept, running, before)
            return Applied("reload", running, generation, warned, self._confirmed(generation))

    def restart(self, drop_to: str | None) -> process.Process:
        """Start HAProxy again on the current generation, after it ended by itself."""
        with _said():
            current = self.state.current()
            kept = serving.summary_of(self.state, current.number) if current is not None else None
            started = resuming.launch(self.haproxy, self.state, drop_to, kept)
            if current is not None:
                # Where it can't be written down the next change finds the links apart, and is made all the same.
                self._confirmed(current.number)
            return started

    def _before(self, running: process.Process | None) -> _Before:
        former, current = self.state.serving(), self.state.current()
        known = serving.serving_summary(self.state) if running is not None else None
        return _Before(former, known, former is not None and current is not None and current.number == former.number)

    def _confirmed(self, generation: int) -> str:
        """Notes that HAProxy runs ``generation``. It does, whether or not that can be written: then what to tell the user."""
        try:
            self.state.confirm(generation)
        except errors.StateBroken as problem:
            return f"generation {generation} runs, but this can't be written down, so `hapilot status` shows the former one: {problem}"
        return ""

    def _start(self, made: build.Build, kept: summary.Summary, before: _Before) -> process.Process:
        try:
            started = resuming.launch(self.haproxy, self.state, made.target.drop_to or None, kept)
            try:
                started.wait_ready(addresses.to_wait_for(kept.opened))
            except errors.HaproxyFailed:
                started.stop(0.0)
                raise
        except errors.HapilotError:
            self._back_to(before.former)
            raise
        return started

    def _reload(self, kept: summary.Summary, running: process.Process, before: _Before) -> None:
        """A refused reload leaves the old worker; one that was taken and does not serve is undone by another."""
        unchanged = before.unchanged(kept)
        try:
            running.reload(unchanged)
        except errors.HapilotError:
            self._back_to(before.former)
            raise
        try:
            # HAProxy handed the other sockets over.
            running.wait_ready(addresses.to_wait_for(one for one in kept.opened if one not in before.held))
        except errors.HaproxyFailed:
            self._back_to(before.former)
            with contextlib.suppress(errors.HapilotError):
                running.reload(unchanged)
            raise
        # The old worker lets go of what the new configuration has no more, and leaves the files of such sockets behind.
        endpoints.remove(set(addresses.paths(before.held)) - set(addresses.paths(kept.opened)))

    def _back_to(self, former: files.Generation | None) -> None:
        """Where even that can't be written the links stay apart, as after an interruption; the first error is the one to be told."""
        if former is not None:
            with contextlib.suppress(errors.StateBroken):
                self.state.activate(former.number)

    def _preflight(self, made: build.Build, running: process.Process | None, before: _Before) -> None:
        """Only new addresses are tried while HAProxy runs: it holds the others itself."""
        wanted = tuple(bind for bind in addresses.wanted_binds(made) if addresses.as_opened(bind) not in before.held)
        ours = None
        if running is not None and wanted:
            ours = preflight.Ours(running.pid, frozenset(member.pid for member in identity.group_members(running.pid)))
        found = preflight.check_binds(wanted, ours=ours)
        if diagnostics.has_errors(found):
            raise errors.SiteError(found)


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
