"""Looks at what is around a site on this machine: which paths it is read through, who may read them, which variables it asks for.

A site's path goes in; the prepared site and ``export``'s Surroundings come out. Called by ``cli.export``; nothing is written.
"""

from __future__ import annotations

import contextlib
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from hapilot.compile import target
from hapilot.export import surroundings
from hapilot.reconcile import pipeline

_LINKS = 40
"""As many symbolic links as the kernel follows in one path (path_resolution(7))."""


class _Asked(Mapping[str, str]):
    """An environment that remembers which of its variables were asked for, there or not."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self.names: dict[str, None] = {}
        self._given = given

    def __getitem__(self, name: str) -> str:
        self.names[name] = None
        return self._given[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._given)

    def __len__(self) -> int:
        return len(self._given)


@dataclass(frozen=True, slots=True)
class Looked:
    """A site that was read, and what is around it."""

    prepared: pipeline.Prepared
    around: surroundings.Surroundings


EVERYTHING = Path("/")
"""The mount of whoever sees the machine as it is."""


def look(
    path: Path, wanted: target.Target, environment: Mapping[str, str], mounts: Collection[Path], besides: Iterable[Path] = ()
) -> Looked:
    """Reads the site at ``path`` as ``check`` would. ``mounts``: absolute folders that a container gets beside the site's own, or
    :data:`EVERYTHING`. ``besides``: what else is read by whoever serves the site."""
    site = absolute(path)
    asked = _Asked(environment)
    prepared = pipeline.prepare(site, wanted, None, asked, reads_only=True)
    folder = site if site.is_dir() else site.parent
    inside = (EVERYTHING,) if EVERYTHING in mounts else (folder, *mounts)
    # Of a site with errors nothing is exported, and its paths may lead anywhere.
    watched = (*prepared.watched, *besides) if prepared.ok else ()
    used = tuple(dict.fromkeys(step for each in watched for step in _steps(each, inside)))
    around = surroundings.Surroundings(
        site=PurePosixPath(site),
        folder=PurePosixPath(folder),
        used=tuple(PurePosixPath(each) for each in used),
        entries=tuple(_entries(used, inside)),
        variables=tuple(sorted(asked.names)),
    )
    return Looked(prepared, around)


def absolute(path: Path) -> Path:
    """From the root on, with symbolic links as they are unless ``..`` is among the parts: after a link that means something else."""
    return path.resolve() if ".." in path.parts else path.absolute()


def _steps(path: Path, mounts: tuple[Path, ...]) -> Iterator[Path]:
    """Every symbolic link on the way to ``path``, and where the way ends. Above a mount the container has folders of its own, no links."""
    at, parts = _start(path.absolute(), mounts)
    followed = 0
    while parts:
        part = parts.pop(0)
        if part == "..":
            at = at.parent
            continue
        at = at / part
        if followed < _LINKS and at.is_symlink():
            followed += 1
            yield at
            led = at.readlink()
            at, ahead = _start(led, mounts) if led.is_absolute() else (at.parent, list(led.parts))
            parts = ahead + parts
    yield at


def _start(path: Path, mounts: tuple[Path, ...]) -> tuple[Path, list[str]]:
    """The deepest mount around ``path``, else the root, and the parts from there on."""
    around = max((mount for mount in mounts if path.is_relative_to(mount)), key=lambda mount: len(mount.parts), default=Path("/"))
    return around, list(path.parts[len(around.parts) :])


def _entries(used: Iterable[Path], mounts: tuple[Path, ...]) -> Iterator[surroundings.Entry]:
    """Each path in a mount, and the folders on the way to it, once."""
    seen: set[Path] = set()
    for path in used:
        mount = next((each for each in mounts if path.is_relative_to(each)), None)
        if mount is None:
            continue
        for each in (path, *path.parents):
            if each in seen or not each.is_relative_to(mount):
                break
            seen.add(each)
            with contextlib.suppress(OSError):
                found = each.stat()
                mode = stat.S_IMODE(found.st_mode)
                yield surroundings.Entry(PurePosixPath(each), found.st_uid, found.st_gid, mode, stat.S_ISDIR(found.st_mode))
