"""``hapilot export``: files for other programs, one command for each of them."""

from __future__ import annotations

import sys
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from hapilot import __version__
from hapilot.cli import options, output

if TYPE_CHECKING:
    from hapilot.export import container, podman
    from hapilot.reconcile import surroundings

DEFAULT_IMAGE = f"localhost/hapilot:{__version__}"


@click.group("export")
def command() -> None:
    """Files for other programs."""


class _Podman(TypedDict):
    """The options of ``export podman`` that say how it is to run."""

    image: str
    name: str
    mounts: tuple[Path, ...]
    stop_seconds: int
    rootless: bool


@command.command("podman")
@options.site
@click.option("-o", "--output", "folder", type=click.Path(path_type=Path, file_okay=False), help="Write all files into this folder.")
@click.option("--image", default=DEFAULT_IMAGE, show_default=True, metavar="NAME", help="The image with hapilot in it.")
@click.option("--name", default="", metavar="NAME", help="Name of the container and of the unit (default: hapilot-SITE).")
@click.option(
    "--mount",
    "mounts",
    multiple=True,
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="One more folder that the site reads, mounted read-only; may be repeated.",
)
@click.option("--stop-seconds", default=30, show_default=True, type=click.IntRange(0, 3600), help="How long connections may finish.")
@click.option("--rootless", is_flag=True, help="For a user's own podman; the default is root's.")
@options.as_json
def _podman(site: Path, folder: Path | None, as_json: bool, **wished: Unpack[_Podman]) -> None:  # noqa: FBT001 - a flag on the command line
    """A podman run command, a Quadlet unit and the image's Containerfile: host network, read-only, no root."""
    from hapilot.base import errors
    from hapilot.export import container, podman
    from hapilot.reconcile import surroundings

    mounts = tuple(surroundings.absolute(mount) for mount in wished["mounts"])
    folders = tuple(PurePosixPath(mount) for mount in mounts)
    wish = container.Wish(wished["image"], wished["name"], folders, wished["stop_seconds"], wished["rootless"])
    if wrong := podman.wrong_words(wish):
        raise click.UsageError(wrong)
    _, target = options.compile_target(None)
    looked = surroundings.look(site, target, options.environment(), mounts)
    exported = _export(looked, wish)
    if exported.has_errors:
        raise errors.SiteError(exported.diagnostics)
    output.diagnostics(exported.diagnostics)
    if folder is not None:
        _write(exported, folder)
    if as_json:
        output.print_json(exported.as_json())
    elif folder is None:
        _print(exported)


@command.command("grafana")
def _grafana() -> None:
    """A Grafana dashboard of HAProxy's and hapilot's metrics, to import."""
    from hapilot.publish import dashboard

    click.echo(dashboard.text(), nl=False)


def _export(looked: surroundings.Looked, wish: container.Wish) -> podman.Exported:
    """What the site's own diagnostics and those of the export come to. Raises SiteError where the site itself is wrong."""
    from importlib import resources

    from hapilot.export import podman

    build, _ = looked.prepared.require()
    containerfile = resources.files("hapilot.export").joinpath(podman.CONTAINERFILE).read_text(encoding="utf-8")
    return podman.export(build.site, looked.around, wish, containerfile).with_more(looked.prepared.diagnostics)


def _print(exported: podman.Exported) -> None:
    """What belongs to the site; the image is the same for all of them."""
    from hapilot.export import podman

    shown = [file for file in exported.files if file.path != podman.CONTAINERFILE]
    click.echo("\n".join(f"# --- {file.path}\n{file.content.decode()}" for file in shown), nl=False)
    if sys.stdout.isatty():
        output.message("with -o DIR they are written, with the Containerfile of the image")


def _write(exported: podman.Exported, folder: Path) -> None:
    """All files; one that the user has filled in stays as it is."""
    from hapilot.runtime import writing

    written = 0
    with writing.explained("write to", folder):
        folder.mkdir(parents=True, exist_ok=True)
        for file in exported.files:
            if file.path in exported.kept and (folder / file.path).exists():
                output.message(f"{folder / file.path} stays as it is")
                continue
            writing.replace_file(folder / file.path, file.content, file.mode)
            written += 1
    output.message(f"{written} files in {folder}")
