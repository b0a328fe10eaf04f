"""The compiler on one screen: a Site and a Target go through PASSES, a Build comes out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hapilot.base import diagnostics
from hapilot.base.memory import Memory
from hapilot.compile import build
from hapilot.compile.draft import Draft
from hapilot.compile.passes import (
    access_log,
    administration,
    backends,
    certificates,
    circles,
    combinations,
    effects,
    entrances,
    frontends,
    globals_section,
    guards,
    pages,
    policies,
    routes,
    service_keys,
    shadows,
    spares,
    supported,
    tables,
    written,
    written_keys,
)
from hapilot.compile.target import Target
from hapilot.languages.haproxy import tree
from hapilot.model.site import Site

PASSES: tuple[Callable[[Draft], Draft], ...] = (
    supported.refuse_unsupported,
    written_keys.check_written,
    combinations.check_combinations,
    service_keys.check_service_keys,
    routes.make_routes,
    shadows.check_shadows,
    entrances.make_entrances,
    effects.check_effects,
    circles.check_circles,
    policies.make_policies,
    certificates.check_certificates,
    tables.make_tables,
    access_log.make_log_tables,
    globals_section.make_globals,
    written.make_written,
    frontends.make_frontends,
    pages.make_pages,
    guards.make_guards,
    backends.make_backends,
    administration.make_administration,
    spares.make_spares,
)


def compile_site(site: Site, target: Target, before: Memory | None = None) -> build.Build:
    """Everything that follows from ``site`` on ``target``. Errors are in the Build's diagnostics; nothing is raised. What follows from
    parts that are as they were ``before`` is taken from there."""
    known = Memory() if before is None else before
    target = known.same("target", _reaching_logs(site, target))
    draft = Draft(site, target, memory=known)
    for run in PASSES:
        draft = run(draft)
    return build.Build(
        site=site,
        target=target,
        config=tree.Config(draft.sections, comment=_header(site, target)),
        tables=draft.tables,
        scripts=draft.scripts,
        routes=draft.routes,
        layers=draft.layers,
        backends=draft.backends,
        diagnostics=diagnostics.in_order(draft.diagnostics),
        pages=tuple(draft.pages.values()),
        spares=draft.spares,
    )


def _reaching_logs(site: Site, wanted: Target) -> Target:
    """A syslog socket has a path, which a worker in a chroot can't reach."""
    log = site.spec.log
    return replace(wanted, chroot=False) if log is not None and log.to.startswith("syslog:/") else wanted


def _header(site: Site, wanted: Target) -> str:
    # The worker passes through the folder to the sockets in it, where it is another user; it needs to write nothing there.
    mode = f"710 -g {wanted.drop_to_group or wanted.drop_to}" if wanted.drop_to else "700"
    return (
        f"Site {site.name}, compiled by hapilot. Change the site file, not this one.\n"
        f"It runs without hapilot too: make a private folder for sockets (install -d -m {mode} DIR),\n"
        "set HAPILOT_RUN to it, then start haproxy -W -f haproxy.cfg in the folder of this file."
    )
