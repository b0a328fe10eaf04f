"""Writes a Bundle into an ordinary folder: for ``render -o`` and for a check that goes live nowhere."""

from __future__ import annotations

from pathlib import Path

from hapilot.render import bundle as bundles
from hapilot.runtime import writing


def write_bundle(directory: Path, bundle: bundles.Bundle) -> None:
    """Every file of ``bundle`` below ``directory``, replacing what has the same name. Raises StateBroken."""
    with writing.explained("write to", directory):
        directory.mkdir(parents=True, exist_ok=True)
        for file in bundle.files:
            target = directory / file.path
            target.parent.mkdir(parents=True, exist_ok=True)
            writing.replace_file(target, file.content, file.mode)
