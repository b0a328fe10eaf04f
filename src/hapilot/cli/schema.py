"""``hapilot schema``: the JSON Schema of the site file."""

from __future__ import annotations

import click

from hapilot.cli import output


@click.command("schema")
def command() -> None:
    """Print the JSON Schema; editors use it through `# yaml-language-server: $schema=...`."""
    from hapilot.model import spec

    output.print_json(spec.json_schema())
