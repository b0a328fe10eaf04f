"""Writes files so that a crash leaves either the old or the new, never a half; says in one sentence why it could not.

In: paths and bytes. Out: nothing but the files, on disk. Called by ``files``, ``lock`` and ``rundir``.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Generator
from pathlib import Path

from hapilot.base import errors

_REASONS = {
    errno.EROFS: ("the file system is read-only", "mount it writable, or set HAPILOT_STATE to another directory"),
    errno.ENOSPC: ("the disk is full", "free some space; what ran before still runs"),
    errno.EDQUOT: ("the disk quota is used up", "free some space; what ran before still runs"),
    errno.EACCES: ("permission denied", "run hapilot as the owner of the directory, or set HAPILOT_STATE to another one"),
    errno.EPERM: ("operation not permitted", "run hapilot as the owner of the directory, or set HAPILOT_STATE to another one"),
    errno.ENOTDIR: ("a part of the path is not a directory", "set HAPILOT_STATE to another directory"),
}


@contextlib.contextmanager
def explained(what: str, path: Path) -> Generator[None]:
    """Turns an OSError inside into StateBroken: ``can't WHAT PATH: why``, with what to do."""
    try:
        yield
    except OSError as problem:
        reason, hint = _REASONS.get(problem.errno or 0, (problem.strerror or str(problem), ""))
        raise errors.StateBroken(f"can't {what} {path}: {reason}", hint) from problem


def write_file(path: Path, content: bytes, mode: int) -> None:
    """A new file with exactly ``mode``, on disk when this returns. Refuses to replace one."""
    put_file(path, content, mode)
    sync_file(path)


def put_file(path: Path, content: bytes, mode: int) -> None:
    """The same, on disk some time."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fchmod(file.fileno(), mode)


def sync_file(path: Path) -> None:
    """What was written to a file is on disk when this returns."""
    _sync(path, os.O_RDONLY | os.O_NOFOLLOW)


def replace_file(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Writes beside ``path`` and renames over it."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    try:
        write_file(beside, content, mode)
        beside.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def replace_link(path: Path, target: str) -> None:
    """Points the symbolic link ``path`` to ``target`` in one step, so that a reader never finds it missing."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    beside.symlink_to(target)
    beside.replace(path)
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """A rename or a new name is only on disk once its directory is."""
    _sync(path, os.O_RDONLY | os.O_DIRECTORY)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
