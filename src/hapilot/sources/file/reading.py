"""The one place of this package that reads the disk, and the list of what was read.

Paths go in as the user wrote them; contents, or a diagnostic in their place, come out. ``load`` hands ``watched`` to whoever
watches for changes. Called by ``folder``, ``certificates``, ``secrets`` and ``contents``.
"""

from __future__ import annotations

import glob
import stat
from dataclasses import dataclass
from pathlib import Path

from hapilot.base import diagnostics
from hapilot.base.origin import Origin
from hapilot.sources.file.complaints import shown

MAX_BYTES = 64 * 1024 * 1024
"""No file of a site is larger; a mistaken path to an image or a log is."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a file holds, and its mode."""

    data: bytes
    mode: int

    @property
    def world_readable(self) -> bool:
        """Whether every user of the machine can read it."""
        return bool(self.mode & stat.S_IROTH)


class Files:
    """Reads files, remembers them, and collects what went wrong."""

    def __init__(self) -> None:
        self.found: list[diagnostics.Diagnostic] = []
        self._watched: dict[Path, None] = {}

    @property
    def watched(self) -> tuple[Path, ...]:
        """Every file and folder that was read, in order. For one that is missing, the folder where it should be."""
        return tuple(self._watched)

    def read(self, path: Path, origin: Origin) -> Content | None:
        """The content of a regular file. ``origin`` is where its name was said."""
        try:
            status = path.stat()
            self._watched[path] = None
            if not stat.S_ISREG(status.st_mode):
                what = "a folder" if stat.S_ISDIR(status.st_mode) else "not a regular file"
                self._refuse("file-unreadable", f"{shown(str(path))} is {what}", origin, "name a file")
                return None
            if status.st_size > MAX_BYTES:
                self._refuse("file-unreadable", f"{shown(str(path))} is larger than {MAX_BYTES >> 20} MiB", origin, "name the right file")
                return None
            return Content(path.read_bytes(), stat.S_IMODE(status.st_mode))
        except (OSError, ValueError) as problem:
            self._failed(path, problem, origin)
            return None

    def folder(self, path: Path, pattern: str, origin: Origin) -> list[Path] | None:
        """The regular files of a folder that match and are not hidden, in lexical order."""
        try:
            self._watched[path] = None
            return sorted(entry for entry in path.iterdir() if entry.match(pattern) and entry.is_file() and not entry.name.startswith("."))
        except (OSError, ValueError) as problem:
            self._watched.pop(path, None)
            self._failed(path, problem, origin)
            return None

    def matching(self, base: Path, pattern: str) -> list[Path]:
        """The regular files that match a glob pattern relative to ``base``, in lexical order."""
        try:
            found = sorted(base / name for name in glob.glob(pattern, root_dir=base, recursive=True))  # noqa: PTH207 - Path.glob refuses absolute patterns
            self._watched[_fixed_part(base / pattern)] = None
            return [path for path in found if path.is_file()]
        except (OSError, ValueError):  # a pattern that no path can match: a NUL, or far too long
            return []

    def is_folder(self, path: Path) -> bool:
        """Whether the path is a folder; no if it can't be told."""
        try:
            return path.is_dir()
        except (OSError, ValueError):
            return False

    def _failed(self, path: Path, problem: Exception, origin: Origin) -> None:
        self._watched[path.parent] = None
        if isinstance(problem, FileNotFoundError):
            self._refuse("file-missing", f"{shown(str(path))} does not exist", origin, "paths are relative to the file that names them")
            return
        why = problem.strerror if isinstance(problem, OSError) and problem.strerror else str(problem)
        self._refuse("file-unreadable", f"{shown(str(path))} can't be read: {why}", origin, "check the path and its permissions")

    def _refuse(self, code: str, message: str, origin: Origin, hint: str) -> None:
        self.found.append(diagnostics.error(code, message, origin, hint))


def _fixed_part(pattern: Path) -> Path:
    """The deepest folder above the first wildcard."""
    parts = pattern.parts
    wild = next((place for place, part in enumerate(parts) if glob.has_magic(part)), len(parts) - 1)
    return Path(*parts[:wild])
