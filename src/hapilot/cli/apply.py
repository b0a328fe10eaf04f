"""``hapilot apply``: the running hapilot applies its site now, and says what came of it."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import click

from hapilot.base import errors
from hapilot.cli import options, outcome

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def _seconds(context: click.Context, parameter: click.Parameter, said: str | None) -> float:
    """A duration, as in the site file."""
    del context, parameter
    from hapilot.reconcile import protocol

    if said is None:
        return 0.0
    found = re.fullmatch(r"([0-9]{1,9})(ms|s|m|h)", said)
    seconds = int(found[1]) * _UNITS[found[2]] if found else 0.0
    if not 0 < seconds <= protocol.LONGEST_TRIAL:
        raise click.BadParameter(f"{said!r} is not a duration of at most {protocol.LONGEST_TRIAL / 3600:g} h, such as 60s or 5m")
    return seconds


@click.command("apply")
@click.argument("site", required=False, type=click.Path(path_type=Path))
@click.option(
    "--confirm",
    "seconds",
    callback=_seconds,
    metavar="60s",
    help="Bring the former generation back unless `hapilot confirm` comes in time.",
)
@options.state
@options.as_json
def command(site: Path | None, seconds: float, state_path: Path | None, as_json: bool) -> None:  # noqa: FBT001 - a flag
    """Have the running `hapilot up` read its site and apply it now. Also ends a rollback."""
    from hapilot.reconcile import protocol

    if site is not None and not os.path.lexists(site):
        raise errors.HapilotError(f"there is no site at {site}", "leave SITE out: it is the one that `hapilot up` runs")
    wanted = protocol.Apply(os.path.realpath(site) if site is not None else "", seconds)
    sys.exit(outcome.tell(options.state_directory(state_path), wanted, as_json=as_json))
