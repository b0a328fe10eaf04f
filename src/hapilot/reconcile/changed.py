"""What a reload was for: how the files of a generation differ from those of the one before.

In: the files of two generations. Out: the reasons that ``publish.tally`` counts. Called by ``difference`` for every change. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from hapilot.publish import tally
from hapilot.render import bundle

_PARTS: dict[str, tally.Reason] = {"certs": "certificates", "ca": "authorities", "maps": "routes"}
"""Folder to reason."""

_COMMENT = re.compile(rb"^#.*\n|  # [^\n]*\)$", re.MULTILINE)
"""Comment lines, and the places in the site file behind lines."""


def reason(before: bundle.Bundle, after: bundle.Bundle) -> tally.Reason:
    """The first in the order of ``tally.REASONS`` of all that changed, so that each reload counts once.

    >>> one, two = (bundle.Bundle((bundle.BundleFile("maps/https.map", text),)) for text in (b"a shop", b"a blog"))
    >>> reason(one, two)
    'routes'
    """
    found = reasons(before, after)
    return found[0] if found else "files"


def reasons(before: bundle.Bundle, after: bundle.Bundle) -> tuple[tally.Reason, ...]:
    """Everything that changed, the weightiest first."""
    old = {file.path: file for file in before.files}
    new = {file.path: file for file in after.files}
    different = {path for path in old.keys() | new.keys() if old.get(path) != new.get(path)}
    # It has the digest of all others, so it only says something where none of them differs.
    told = different - {bundle.LIVE} or different
    found: set[tally.Reason] = {_reason(path) for path in told}
    if "configuration" in found and not sections(before, after):
        found.remove("configuration")
        found.add("comments")
    return tuple(one for one in tally.REASONS if one in found)


def sections(before: bundle.Bundle, after: bundle.Bundle) -> tuple[str, ...]:
    """The heads of the sections of haproxy.cfg that differ in more than comments and places in the site file, in order."""
    old, new = (_parts(one.get(bundle.CONFIG)) for one in (before, after))
    # Bytes first: taking comments out of ten thousand sections that are the same would be most of the time.
    bare_old, bare_new = _bare(old - new), _bare(new - old)
    return tuple(sorted(head for head in bare_old.keys() | bare_new.keys() if bare_old.get(head) != bare_new.get(head)))


def _parts(config: bundle.BundleFile | None) -> frozenset[bytes]:
    """What hapilot prints has an empty line between sections, and none inside."""
    return frozenset(config.content.split(b"\n\n") if config is not None else ())


def _bare(parts: Iterable[bytes]) -> dict[str, bytes]:
    """Head to text of each section, without comments."""
    bare = (_COMMENT.sub(b"", part + b"\n").strip() for part in parts)
    return {text.partition(b"\n")[0].decode("utf-8", "replace"): text for text in bare if text}


def _reason(path: str) -> tally.Reason:
    if path == bundle.CONFIG:
        return "configuration"
    if path.endswith(".lua"):
        return "scripts"
    return _PARTS.get(PurePosixPath(path).parts[0], "files")
