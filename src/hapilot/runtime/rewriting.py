"""Writes a file of the user's anew: with the mode and owner that it had, and only if nobody has changed it since.

In: a path, what it held, what it shall hold. Out: the file. Called by ``cli.lint --fix``.
"""

from __future__ import annotations

import os
from pathlib import Path

from hapilot.base import errors
from hapilot.runtime import writing


def rewrite(path: Path, before: bytes, after: bytes) -> None:
    """Replaces the content in one step; a link stays one. Raises HapilotError."""
    target = path.resolve()
    try:
        if target.read_bytes() != before:
            raise errors.HapilotError(f"{path} has changed meanwhile, so nothing was written", "run the command again")
        had = target.stat()
        writing.replace_file(target, after, had.st_mode & 0o7777)
        if (had.st_uid, had.st_gid) != (os.geteuid(), os.getegid()):
            os.chown(target, had.st_uid, had.st_gid)
    except OSError as problem:
        raise errors.HapilotError(f"can't write {path}: {problem.strerror}") from problem
