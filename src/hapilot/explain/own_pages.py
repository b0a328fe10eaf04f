"""The pages that lines of a user's own answer errors with: ``errorfile 503 /etc/haproxy/errors/503.http``.

In: a Build. Out: their paths. Called by the commands that explain, which read the files: this package reads none. Without its page nobody
knows what the client gets, for the first line of the page is the status.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from hapilot.compile import build
from hapilot.languages.haproxy.evaluate import written


def find(made: build.Build) -> Mapping[str, PurePosixPath]:
    """Path as a line has it, to where the file is."""
    folder = PurePosixPath(made.site.spec.raw.folder or "/")
    found: dict[str, PurePosixPath] = {}
    for section, lines in written.sections(made.config, {"HAPILOT_RUN": made.target.run_dir}):
        for each in lines if section.kind in ("defaults", "frontend", "backend", "listen") else ():
            if each.line.opaque and not each.missing and each.words[:1] == ("errorfile",) and len(each.words) > 2:
                found[each.words[2]] = folder / each.words[2]
    return found
