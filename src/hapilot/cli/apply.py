"""``hapilot apply``: the running hapilot applies its site now, and says what came of it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from hapilot.base import errors
from hapilot.cli import duration, options, outcome


@click.command("apply")
@click.argument("site", required=False, type=click.Path(path_type=Path))
@click.option(
    "--confirm",
    "seconds",
    callback=duration.seconds,
    metavar="60s",
    help="Bring the former generation back unless `hapilot confirm` comes in time.",
)
@options.strict
@options.state
@options.as_json
def command(site: Path | None, seconds: float, state_path: Path | None, **flags: bool) -> None:
    """Have the running `hapilot up` read its site and apply it now. Also ends a rollback."""
    from hapilot.reconcile import protocol

    if site is not None and not os.path.lexists(site):
        raise errors.HapilotError(f"there is no site at {site}", "leave SITE out: it is the one that `hapilot up` runs")
    wanted = protocol.Apply(os.path.realpath(site) if site is not None else "", seconds, flags["strict"])
    sys.exit(outcome.tell(options.state_directory(state_path), wanted, as_json=flags["as_json"]))
