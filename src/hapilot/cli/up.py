"""``hapilot up``: compile, run, watch and apply, in the foreground."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TypedDict, Unpack

import click

from hapilot.base.diagnostics import Diagnostic
from hapilot.cli import duration, options, output
from hapilot.runtime.retention import KEPT


def _ready(line: str) -> None:
    """A result on stdout. Whoever reads it may go away, and a disk may be full; the site stays up all the same."""
    with contextlib.suppress(OSError):
        click.echo(line)


def _say(text: str) -> None:
    """A message on stderr, with the same indifference."""
    with contextlib.suppress(OSError):
        output.message(text)


def _show(found: Iterable[Diagnostic]) -> None:
    """Diagnostics on stderr, with the same indifference."""
    with contextlib.suppress(OSError):
        output.diagnostics(found)


def _is_missing(site: Path) -> bool:
    """Whether nothing is there; where that can't be told, loading says why."""
    try:
        return not site.exists()
    except OSError:
        return False


class _Wished(TypedDict):
    """The options that say how it is to run."""

    stop_seconds: float
    old_workers: float
    reload_seconds: float
    on_change: str
    strict: bool
    on_drift: str
    keep: int


@click.command("up")
@options.site
@click.option(
    "--stop-seconds", default=30.0, show_default=True, type=click.FloatRange(min=0), help="How long connections may finish when it ends."
)
@click.option(
    "--old-workers",
    callback=duration.seconds,
    metavar="1h",
    help="How long old workers may finish their connections after a reload (default: as long as it takes).",
)
@click.option(
    "--reload-seconds",
    default=0.0,
    type=click.FloatRange(min=0),
    help="How long HAProxy may take for a reload (default: 30, and 2 for each MiB of files).",
)
@click.option(
    "--on-change",
    default="apply",
    show_default=True,
    type=click.Choice(["apply", "ask"]),
    help="Apply changed files, or wait for `hapilot apply`.",
)
@options.strict
@click.option(
    "--on-drift",
    default="report",
    show_default=True,
    type=click.Choice(["report", "repair"]),
    help="Only say what others change in HAProxy, or undo it too.",
)
@click.option("--keep", default=KEPT, show_default=True, type=click.IntRange(1, 1000), help="Generations kept for `hapilot rollback`.")
@options.haproxy
@options.state
def command(site: Path, haproxy_wanted: str | None, state_path: Path | None, **wished: Unpack[_Wished]) -> None:
    """Run the site. SIGTERM ends it gracefully, SIGHUP re-reads the site; a changed file is applied at once."""
    from hapilot.base import errors
    from hapilot.reconcile import choosing, resuming, signals, targeting
    from hapilot.runtime import binary, facts

    if 0 < wished["old_workers"] <= wished["stop_seconds"]:
        # HAProxy has one time for both (hard-stop-after), and would cut what --stop-seconds promises.
        raise click.UsageError("--old-workers must be longer than --stop-seconds")
    state = options.state_directory(state_path)
    if _is_missing(site):
        raise errors.HapilotError(f"there is no site at {site}", "name a site file or a folder of them: hapilot up SITE")
    chosen = binary.choose(haproxy_wanted)
    machine = facts.look()
    targeting.require_worker(machine)
    state.prepare(targeting.make_target(chosen, machine).drop_to or None)
    with state.lock(f"hapilot up {site}"), signals.handled() as asked:
        haproxy, note = choosing.settle(chosen, state)
        target = replace(targeting.make_target(haproxy, machine), old_workers=wished["old_workers"])
        environment = options.environment()
        _say(note or f"HAProxy {haproxy.version_text} ({haproxy.origin}), state in {state.root}")
        resumed = resuming.resume(state, resuming.Origin(site, haproxy, target, environment))
        for line in resumed.announced.values() if resumed is not None else ():
            _ready(line)
        # They load the compiler and all of its libraries: most of a start, while HAProxy serves already if it could be resumed.
        from hapilot.reconcile import life, loop, serve

        operator = loop.Operator(haproxy, state, wished["keep"], wished["reload_seconds"])
        asks, repairs = wished["on_change"] == "ask", wished["on_drift"] == "repair"
        settings = life.Settings(site, operator, target, environment, wished["stop_seconds"], asks, wished["strict"], repairs)
        origin = {"site": str(site.absolute()), "haproxy": str(haproxy.path), "version": haproxy.version_text}
        state.save_origin({**origin, "old_workers": wished["old_workers"]})
        try:
            serve.serve(settings, life.Voice(ready=_ready, say=_say, show=_show), asked, resumed)
        finally:
            state.tidy()
