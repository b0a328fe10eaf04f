"""What is around a site on its machine, as far as a container must know. Made by ``reconcile.surroundings``, taken by ``export``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or folder that is read: ``owner`` and ``group`` as numbers, ``mode`` its permission bits."""

    path: PurePosixPath
    owner: int
    group: int
    mode: int
    is_folder: bool = False


@dataclass(frozen=True, slots=True)
class Surroundings:
    """All paths are absolute."""

    site: PurePosixPath
    """SITE as hapilot is told it."""
    folder: PurePosixPath
    """What has to be mounted for it: the folder itself, or the one of the file."""
    used: tuple[PurePosixPath, ...]
    """Every path that reading the site leads through, links and what they point at among them."""
    entries: tuple[Entry, ...]
    """Those of the files and folders that are in a mount."""
    variables: tuple[str, ...]
    """Environment variables that the site asks for, by name."""
