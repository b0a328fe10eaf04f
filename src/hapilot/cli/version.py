"""``hapilot version``."""

from __future__ import annotations

import click

from hapilot import __version__


@click.command("version")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(as_json: bool) -> None:  # noqa: FBT001 - a flag on the command line
    """Print hapilot's version; with --json also the HAProxy that would be used."""
    if not as_json:
        click.echo(f"hapilot {__version__}")
        return
    from hapilot.base import errors
    from hapilot.cli import output
    from hapilot.runtime import binary

    try:
        haproxy = binary.choose(None)
        found = {"version": haproxy.version_text, "path": str(haproxy.path), "origin": haproxy.origin}
    except errors.HaproxyMissing:
        found = None
    output.print_json({"hapilot": __version__, "haproxy": found})
