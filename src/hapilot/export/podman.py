"""A site to everything that podman needs for it: the command, the Quadlet unit, the image's definition.

In: a site, its surroundings, the user's wish, the text of the Containerfile. Out: :class:`Exported`, which ``cli.export`` prints or writes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from hapilot.base import diagnostics
from hapilot.base.diagnostics import Diagnostic
from hapilot.export import command, container, quadlet, reach, surroundings
from hapilot.model import site
from hapilot.render import bundle

CONTAINERFILE = "Containerfile"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
"""What podman takes for containers and volumes, and systemd for units."""
_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./:@-]{0,300}")
"""Image references (their full grammar is podman's business), and nothing that a shell or a unit file would read otherwise."""


@dataclass(frozen=True, slots=True)
class Exported:
    """``files`` in the order to show them; those named in ``kept`` are for the user to fill in, and must not be written over."""

    container: container.Container
    command: tuple[str, ...]
    files: tuple[bundle.BundleFile, ...]
    kept: tuple[str, ...]
    diagnostics: tuple[Diagnostic, ...]

    @property
    def has_errors(self) -> bool:
        """Whether the files are of no use."""
        return diagnostics.has_errors(self.diagnostics)

    def with_more(self, found: tuple[Diagnostic, ...]) -> Exported:
        """With what earlier stages found."""
        return replace(self, diagnostics=diagnostics.in_order((*found, *self.diagnostics)))

    def as_json(self) -> dict[str, object]:
        """For ``--json``."""
        made = self.container
        return {
            "name": made.name,
            "image": made.image,
            "command": list(self.command),
            "mounts": [str(folder) for folder in made.mounts],
            "variables": list(made.variables),
            "capabilities": list(made.capabilities),
            "stop_timeout": made.stop_timeout,
            "files": [{"path": file.path, "mode": f"{file.mode:04o}", "text": file.content.decode()} for file in self.files],
            "diagnostics": [one.as_json() for one in self.diagnostics],
        }


def export(said: site.Site, around: surroundings.Surroundings, wish: container.Wish, containerfile: str) -> Exported:
    """Everything for ``said``. With errors among the diagnostics the files are of no use."""
    made = container.make_container(said, around, wish)
    files = [
        bundle.BundleFile(f"{made.name}.sh", command.script(made).encode(), 0o755),
        bundle.BundleFile(f"{made.name}.container", quadlet.unit(made).encode()),
    ]
    kept = (f"{made.name}.env",) if made.variables else ()
    files += [bundle.BundleFile(path, quadlet.environment_file(made).encode(), 0o600) for path in kept]
    files.append(bundle.BundleFile(CONTAINERFILE, containerfile.encode()))
    return Exported(made, command.run(made), tuple(files), kept, diagnostics.in_order(reach.missing(said, around, made)))


def wrong_words(wish: container.Wish) -> str:
    """What is wrong with the user's own words, or nothing. To be asked before anything is made of them."""
    if wish.name and not _NAME.fullmatch(wish.name):
        return f"{wish.name!r} can't be the name of a container"
    return "" if _IMAGE.fullmatch(wish.image) else f"{wish.image!r} is not the name of an image"
