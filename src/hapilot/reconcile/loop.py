"""One application of a site: verify, look at the addresses, write a generation, start or reload, confirm.

In: a Prepared site and the HAProxy that runs, if one does. Out: what was done, or an error and the former state. ``serve`` calls it
for every change, ``demo`` once. The caller holds the state's lock.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from typing import Literal

from hapilot.base import diagnostics, errors
from hapilot.base.diagnostics import Diagnostic
from hapilot.compile import build
from hapilot.reconcile import pipeline, serving, verify
from hapilot.render import bundle, summary
from hapilot.runtime import binary, endpoints, files, identity, preflight, process


@dataclass(frozen=True, slots=True)
class Applied:
    """What one application did. ``warned`` is what HAProxy itself had to say."""

    how: Literal["start", "adopt", "reload", "nothing"]
    process: process.Process
    generation: int
    warned: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class Operator:
    """Brings prepared sites to life with one HAProxy in one state directory."""

    haproxy: binary.Haproxy
    state: files.StateDirectory

    def apply(self, prepared: pipeline.Prepared, running: process.Process | None) -> Applied:
        """Make ``prepared`` the running state. Nothing is changed unless every check passes; raises SiteError otherwise."""
        made, wanted = prepared.require()
        former = self.state.serving()
        if running is not None and former is not None and self._runs(wanted, former):
            return Applied("nothing", running, former.number)
        warned = verify.verify(made, wanted, self.haproxy)
        if diagnostics.has_errors(warned):
            raise errors.SiteError((*prepared.diagnostics, *warned))
        self._preflight(made, running)
        about = files.Description(time.time(), f"{len(made.routes)} routes", str(prepared.path.absolute()))
        generation = self.state.write(wanted, about, summary.summarise(made, opened(made)).as_json()).number
        self.state.activate(generation)
        if running is None:
            done = Applied("start", self._start(made, former), generation, warned)
        else:
            self._reload(made, running, former)
            done = Applied("reload", running, generation, warned)
        self.state.confirm(generation)
        return done

    def restart(self, drop_to: str | None) -> process.Process:
        """Start HAProxy again on the current generation, after it ended by itself."""
        started = process.start(self.haproxy, self.state, drop_to=drop_to)
        current = self.state.current()
        if current is not None:
            self.state.confirm(current.number)
        return started

    def _runs(self, wanted: bundle.Bundle, former: files.Generation) -> bool:
        """Whether HAProxy runs just these files. After an interrupted change, which leaves the links apart, nobody knows what it runs."""
        current = self.state.current()
        return former.digest == wanted.digest and current is not None and current.number == former.number

    def _start(self, made: build.Build, former: files.Generation | None) -> process.Process:
        try:
            started = process.start(self.haproxy, self.state, drop_to=made.target.drop_to or None)
            try:
                started.wait_ready(listening(made))
            except errors.HaproxyFailed:
                started.stop(0.0)
                raise
        except errors.HaproxyFailed:
            self._back_to(former)
            raise
        return started

    def _reload(self, made: build.Build, running: process.Process, former: files.Generation | None) -> None:
        """A refused reload leaves the old worker; one that was taken and does not serve is undone by another."""
        try:
            running.reload()
        except errors.HaproxyFailed:
            self._back_to(former)
            raise
        try:
            running.wait_ready(listening(made))
        except errors.HaproxyFailed:
            self._back_to(former)
            with contextlib.suppress(errors.HaproxyFailed):
                running.reload()
            raise

    def _back_to(self, former: files.Generation | None) -> None:
        if former is not None:
            self.state.activate(former.number)

    def _preflight(self, made: build.Build, running: process.Process | None) -> None:
        """Only new addresses are tried while HAProxy runs: it holds the others itself."""
        wanted = wanted_binds(made)
        ours: frozenset[int] = frozenset()
        if running is not None:
            before = serving.serving_summary(self.state)
            held = set(before.opened) if before else set[summary.Opened]()
            wanted = tuple(bind for bind in wanted if summary.Opened(bind.host, bind.port) not in held)
            ours = frozenset(member.pid for member in identity.group_members(running.pid)) if wanted else ours
        found = preflight.check_binds(wanted, ours=ours)
        if diagnostics.has_errors(found):
            raise errors.SiteError(found)


def wanted_binds(made: build.Build) -> tuple[preflight.WantedBind, ...]:
    """Every public address with the place in the site file that asks for it."""
    spec, origins = made.site.spec, made.site.origins
    named = [(("listeners", name), listener.bind) for name, listener in (spec.listeners or {}).items()]
    named += [(("admin", part), page.bind) for part in ("stats", "metrics") if (page := getattr(spec.admin, part)) is not None]
    used = {layer.listener for layer in made.layers}
    return tuple(
        preflight.WantedBind(host, bind.port, origins.at(*path, "bind", index))
        for path, binds in named
        if path[0] == "admin" or path[1] in used
        for index, bind in enumerate(binds)
        if bind.kind == "tcp"
        for host in sorted(bind.addresses)
        if made.target.ipv6 or ":" not in host
    )


def opened(made: build.Build) -> tuple[summary.Opened, ...]:
    """Every public address, as the summary keeps it."""
    return tuple(summary.Opened(bind.host, bind.port) for bind in wanted_binds(made))


def listening(made: build.Build) -> tuple[endpoints.Endpoint, ...]:
    """Every public address, to be waited for."""
    return tuple(endpoints.Endpoint(bind.host, bind.port) for bind in wanted_binds(made))


def problems(problem: errors.HapilotError) -> tuple[Diagnostic, ...]:
    """The diagnostics of an error, where it has some."""
    return problem.diagnostics if isinstance(problem, errors.SiteError) else ()
