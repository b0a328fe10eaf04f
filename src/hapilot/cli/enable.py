"""``hapilot enable``: a server, or a service with all its servers, takes part again."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from hapilot.cli import naming, options, outcome


@click.command("enable")
@naming.server_or_service
@options.state
@options.as_json
def command(target: naming.Named, state_path: Path | None, as_json: bool) -> None:  # noqa: FBT001 - a flag on the command line
    """Undo `hapilot drain` and `hapilot maintain`: of one server, or of a service and every server of it."""
    from hapilot.reconcile import protocol

    wanted = protocol.Enable(target.service, target.server)
    sys.exit(outcome.tell(options.state_directory(state_path), wanted, as_json=as_json))
