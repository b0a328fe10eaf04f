"""``hapilot plan``: what an apply would do to the HAProxy that runs."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hapilot.base import errors
from hapilot.cli import options, output

if TYPE_CHECKING:
    from hapilot.plan import shown
    from hapilot.reconcile import planning

_COLOURS = {"+": "green", "-": "red", "~": "yellow", "!": "magenta"}
CHANGES = 2
"""The exit code of --detailed-exitcode where something would change."""


@click.command("plan")
@click.argument("site", required=False, type=click.Path(path_type=Path))
@click.option("--detailed-exitcode", is_flag=True, help="Exit code 0 where nothing would change, 2 where something would, 1 for errors.")
@options.strict
@options.haproxy
@options.state
@options.as_json
def command(site: Path | None, haproxy_wanted: str | None, state_path: Path | None, **flags: bool) -> None:
    """What `hapilot apply` would do to the running HAProxy: each change, or why it takes a reload. Changes nothing."""
    from hapilot.reconcile import planning

    if site is not None and not os.path.lexists(site):
        raise errors.HapilotError(f"there is no site at {site}", "leave SITE out: it is the one that `hapilot up` runs")
    asked = planning.Asked(site, haproxy_wanted, flags["strict"])
    try:
        with output.progress("asking HAProxy"):
            planned = planning.look(options.state_directory(state_path), asked)
    except errors.HapilotError as problem:
        if not flags["as_json"]:
            raise
        found = problem.diagnostics if isinstance(problem, errors.SiteError) else ()
        output.print_json({"ok": False, "error": str(problem), "hint": problem.hint, "diagnostics": [one.as_json() for one in found]})
        sys.exit(1)
    _print(planned, as_json=flags["as_json"])
    sys.exit(CHANGES if flags["detailed_exitcode"] and not planned.plan.is_empty else 0)


def _print(planned: planning.Planned, *, as_json: bool) -> None:
    from hapilot.plan import shown

    if as_json:
        about = {"site": str(planned.site), "generation": planned.generation, "haproxy": planned.version}
        said = {"quarantined": list(planned.quarantined), "diagnostics": [one.as_json() for one in planned.told]}
        output.print_json({"ok": True, **about, **shown.as_json(planned.plan), **said})
        return
    output.diagnostics(planned.told)
    runs = f"generation {planned.generation}" if planned.generation else "nothing runs"
    click.echo(f"{planned.site} against HAProxy {planned.version}, {runs}")
    for line in planned.quarantined:
        click.echo(f"  quarantined: {line}")
    for line in shown.lines(planned.plan):
        click.echo(_coloured(line))


def _coloured(line: shown.Line) -> str:
    return output.style(line.text, _COLOURS[line.sign]) if line.sign else line.text
