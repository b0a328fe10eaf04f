"""``hapilot weight``: how much of a service's load a server gets."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from hapilot.cli import naming, options, outcome


def _weight(context: click.Context, parameter: click.Parameter, said: str) -> int | None:
    """What HAProxy takes for a weight; None for the site file's."""
    del context, parameter
    from hapilot.runtime import overrides

    if said == "default":
        return None
    if not (said.isascii() and said.isdecimal()) or len(said) > 3 or int(said) > overrides.HEAVIEST:
        raise click.BadParameter(f"{said!r} is no weight: say 0 to {overrides.HEAVIEST}, or 'default' for the site file's")
    return int(said)


@click.command("weight")
@naming.server
@click.argument("weight", metavar="N|default", callback=_weight)
@options.state
@options.as_json
def command(target: naming.Named, weight: int | None, state_path: Path | None, as_json: bool) -> None:  # noqa: FBT001 - a flag
    """Give a server another weight among those of its service: 0 to 256, or `default` for what the site file says."""
    from hapilot.reconcile import protocol

    wanted = protocol.Weigh(target.service, target.server, weight)
    sys.exit(outcome.tell(options.state_directory(state_path), wanted, as_json=as_json))
