"""``hapilot maintain``: nothing goes to a server, or to any server of a service, and nobody checks whether it is up."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from hapilot.cli import naming, options, outcome


@click.command("maintain")
@naming.server_or_service
@options.state
@options.as_json
def command(target: naming.Named, state_path: Path | None, as_json: bool) -> None:  # noqa: FBT001 - a flag on the command line
    """Keep everything from a server, or from all servers of a service, until `hapilot enable`."""
    from hapilot.reconcile import protocol

    wanted = protocol.Maintain(target.service, target.server)
    sys.exit(outcome.tell(options.state_directory(state_path), wanted, as_json=as_json))
