"""What a reload was for: how the files of a generation differ from those of the one before.

In: two generations in the state directory. Out: one of the reasons that ``publish.tally`` counts. Called by ``serve`` after a reload.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from hapilot.base import errors
from hapilot.publish import tally
from hapilot.render import bundle
from hapilot.runtime import files

_PARTS: dict[str, tally.Reason] = {"certs": "certificates", "ca": "authorities", "maps": "routes"}
"""Folder to reason."""

_COMMENT = re.compile(rb"^#.*\n|  # [^\n]*\)$", re.MULTILINE)
"""Comment lines, and the places in the site file behind lines."""


def between(state: files.StateDirectory, former: int, current: int) -> tally.Reason:
    """Why generation ``current`` took a reload, where ``former`` ran before; 0 where that is not known, after an adoption."""
    if not former:
        return "adoption"
    try:
        return reason(state.bundle(former), state.bundle(current))
    except errors.StateBroken:
        return "files"


def reason(before: bundle.Bundle, after: bundle.Bundle) -> tally.Reason:
    """The first in the order of ``tally.REASONS`` of all that changed, so that each reload counts once.

    >>> one, two = (bundle.Bundle((bundle.BundleFile("maps/https.map", text),)) for text in (b"a shop", b"a blog"))
    >>> reason(one, two)
    'routes'
    """
    old = {file.path: file for file in before.files}
    new = {file.path: file for file in after.files}
    different = (path for path in old.keys() | new.keys() if old.get(path) != new.get(path))
    found = {_reason(path, old.get(path), new.get(path)) for path in different}
    for one in tally.REASONS:
        if one in found:
            return one
    return "files"


def _reason(path: str, old: bundle.BundleFile | None, new: bundle.BundleFile | None) -> tally.Reason:
    if path == bundle.CONFIG:
        same = old is not None and new is not None and _COMMENT.sub(b"", old.content) == _COMMENT.sub(b"", new.content)
        return "comments" if same else "configuration"
    if path.endswith(".lua"):
        return "scripts"
    return _PARTS.get(PurePosixPath(path).parts[0], "files")
