"""``hapilot render``: the files that HAProxy would run with."""

from __future__ import annotations

from pathlib import Path

import click

from hapilot.cli import options, output


@click.command("render")
@options.site
@click.option("-o", "--output", "folder", type=click.Path(path_type=Path, file_okay=False), help="Write all files into this folder.")
@options.haproxy
@options.state
@options.as_json
def command(site: Path, folder: Path | None, haproxy_wanted: str | None, state_path: Path | None, as_json: bool) -> None:  # noqa: FBT001
    """Print haproxy.cfg, or write it with its maps and certificates into a folder. The same site gives the same bytes."""
    from hapilot.base import errors
    from hapilot.reconcile import pipeline
    from hapilot.runtime import plain

    _, target = options.compile_target(haproxy_wanted)
    if folder is not None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise errors.HapilotError(f"can't write to {folder}: {problem.strerror}", "name another folder with -o") from problem
    authority = folder / "local-ca" if folder else options.kept_authority(state_path)
    prepared = pipeline.prepare(site, target, authority, options.environment(), reads_only=folder is None)
    _, bundle = prepared.require()
    output.diagnostics(prepared.diagnostics)
    if folder is not None:
        removed = plain.replace_bundle(folder, bundle)
        gone = f"; {len(removed)} of an earlier render removed" if removed else ""
        output.message(f"{len(bundle.files)} files in {folder}{gone}")
    shown = [file for file in bundle.files if file.mode & 0o077]
    if as_json:
        files = [{"path": file.path, "mode": f"{file.mode:04o}", "digest": file.digest} for file in bundle.files]
        text = {file.path: file.content.decode() for file in shown}
        output.print_json({"digest": bundle.digest, "files": files, "text": text})
    elif folder is None:
        click.echo(shown[0].content.decode(), nl=False)
