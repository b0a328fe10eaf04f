"""One hapilot at a time writes to a state directory.

In: the lock file's path and what it is taken for. Out: a :class:`Lock` to use with ``with``. The kernel lets go of it when the
process ends, however that happens, so a stale lock can't exist. Called through :class:`hapilot.runtime.files.StateDirectory`.
"""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from types import TracebackType
from typing import cast

from hapilot.base import errors
from hapilot.runtime import writing


class Lock:
    """Held from ``__enter__`` to ``__exit__``."""

    __slots__ = ("_descriptor", "_path", "_purpose")

    def __init__(self, path: Path, purpose: str) -> None:
        self._path = path
        self._purpose = purpose
        self._descriptor = -1

    def __enter__(self) -> Lock:
        with writing.explained("open the lock", self._path):
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as problem:
            holder = _described(os.pread(descriptor, 4096, 0))
            os.close(descriptor)
            raise errors.StateBroken(
                f"{self._path.parent} is in use by {holder}", "wait for it, stop it, or set HAPILOT_STATE to another directory"
            ) from problem
        self._descriptor = descriptor
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps({"pid": os.getpid(), "purpose": self._purpose}).encode(), 0)
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        # The file stays: removing it would let two processes hold locks on two files of the same name.
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)
        self._descriptor = -1


def holder_of(path: Path) -> int | None:
    """The process that holds the lock at ``path``, or None if nobody does."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        said = _fields(os.pread(descriptor, 4096, 0)).get("pid")
        return said if isinstance(said, int) else None
    finally:
        os.close(descriptor)
    return None


def _described(content: bytes) -> str:
    said = _fields(content)
    if "pid" not in said:
        return "another process"
    return f"`{said.get('purpose', 'hapilot')}` (process {said['pid']})"


def _fields(content: bytes) -> dict[str, object]:
    try:
        said: object = json.loads(content)
    except ValueError:
        return {}
    return cast("dict[str, object]", said) if isinstance(said, dict) else {}
