"""The one place of this package that reads the disk, and the list of what was read.

Paths go in as the user wrote them; contents, or a diagnostic in their place, come out. ``load`` hands ``watched`` to whoever
watches for changes. With a memory, a file that is what it was is not read again. Called by ``folder``, ``certificates``, ``secrets`` and
``pages``.
"""

from __future__ import annotations

import contextlib
import fnmatch
import glob
import os
import stat
import time
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path

from hapilot.base import diagnostics, memory
from hapilot.base.origin import Origin
from hapilot.sources.file.complaints import shown

MAX_BYTES = 64 * 1024 * 1024
"""No file of a site is larger; a mistaken path to an image or a log is."""
_AT_REST_NS = 1_000_000_000
"""A file that changed this shortly before it was read may change again without another time stamp: the kernel's clock for files goes in
steps of some milliseconds, that of other file systems of up to a second."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a file holds, and its mode."""

    data: bytes
    mode: int

    @property
    def world_readable(self) -> bool:
        """Whether every user of the machine can read it."""
        return bool(self.mode & stat.S_IROTH)


@dataclass(frozen=True, slots=True)
class _Known:
    """What a file was when it was read. ``rests`` is false where its stamp may not show the next change."""

    stamp: tuple[int, ...]
    rests: bool
    content: Content


class Files:
    """Reads files, remembers them, and collects what went wrong."""

    def __init__(self, before: memory.Memory | None = None) -> None:
        self.found: list[diagnostics.Diagnostic] = []
        self.memory = memory.Memory() if before is None else before
        self._watched: dict[Path, None] = {}
        self._seen: dict[Path, os.stat_result] = {}
        """What :meth:`identity` has seen of files that are about to be read."""
        self._before: dict[Path, _Known] = self.memory.former("files", {})
        self._now: dict[Path, _Known] = self.memory.keep("files", {})

    @property
    def watched(self) -> tuple[Path, ...]:
        """Every file and folder that was read, in order. For one that is missing, the folder where it should be."""
        return tuple(self._watched)

    def read(self, path: Path, origin: Origin) -> Content | None:
        """The content of a regular file. ``origin`` is where its name was said."""
        try:
            status = self._seen.pop(path, None) or os.stat(path)  # noqa: PTH116 - of 10,000 files, Path.stat takes half as long again
            self._watched[path] = None
            if not stat.S_ISREG(status.st_mode):
                what = "a folder" if stat.S_ISDIR(status.st_mode) else "not a regular file"
                self._refuse("file-unreadable", f"{shown(str(path))} is {what}", origin, "name a file")
                return None
            if status.st_size > MAX_BYTES:
                self._refuse("file-unreadable", f"{shown(str(path))} is larger than {MAX_BYTES >> 20} MiB", origin, "name the right file")
                return None
            return self._content(path, status)
        except (OSError, ValueError) as problem:
            self._failed(path, problem, origin)
            return None

    def _content(self, path: Path, status: os.stat_result) -> Content:
        """The content, from the memory where the file is the one that was read before."""
        known = self._before.get(path)
        stamp = (status.st_dev, status.st_ino, status.st_size, status.st_mode, status.st_mtime_ns, status.st_ctime_ns)
        if known is None or not known.rests or known.stamp != stamp:
            began = time.time_ns()
            data, mode = path.read_bytes(), stat.S_IMODE(status.st_mode)
            same = known is not None and known.content.data == data and known.content.mode == mode
            rests = max(status.st_mtime_ns, status.st_ctime_ns) < began - _AT_REST_NS
            known = _Known(stamp, rests, known.content if same and known is not None else Content(data, mode))
        self._now[path] = known
        return known.content

    def identity(self, path: Path) -> Hashable:
        """What tells a file from others, behind symbolic links and ``..``."""
        with contextlib.suppress(OSError, RuntimeError, ValueError):  # a loop of links, a NUL: reading it will say so
            with contextlib.suppress(FileNotFoundError):
                status = self._seen[path] = os.stat(path)  # noqa: PTH116 - see read
                if status.st_nlink == 1:  # to resolve the path would take longer than all the rest
                    return status.st_dev, status.st_ino
            return path.resolve()
        return path

    def folder(self, path: Path, pattern: str, origin: Origin) -> list[Path] | None:
        """The regular files of a folder that match and are not hidden, in lexical order."""
        try:
            self._watched[path] = None
            with os.scandir(path) as entries:
                fitting = (each for each in entries if not each.name.startswith(".") and fnmatch.fnmatchcase(each.name, pattern))
                names = sorted(each.name for each in fitting if _is_file(each))
            # To make a path of each name anew would take longer than all the rest.
            known: dict[str, Path] = self.memory.former(("folder", path, pattern), {})
            paths = {name: known[name] if name in known else path / name for name in names}
            return list(self.memory.keep(("folder", path, pattern), paths).values())
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


def _is_file(entry: os.DirEntry[str]) -> bool:
    """Whether it is a regular file, or a link to one; no for a loop of links."""
    return Path(entry.path).is_file() if entry.is_symlink() else entry.is_file()


def _fixed_part(pattern: Path) -> Path:
    """The deepest folder above the first wildcard."""
    parts = pattern.parts
    wild = next((place for place, part in enumerate(parts) if glob.has_magic(part)), len(parts) - 1)
    return Path(*parts[:wild])
