"""A generation in the making: a folder beside the generations, which becomes one of them by a rename, or goes away.

In: the directory of generations, the files, and what is to be remembered of them. Out: the folder, in which HAProxy can be asked about the
files before anything of them counts; then a generation that is whole on disk. Called by ``files``; the caller holds the lock.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path

from hapilot.render import bundle as bundles
from hapilot.runtime import writing
from hapilot.runtime.record import Description

META = "meta.json"
PROGRESS = "progress.json"
"""How far the generation came: the only file of a generation that is replaced."""
SUMMARY = "site.json"
"""What the generation is in the user's words, for commands that describe what runs; HAProxy does not read it."""

_LEFT = (".new-*", ".gone-*")


@dataclass(frozen=True, slots=True)
class Staged:
    """``path`` has all files of ``bundle``. ``number`` is what it will be."""

    path: Path
    number: int
    bundle: bundles.Bundle


@contextlib.contextmanager
def staged(generations: Path, number: int, bundle: bundles.Bundle) -> Generator[Staged]:
    """The files in a folder, for as long as the block lasts. Raises OSError."""
    sweep(generations)
    making = generations / f".new-{number}"
    try:
        making.mkdir(mode=0o700)
        for file in bundle.files:
            if file.path in (META, SUMMARY, PROGRESS):
                raise ValueError(f"a bundle can't have a file named {file.path}")
            target = making / file.path
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            writing.put_file(target, file.content, _mode(file))
        yield Staged(making, number, bundle)
    finally:
        shutil.rmtree(making, ignore_errors=True)


def commit(one: Staged, description: Description, summary: Mapping[str, object]) -> Path:
    """Make a generation of it, on disk when this returns. Raises OSError."""
    making = one.path
    files = {file.path: f"{file.mode:o}" for file in one.bundle.files}
    meta = {**description.as_json(), "digest": one.bundle.digest, "files": files}
    for file in one.bundle.files:
        writing.sync_file(making / file.path)
    writing.write_file(making / SUMMARY, json.dumps(dict(summary)).encode(), 0o600)
    writing.write_file(making / META, json.dumps(meta, indent=1).encode(), 0o600)
    for folder in {making, *(parent for path in files for parent in (making / path).parents if parent.is_relative_to(making))}:
        writing.sync_directory(folder)
    final = making.parent / str(one.number)
    making.rename(final)
    writing.sync_directory(final.parent)
    return final


def sweep(generations: Path) -> None:
    """Remove what a crash left half made."""
    for pattern in _LEFT:
        for left in generations.glob(pattern):
            shutil.rmtree(left, ignore_errors=True)


def _mode(file: bundles.BundleFile) -> int:
    """A private key is 0600 whatever the bundle says: one forgotten mode must not publish it."""
    return 0o600 if b"PRIVATE KEY-----" in file.content else file.mode & 0o777
