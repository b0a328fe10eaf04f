"""What mending changes, as a unified diff.

Comes in: documents before and after. Goes out: text. Called by ``cli.lint``.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from hapilot.languages.haproxy import document


def unified(before: Iterable[document.Document], after: Iterable[document.Document]) -> str:
    """The diff of all files that differ, as ``diff -u`` and ``patch`` have it; empty if none does."""
    return "".join(_of_file(old, new) for old, new in zip(before, after, strict=True) if old != new)


def _of_file(old: document.Document, new: document.Document) -> str:
    lines = [[f"{line.text}{line.end}" for line in each.all_lines()] for each in (old, new)]
    made = difflib.unified_diff(*lines, fromfile=old.file, tofile=f"{new.file} (mended)")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in made)
