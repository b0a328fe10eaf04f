"""``hapilot rollback``: a former generation serves again."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from hapilot.cli import options, outcome


def _kept(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """For shell completion: the generations that are kept, with what they changed."""
    del parameter
    from hapilot.base import errors
    from hapilot.reconcile import history

    try:
        rows = history.rows(options.state_directory(context.params.get("state_path")))
    except errors.HapilotError:
        return []
    return [CompletionItem(str(row.number), help=row.summary) for row in reversed(rows) if str(row.number).startswith(incomplete)]


@click.command("rollback")
@click.argument("generation", required=False, metavar="[N]", type=click.IntRange(min=1, max=2**53 - 1), shell_complete=_kept)
@options.state
@options.as_json
def command(generation: int | None, state_path: Path | None, as_json: bool) -> None:  # noqa: FBT001 - a flag on the command line
    """Bring generation N back, by default the one before. It stays until the site's own files change, or `hapilot apply`."""
    from hapilot.reconcile import protocol

    sys.exit(outcome.tell(options.state_directory(state_path), protocol.Rollback(generation or 0), as_json=as_json))
