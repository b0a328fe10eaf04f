"""The stages in a row, without touching a running HAProxy: file to Site to Build to Bundle.

``check``, ``render``, ``explain`` and ``up`` all start here, so what they say is about the same thing. ``up`` goes on with
:func:`tolerant`, which leaves out bad parts alone, and :func:`without_refused`, which does so where only HAProxy objects.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from hapilot.base import collecting, diagnostics, errors
from hapilot.base.diagnostics import Diagnostic
from hapilot.base.memory import Memory
from hapilot.compile import build, compile, target  # noqa: A004 - the stage's name
from hapilot.explain import expectations, explain
from hapilot.reconcile.quarantine import isolating, refusals
from hapilot.render import bundle, render
from hapilot.sources.file import load, self_signed
from hapilot.sources.haproxy_cfg import loading


@dataclass(frozen=True, slots=True)
class Prepared:
    """A site after all pure stages. ``build`` and ``bundle`` are None where there is too little left of the site. ``watched`` are all
    files and folders that were read, ``documents`` those with the site's own text. ``isolated`` is the site without its bad parts, where
    it is to do without them; their errors are among the diagnostics, and excused. ``memory`` is the one that it was made with, if any."""

    path: Path
    build: build.Build | None
    bundle: bundle.Bundle | None
    diagnostics: tuple[Diagnostic, ...]
    watched: tuple[Path, ...]
    documents: tuple[Path, ...] = ()
    loaded: load.Loaded | None = None
    isolated: isolating.Isolated | None = None
    memory: Memory | None = field(default=None, compare=False, repr=False)

    @property
    def quarantined(self) -> tuple[isolating.Quarantined, ...]:
        """The bad parts that it does without."""
        return self.isolated.quarantined if self.isolated is not None else ()

    @property
    def ok(self) -> bool:
        """Whether it may go live as far as the pure stages can tell."""
        excused = {error for one in self.quarantined for error in one.why}
        return self.build is not None and not diagnostics.has_errors(one for one in self.diagnostics if one not in excused)

    def require(self) -> tuple[build.Build, bundle.Bundle]:
        """The results, or SiteError with every diagnostic."""
        if self.build is None or self.bundle is None or not self.ok:
            raise errors.SiteError(self.diagnostics)
        return self.build, self.bundle

    def with_more(self, found: tuple[Diagnostic, ...]) -> Prepared:
        """With what a later stage found."""
        return replace(self, diagnostics=diagnostics.in_order((*self.diagnostics, *found)))


def prepare(
    path: Path, wanted: target.Target, authority: Path | None, environment: Mapping[str, str], *, reads_only: bool = False
) -> Prepared:
    """Run the pure stages on the site at ``path``. ``authority`` is the folder of the local CA; None keeps it in memory.

    With ``reads_only`` the folder is left as it is: what is missing there is issued in memory.
    """
    local = self_signed.LocalAuthority(authority, reads_only=reads_only)
    with collecting.paused():
        return _prepare(path, wanted, local, environment)


def prepare_again(path: Path, wanted: target.Target, authority: Path | None, environment: Mapping[str, str], before: Memory) -> Prepared:
    """The same for who does it again and again: what is as it was ``before`` is taken from there. The result is no other."""
    with collecting.paused():
        return replace(_prepare(path, wanted, self_signed.LocalAuthority(authority), environment, before), memory=before)


def tolerant(prepared: Prepared, former: isolating.Former, before: Memory | None = None) -> Prepared:
    """The same without the parts that are bad, which run their last good version (``former``) or not at all. Where the errors are about no
    part that could be left out, or about a service whose requests others would get, or nothing would be served without them, all of
    it stays as it is, and is refused. ``before`` is a memory for this alone."""
    loaded = prepared.loaded
    if loaded is None or loaded.site is None or loaded.said is None or prepared.build is None:
        return prepared
    ground = isolating.Ground(loaded.site, loaded.said, prepared.build.target, former, before or Memory())
    if prepared.ok:
        return replace(prepared, isolated=isolating.Isolated(ground, build=prepared.build))
    with collecting.paused():
        one = isolating.isolate(ground, loaded.diagnostics)
        if one is not None and one.stuck is not None:
            return replace(prepared, diagnostics=isolating.refused(prepared.diagnostics, one))
        return prepared if one is None or not one.serves else _left(prepared, one)


def without_refused(prepared: Prepared, refused: tuple[Diagnostic, ...], ask: refusals.Ask) -> Prepared | None:
    """The same without what HAProxy refuses. None where it is not to be tolerated, or it is no part that could be left out."""
    if prepared.isolated is None:
        return None
    accepted = refusals.accept(prepared.isolated, refused, ask)
    return None if accepted is None or not accepted.isolated.serves else _left(prepared, accepted.isolated)


def _left(prepared: Prepared, one: isolating.Isolated) -> Prepared:
    """What goes live of a site. Its warnings are those of what is left."""
    if one.build is None or prepared.loaded is None:
        return prepared
    told = [found for found in prepared.loaded.diagnostics if found.severity != "error"]
    every = (*told, *one.warned, *(error for part in one.quarantined for error in part.why))
    files = render.render_build(one.build, one.ground.memory)
    return replace(prepared, build=one.build, bundle=files, diagnostics=diagnostics.in_order(every), isolated=one)


def _prepare(
    path: Path,
    wanted: target.Target,
    local: self_signed.LocalAuthority,
    environment: Mapping[str, str],
    before: Memory | None = None,
) -> Prepared:
    now = datetime.datetime.now(datetime.UTC)
    if loading.is_one(path):
        taken = loading.load(path)
        loaded = load.Loaded(taken.site, taken.diagnostics, taken.watched, taken.documents)
    else:
        loaded = load.load_site(path, environment=environment, now=now, authority=local, before=before)
    if loaded.site is None:
        return Prepared(path, None, None, diagnostics.in_order(loaded.diagnostics), loaded.watched, loaded.documents, loaded)
    made = compile.compile_site(loaded.site, wanted, before)
    found = (*loaded.diagnostics, *made.diagnostics)
    if diagnostics.has_errors(found):
        return Prepared(path, made, None, diagnostics.in_order(found), loaded.watched, loaded.documents, loaded)
    if loaded.site.spec.expect:
        found = (*found, *expectations.check_expectations(made, explain.Explainer(made)))
    return Prepared(path, made, render.render_build(made, before), diagnostics.in_order(found), loaded.watched, loaded.documents, loaded)
