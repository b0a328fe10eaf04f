"""What `hapilot apply` would do now. Nothing is done.

In: the state directory and a site. Out: the plan for the HAProxy that runs, or for starting one, from the site as ``up`` would compile it:
for its HAProxy, with its environment, without what is quarantined. ``cli.plan`` prints it. Whether the site is good is asked like before
a change, of the compiler and of HAProxy; that the addresses are free is left to the change.
"""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass
from pathlib import Path

from hapilot.base import diagnostics, errors
from hapilot.base.diagnostics import Diagnostic
from hapilot.compile import target
from hapilot.plan import plan as plans
from hapilot.reconcile import addresses, bringing, choosing, pipeline, report, room, targeting, verify
from hapilot.reconcile.quarantine import keeping
from hapilot.render import summary
from hapilot.runtime import binary, environment, facts, files, process
from hapilot.sources.file import secrets


@dataclass(frozen=True, slots=True)
class Asked:
    """What to plan: ``site`` is None for the one that ``up`` runs, ``haproxy`` what to use where none runs (None: as before, else the
    usual one); ``strict`` refuses a site with a bad part."""

    site: Path | None = None
    haproxy: str | None = None
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Planned:
    """The plan for ``site`` and HAProxy ``version``; ``generation`` serves now, 0 where nothing runs. ``told`` is what there is to say, and
    ``quarantined`` has a line for each bad part that the site would do without."""

    site: Path
    version: str
    generation: int
    plan: plans.Plan
    told: tuple[Diagnostic, ...]
    quarantined: tuple[str, ...] = ()


def look(state: files.StateDirectory, asked: Asked) -> Planned:
    """Compile, check, compare. Raises SiteError where the site would be refused, HapilotError where it can't be told."""
    running = report.find_process(state)
    haproxy = _haproxy(state, asked, running)
    site = asked.site or _origin(state)
    prepared = _prepared(state, asked, site, _target(state, haproxy))
    prepared, warned = _accepted(prepared, haproxy)
    planned, generation = plans.start(), 0
    if running is not None:
        made, wanted = prepared.require()
        kept = summary.summarise(made, addresses.opened(made), secrets.variables(made.site.spec))
        planned = bringing.Bringing(haproxy, state).plan(running, wanted, kept)
        serving = state.serving()
        generation = serving.number if serving is not None else 0
    told = diagnostics.in_order((*prepared.diagnostics, *warned))
    left_out = tuple(one.shown for one in keeping.noted(prepared.quarantined, (), 0.0))
    return Planned(site, haproxy.version_text, generation, planned, told, left_out)


def _origin(state: files.StateDirectory) -> Path:
    """The site that ``up`` runs, or ran last."""
    said = state.origin().get("site")
    if not isinstance(said, str):
        raise errors.HapilotError(
            f"no site has been run in {state.root}", "name one: hapilot plan SITE; or another state directory with --state"
        )
    return Path(said)


def _haproxy(state: files.StateDirectory, asked: Asked, running: process.Process | None) -> binary.Haproxy:
    """The one that runs. Where none does, what was asked for, or the one that ran last if it is still there."""
    last = state.origin().get("haproxy")
    usual = last if asked.haproxy is None and isinstance(last, str) and os.access(last, os.X_OK) else None
    chosen = binary.choose(asked.haproxy or usual)
    return choosing.settle(chosen, state)[0] if running is not None else chosen


def _target(state: files.StateDirectory, haproxy: binary.Haproxy) -> target.Target:
    """The target of ``up``, whose user has the state directory."""
    machine = facts.look()
    if state.root.is_dir():
        machine = dataclasses.replace(machine, uid=state.root.stat().st_uid)
    longest = state.origin().get("old_workers", 0)
    old_workers = float(longest) if isinstance(longest, int | float) else 0.0
    return dataclasses.replace(targeting.make_target(haproxy, machine), old_workers=old_workers)


def _prepared(state: files.StateDirectory, asked: Asked, site: Path, wanted: target.Target) -> pipeline.Prepared:
    """As ``up`` reads it; the folder of the local CA is left as it is."""
    holder = state.holder() if state.root.is_dir() else None
    variables = (environment.of_process(holder) if holder is not None else None) or dict(os.environ)
    authority = state.ca if os.access(state.ca, os.R_OK | os.X_OK) else None
    prepared = pipeline.prepare(site, wanted, authority, variables, reads_only=True)
    return prepared if asked.strict else pipeline.tolerant(prepared, keeping.former(state))


def _accepted(prepared: pipeline.Prepared, haproxy: binary.Haproxy) -> tuple[pipeline.Prepared, tuple[Diagnostic, ...]]:
    """What HAProxy takes of the site, and what it says of it. Raises SiteError where it takes none."""
    made, wanted = prepared.require()
    said = verify.verify(made, wanted, haproxy)
    if not diagnostics.has_errors(said):
        return prepared, (*room.check_room_here(made), *said)
    left = pipeline.without_refused(prepared, said, verify.asking(haproxy))
    if left is None:
        raise errors.SiteError((*prepared.diagnostics, *said))
    return _accepted(left, haproxy)
