"""The files with verbatim sections.

``raw`` goes in; the text of each file, by the path of its name, comes out. Called by ``load``.
"""

from __future__ import annotations

from pathlib import Path

from hapilot.model import settings, site
from hapilot.sources.file import reading


def load(raw: settings.Raw, origins: site.Origins, files: reading.Files) -> dict[site.Path, str]:
    """Every file that can be read. Diagnostics go to ``files.found``."""
    result: dict[site.Path, str] = {}
    for index, one in enumerate(raw.sections):
        path = ("raw", "sections", index, "file")
        content = files.read(Path(one.file), origins.at(*path)) if one.file is not None else None
        if content is not None:
            # What is no UTF-8 comes back as it was (PEP 383).
            result[path] = content.data.decode(errors="surrogateescape")
    return result
