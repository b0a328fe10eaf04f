"""A haproxy.cfg, or a folder of them, as a site: the same as importing it and loading what comes of it, without writing anything.

A path goes in; the site, in which every part knows its line in the haproxy.cfg, diagnostics and the files that were read come out. Called
by ``reconcile.pipeline``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pydantic

from hapilot.base import diagnostics, errors
from hapilot.base.origin import Origin
from hapilot.languages.haproxy import files
from hapilot.model import expand, site, spec
from hapilot.sources.haproxy_cfg import importing, reading


@dataclass(frozen=True, slots=True)
class Read:
    """What came of it. ``site`` is None where nothing could be read."""

    site: site.Site | None
    diagnostics: tuple[diagnostics.Diagnostic, ...]
    documents: tuple[Path, ...]
    watched: tuple[Path, ...] = ()
    """With the folder, where files may come."""


def is_one(path: Path) -> bool:
    """Whether the path leads to configurations of HAProxy: a file that is called so, or a folder with such files and no others that a site
    could be in."""
    if path.is_dir():
        names = [entry.name for entry in path.iterdir() if entry.is_file()]
        return bool(files.in_folder(names)) and not any(name.endswith((".yaml", ".yml")) for name in names)
    return path.suffix in (".cfg", ".conf")


def load(path: Path) -> Read:
    """The site. Nothing is raised."""
    try:
        documents = reading.read([str(path)])
    except errors.HapilotError as problem:
        return Read(None, (diagnostics.error("file-unreadable", str(problem), Origin(str(path)), problem.hint),), (path,), (path,))
    read = tuple(Path(each.file) for each in documents)
    watched = (*read, path) if path.is_dir() else read
    folder = path.absolute() if path.is_dir() else path.absolute().parent
    if not any(document.sections for document in documents):
        hint = "name the file that HAProxy is started with"
        return Read(None, (diagnostics.error("nothing-in-it", "no section is in it", Origin(str(path)), hint),), read, watched)
    taken = importing.take(documents, folder)
    origins = site.Origins(taken.places, taken.places)
    try:
        said = spec.SiteSpec.model_validate(taken.site)
    except pydantic.ValidationError as problem:  # What the importer writes the model takes; this is its fault, and is said as such.
        first = problem.errors()[0]
        where = origins.at(*first["loc"])
        return Read(None, (diagnostics.error("bad-value", f"it can't be taken over: {first['msg']}", where),), read, watched)
    canonical, found = expand.expand(said, origins)
    texts = {
        ("raw", "sections", index, "file"): taken.secrets[one.file]
        for index, one in enumerate(canonical.raw.sections)
        if one.file is not None
    }
    return Read(site.Site(path.stem or "haproxy", canonical, origins, site.Materials(sections=texts)), found, read, watched)
