"""``hapilot export``: files for other programs, one command for each of them."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from hapilot import __version__
from hapilot.cli import options, output

if TYPE_CHECKING:
    from hapilot.export import container, podman, systemd
    from hapilot.reconcile import surroundings
    from hapilot.render import bundle

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
    # The image is the same for all sites.
    _tell(exported, folder, [file for file in exported.files if file.path != podman.CONTAINERFILE], as_json=as_json)
    if folder is None and not as_json and sys.stdout.isatty():
        output.message("with -o DIR they are written, with the Containerfile of the image")


class _Systemd(TypedDict):
    """The options of ``export systemd`` that say how it is to run."""

    name: str
    user: str
    program: str
    stop_seconds: int


@command.command("systemd")
@options.site
@click.option("-o", "--output", "folder", type=click.Path(path_type=Path, file_okay=False), help="Write all files into this folder.")
@click.option("--name", default="", metavar="NAME", help="Name of the unit and of its state directory (default: hapilot-SITE).")
@click.option("--program", default="", metavar="PATH", help="Where hapilot is on the machine that runs it (default: this very one).")
@click.option("--user", default="hapilot", show_default=True, metavar="NAME", help="The user that runs it; made where it is missing.")
@click.option("--stop-seconds", default=30, show_default=True, type=click.IntRange(0, 3600), help="How long connections may finish.")
@options.as_json
def _systemd(site: Path, folder: Path | None, as_json: bool, **wished: Unpack[_Systemd]) -> None:  # noqa: FBT001 - a flag on the command line
    """A hardened systemd unit and its user. A restart of the unit and a crash of hapilot cut no connection."""
    from hapilot.base import errors
    from hapilot.export import systemd, systemd_service
    from hapilot.reconcile import surroundings
    from hapilot.runtime import users

    program = (wished["program"],) if wished["program"] else _program()
    wish = systemd_service.Wish(program, wished["name"], wished["user"], wished["stop_seconds"])
    if wrong := systemd.wrong_words(wish):
        raise click.UsageError(wrong)
    found = users.of(wish.user)
    account = systemd_service.Account(found.uid, found.groups) if found is not None else None
    haproxy, target = options.compile_target(None)
    # The interpreter may be a link to somewhere else, and has its library there.
    ours = () if wished["program"] else (Path(sys.executable), Path(os.__file__), Path(__file__), *([haproxy.path] if haproxy else []))
    looked = surroundings.look(site, target, options.environment(), (surroundings.EVERYTHING,), (Path(program[0]), *ours))
    build, _ = looked.prepared.require()
    exported = systemd.export(build.site, looked.around, replace(wish, account=account)).with_more(looked.prepared.diagnostics)
    if exported.has_errors:
        raise errors.SiteError(exported.diagnostics)
    _tell(exported, folder, exported.files, as_json=as_json)


def _program() -> tuple[str, ...]:
    """The words that run this very hapilot, whoever starts it from wherever."""
    script = Path(sys.executable).with_name("hapilot")
    return (str(script),) if script.is_file() else (sys.executable, "-m", "hapilot")


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


def _tell(exported: podman.Exported | systemd.Exported, folder: Path | None, shown: Sequence[bundle.BundleFile], *, as_json: bool) -> None:
    """Written into ``folder``, or printed as far as it is to be ``shown``."""
    output.diagnostics(exported.diagnostics)
    if folder is not None:
        _write(exported.files, exported.kept, folder)
    if as_json:
        output.print_json(exported.as_json())
    elif folder is None:
        click.echo("\n".join(f"# --- {file.path}\n{file.content.decode()}" for file in shown), nl=False)


def _write(files: Sequence[bundle.BundleFile], kept: Collection[str], folder: Path) -> None:
    """All files; one that the user has filled in stays as it is."""
    from hapilot.runtime import writing

    written = 0
    with writing.explained("write to", folder):
        folder.mkdir(parents=True, exist_ok=True)
        for file in files:
            if file.path in kept and (folder / file.path).exists():
                output.message(f"{folder / file.path} stays as it is")
                continue
            writing.replace_file(folder / file.path, file.content, file.mode)
            written += 1
    output.message(f"{written} files in {folder}")
