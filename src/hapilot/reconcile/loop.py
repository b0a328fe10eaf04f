"""``up`` on one screen: prepare, verify, start or adopt, then apply every change of the sources until told to end."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from hapilot.base import diagnostics, errors
from hapilot.base.diagnostics import Diagnostic
from hapilot.compile import build
from hapilot.reconcile import pipeline, verify
from hapilot.render import bundle
from hapilot.runtime import binary, endpoints, files, preflight, process

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Applied:
    """What one application did: ``how`` is start, adopt, reload or nothing."""

    how: str
    process: process.Process
    generation: int


@dataclass(frozen=True, slots=True)
class Operator:
    """Brings prepared sites to life with one HAProxy in one state directory. The caller holds the state's lock."""

    haproxy: binary.Haproxy
    state: files.StateDirectory

    def apply(self, prepared: pipeline.Prepared, running: process.Process | None) -> Applied:
        """Make ``prepared`` the running state. Nothing is changed unless every check passes; raises SiteError otherwise."""
        made, wanted = prepared.require()
        current = self.state.current()
        if running is not None and current is not None and current.digest == wanted.digest:
            return Applied("nothing", running, current.number)
        refused = verify.verify(made, wanted, self.haproxy)
        if diagnostics.has_errors(refused):
            raise errors.SiteError((*prepared.diagnostics, *refused))
        if running is None:
            self._preflight(made)
        generation = self._write(prepared, wanted)
        previous = current.number if current else None
        self.state.activate(generation)
        try:
            if running is None:
                started = process.start(self.haproxy, self.state, drop_to=made.target.drop_to or None)
                started.wait_ready(listening(made))
                return Applied("start", started, generation)
            running.reload()
            running.wait_ready(listening(made))
        except errors.HaproxyFailed:
            if previous is not None:
                self.state.activate(previous)
            raise
        return Applied("reload", running, generation)

    def _write(self, prepared: pipeline.Prepared, wanted: bundle.Bundle) -> int:
        summary = f"{len(prepared.build.routes) if prepared.build else 0} routes"
        return self.state.write(wanted, files.Description(time.time(), summary, str(prepared.path))).number

    def _preflight(self, made: build.Build) -> None:
        found = preflight.check_binds(wanted_binds(made))
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


def listening(made: build.Build) -> tuple[endpoints.Endpoint, ...]:
    """Every public address, to be waited for."""
    return tuple(endpoints.Endpoint(bind.host, bind.port) for bind in wanted_binds(made))


def problems(problem: errors.HapilotError) -> tuple[Diagnostic, ...]:
    """The diagnostics of an error, where it has some."""
    return problem.diagnostics if isinstance(problem, errors.SiteError) else ()
