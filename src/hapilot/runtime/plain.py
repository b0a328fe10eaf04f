"""Writes a Bundle into an ordinary folder: for ``render -o`` and for a check that goes live nowhere."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import cast

from hapilot.render import bundle as bundles
from hapilot.runtime import writing

WRITTEN = ".hapilot"
"""The list, path to SHA-256, of what was written into a folder; what is not on it, or was changed since, is somebody else's."""


def write_bundle(directory: Path, bundle: bundles.Bundle) -> None:
    """Every file of ``bundle`` below ``directory``, replacing what has the same name. Raises StateBroken."""
    with writing.explained("write to", directory):
        directory.mkdir(parents=True, exist_ok=True)
        for file in bundle.files:
            target = directory / file.path
            target.parent.mkdir(parents=True, exist_ok=True)
            writing.replace_file(target, file.content, file.mode)


def put_bundle(directory: Path, bundle: bundles.Bundle) -> None:
    """The same into an empty directory, for files that need not outlive this process. Raises StateBroken."""
    with writing.explained("write to", directory):
        for file in bundle.files:
            target = directory / file.path
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            writing.put_file(target, file.content, file.mode)


def replace_bundle(directory: Path, bundle: bundles.Bundle) -> tuple[str, ...]:
    """As :func:`write_bundle`; what an earlier call wrote and ``bundle`` has no more is removed. The paths that were removed.

    Interrupted anywhere, the next call removes what this one would have.
    """
    former = _read(directory / WRITTEN)
    wanted = {file.path: file.digest for file in bundle.files}
    stale = {path: digest for path, digest in former.items() if path not in wanted}
    with writing.explained("write to", directory):
        directory.mkdir(parents=True, exist_ok=True)
        _note(directory, {**stale, **wanted})
        write_bundle(directory, bundle)
        removed = tuple(path for path, digest in stale.items() if _remove(directory, path, digest))
        _note(directory, wanted)
    return removed


def _note(directory: Path, written: Mapping[str, str]) -> None:
    writing.replace_file(directory / WRITTEN, json.dumps(dict(sorted(written.items())), indent=1).encode() + b"\n")


def _read(path: Path) -> dict[str, str]:
    """The list, without what can't have come from us."""
    try:
        said: object = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    pairs = cast("dict[str, object]", said).items() if isinstance(said, dict) else ()
    return {name: digest for name, digest in pairs if isinstance(digest, str) and _is_plain(name)}


def _is_plain(name: str) -> bool:
    pure = PurePosixPath(name)
    return bool(pure.parts) and not pure.is_absolute() and ".." not in pure.parts and "\0" not in name


def _remove(directory: Path, name: str, digest: str) -> bool:
    """Removes a file with this content, and the folders that become empty. False if it is gone or another one."""
    path = directory / name
    # Through a link it would be a file of another place.
    parents = [parent for parent in path.parents if parent != directory and parent.is_relative_to(directory)]
    if path.is_symlink() or not path.is_file() or any(parent.is_symlink() for parent in parents):
        return False
    if hashlib.sha256(path.read_bytes()).hexdigest() != digest:
        return False
    path.unlink()
    with contextlib.suppress(OSError):
        for parent in parents:
            parent.rmdir()
    return True
