"""A site to everything that podman needs for it: the command, the Quadlet unit, the image's definition.

In: a site, its surroundings, the user's wish, the text of the Containerfile. Out: :class:`Exported`, which ``cli.export`` prints or writes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from hapilot.base import diagnostics
from hapilot.export import command, container, exported, quadlet, reach, surroundings
from hapilot.model import site
from hapilot.render import bundle

CONTAINERFILE = "Containerfile"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
"""What podman takes for containers and volumes, and systemd for units."""
_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./:@-]{0,300}")
"""Image references (their full grammar is podman's business), and nothing that a shell or a unit file would read otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported(exported.Exported):
    """The same for a container."""

    container: container.Container
    command: tuple[str, ...]

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
            **exported.Exported.as_json(self),
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
    found = diagnostics.in_order(reach.missing(said, around, made))
    return Exported(container=made, command=command.run(made), files=tuple(files), kept=kept, diagnostics=found)


def wrong_words(wish: container.Wish) -> str:
    """What is wrong with the user's own words, or nothing. To be asked before anything is made of them."""
    if wish.name and not _NAME.fullmatch(wish.name):
        return f"{wish.name!r} can't be the name of a container"
    return "" if _IMAGE.fullmatch(wish.image) else f"{wish.image!r} is not the name of an image"
