"""Makes a generation that lies on disk the one that serves: HAProxy is started or reloaded, waited for, and put back where it fails.

In: the state directory, what ran before, and what is to run. Out: the HAProxy that serves it, or an error and the former state. Called by
``loop``, which decides what is to serve and writes it.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Literal

from hapilot.base import diagnostics, errors
from hapilot.reconcile import addresses, resuming, serving
from hapilot.render import bundle, summary
from hapilot.runtime import binary, endpoints, files, identity, preflight, process


@dataclass(frozen=True, slots=True)
class Brought:
    """The HAProxy that serves, how it came to that, and what could not be written down."""

    how: Literal["start", "reload"]
    process: process.Process
    note: str


@dataclass(frozen=True, slots=True)
class Following:
    """What is to serve: what its files are, and the user that HAProxy's worker becomes."""

    kept: summary.Summary
    drop_to: str | None


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
        return frozenset((backend, name) for backend, name, _ in _marks(wanted) & _marks(self.summary))


def _marks(of: summary.Summary) -> set[tuple[str, str, str]]:
    return {(use.backend, name, mark) for use in of.services for name, mark in use.marks.items()}


def look(state: files.StateDirectory, running: process.Process | None) -> Before:
    """What runs now, if anything does."""
    former, current = state.serving(), state.current()
    known = serving.serving_summary(state) if running is not None else None
    return Before(former, known, former is not None and current is not None and current.number == former.number)


@dataclass(frozen=True, slots=True)
class Bringing:
    """One HAProxy and one state directory."""

    haproxy: binary.Haproxy
    state: files.StateDirectory

    def go(self, number: int, following: Following, running: process.Process | None, before: Before) -> Brought:
        """Make the current generation ``number`` serve. Raises HapilotError, and then the former one is current and serves on."""
        if running is None:
            started = self._start(following, before)
            return Brought("start", started, self.confirmed(number))
        self._reload(following.kept, running, before)
        return Brought("reload", running, self.confirmed(number))

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

    def _reload(self, kept: summary.Summary, running: process.Process, before: Before) -> None:
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

    def preflight(self, wanted: tuple[preflight.WantedBind, ...], running: process.Process | None, before: Before) -> None:
        """Only new addresses are tried while HAProxy runs: it holds the others itself."""
        new = tuple(bind for bind in wanted if addresses.as_opened(bind) not in before.held)
        ours = None
        if running is not None and new:
            ours = preflight.Ours(running.pid, frozenset(member.pid for member in identity.group_members(running.pid)))
        found = preflight.check_binds(new, ours=ours)
        if diagnostics.has_errors(found):
            raise errors.SiteError(found)
