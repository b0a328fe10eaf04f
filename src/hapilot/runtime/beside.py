"""What is kept beside the files of a generation, for hapilot alone: small files of JSON in its directory.

In: a generation and plain data. Out: the same data, later. Each file appears as a whole or not at all; one that is missing or damaged is
not there: none of them is needed to serve. They go when the generation goes. Called by ``reconcile.quarantine.keeping``.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from hapilot.base import errors
from hapilot.runtime import files, writing


def write(state: files.StateDirectory, number: int, name: str, fields: Mapping[str, object]) -> None:
    """Keeps ``fields`` as file ``name`` of generation ``number``. Raises StateBroken. The caller holds the lock."""
    path = _path(state, number, name)
    with writing.explained("write", path):
        writing.replace_file(path, json.dumps(fields).encode("ascii"))


def read(state: files.StateDirectory, number: int, name: str) -> dict[str, Any] | None:
    """What was kept, None where nothing can be read."""
    with contextlib.suppress(OSError, ValueError):
        found: object = json.loads(_path(state, number, name).read_bytes())
        return cast("dict[str, Any]", found) if isinstance(found, dict) else None
    return None


def content(state: files.StateDirectory, number: int, path: str) -> bytes | None:
    """A file of the generation itself, None where it can't be read."""
    with contextlib.suppress(OSError):
        return (state.generations / str(number) / path).read_bytes()
    return None


def copy(state: files.StateDirectory, source: int, target: int, name: str) -> None:
    """Keeps with generation ``target`` what is kept with ``source``, if anything is."""
    fields = read(state, source, name)
    if fields is not None:
        with contextlib.suppress(errors.StateBroken):
            write(state, target, name, fields)


def _path(state: files.StateDirectory, number: int, name: str) -> Path:
    return state.generations / str(number) / name
