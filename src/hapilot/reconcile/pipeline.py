"""The stages in a row, without touching a running HAProxy: file to Site to Build to Bundle.

``check``, ``render``, ``explain`` and ``up`` all start here, so what they say is about the same thing.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from hapilot.base import collecting, diagnostics, errors
from hapilot.base.diagnostics import Diagnostic
from hapilot.compile import build, compile, target  # noqa: A004 - the stage's name
from hapilot.explain import expectations, explain
from hapilot.render import bundle, render
from hapilot.sources.file import load, self_signed


@dataclass(frozen=True, slots=True)
class Prepared:
    """A site after all pure stages. ``build`` and ``bundle`` are None where there is too little left of the site. ``watched`` are all
    files and folders that were read, ``documents`` those with the site's own text."""

    path: Path
    build: build.Build | None
    bundle: bundle.Bundle | None
    diagnostics: tuple[Diagnostic, ...]
    watched: tuple[Path, ...]
    documents: tuple[Path, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether it may go live as far as the pure stages can tell."""
        return self.build is not None and not diagnostics.has_errors(self.diagnostics)

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


def _prepare(path: Path, wanted: target.Target, local: self_signed.LocalAuthority, environment: Mapping[str, str]) -> Prepared:
    now = datetime.datetime.now(datetime.UTC)
    loaded = load.load_site(path, environment=environment, now=now, authority=local)
    if loaded.site is None:
        return Prepared(path, None, None, diagnostics.in_order(loaded.diagnostics), loaded.watched, loaded.documents)
    made = compile.compile_site(loaded.site, wanted)
    found = (*loaded.diagnostics, *made.diagnostics)
    if diagnostics.has_errors(found):
        return Prepared(path, made, None, diagnostics.in_order(found), loaded.watched, loaded.documents)
    found = (*found, *expectations.check_expectations(made, explain.Explainer(made)))
    return Prepared(path, made, render.render_build(made), diagnostics.in_order(found), loaded.watched, loaded.documents)
