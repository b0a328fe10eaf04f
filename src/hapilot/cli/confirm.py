"""``hapilot confirm``: the generation that was applied with ``--confirm`` stays."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from hapilot.cli import options, outcome


@click.command("confirm")
@options.state
@options.as_json
def command(state_path: Path | None, as_json: bool) -> None:  # noqa: FBT001 - a flag on the command line
    """Keep the generation that `hapilot apply --confirm` has made."""
    from hapilot.reconcile import protocol

    sys.exit(outcome.tell(options.state_directory(state_path), protocol.Confirm(), as_json=as_json))
