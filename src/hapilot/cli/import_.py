"""``hapilot import``: a site from a HAProxy configuration."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hapilot.cli import options, output

if TYPE_CHECKING:
    from hapilot.sources.haproxy_cfg.imported import Imported


@click.command("import")
@click.argument("paths", nargs=-1, required=True, metavar="FILE|FOLDER|-...")
@click.option("-o", "--output", "folder", type=click.Path(path_type=Path, file_okay=False), help="Write all files into this folder.")
@click.option("--force", is_flag=True, help="Write over files that are there.")
@options.as_json
def command(paths: tuple[str, ...], folder: Path | None, force: bool, as_json: bool) -> None:  # noqa: FBT001 - flags on the command line
    """A site from a haproxy.cfg. Several files, or a folder, are one configuration. What the site has no words for is kept as it is."""
    from hapilot.base import collecting
    from hapilot.sources.haproxy_cfg import importing, reading, written

    with collecting.paused():
        made = importing.take(reading.read(paths), _folder(paths))
    files = written.write(made, folder, force=force) if folder is not None else ()
    if as_json:
        _print_json(made, files)
    elif folder is None:
        click.echo(written.render(made), nl=False)
    _report(made, files)
    sys.exit(1 if made.secrets and folder is None else 0)


def _folder(paths: tuple[str, ...]) -> Path:
    """Where relative paths start: beside the configuration."""
    from hapilot.sources.haproxy_cfg import reading

    first = Path(paths[0])
    if paths[0] == reading.STANDARD_INPUT:
        return Path.cwd()
    return (first if first.is_dir() else first.parent).absolute()


def _print_json(made: Imported, files: tuple[Path, ...]) -> None:
    from hapilot.sources.haproxy_cfg import reporting

    data = {"report": reporting.data(made.report), "secrets": list(made.secrets)}
    output.print_json({"files": [str(path) for path in files], **data} if files else {"site": made.site, **data})


def _report(made: Imported, files: tuple[Path, ...]) -> None:
    from hapilot.sources.haproxy_cfg import reporting

    for line in reporting.text(made.report):
        output.message(line)
    if files:
        count = "1 file" if len(files) == 1 else f"{len(files)} files"
        output.message(f"{count} in {files[0].parent}")
    elif made.secrets:
        count = "a section" if len(made.secrets) == 1 else f"{len(made.secrets)} sections"
        output.message(f"{output.style('error', 'red', bold=True)} {count} with secrets can't be printed here")
        output.message("    say -o DIR to write them too, into files that nobody else can read")
