"""A site's path to a Site: the pipeline of this package on one screen.

A path, the environment, the time and the local CA go in; the site (as much of it as is valid), every diagnostic and the
files to watch come out. No file, however bad, makes it raise. Called by the CLI and the loop.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hapilot.base import diagnostics, memory
from hapilot.base.origin import Origin
from hapilot.model import expand, site, spec
from hapilot.sources.file import anchor, authorities, certificates, folder, merge, pages, reading, secrets, sections, tree, validate
from hapilot.sources.file.self_signed import LocalAuthority


@dataclass(frozen=True, slots=True)
class Said:
    """What the files say, whatever is wrong with it: for who finds out which part an error is in, and does without that part."""

    root: tree.Node
    """Everything, also what is not valid. Paths are anchored."""
    spec: spec.SiteSpec
    """What is valid of it, not expanded."""
    dropped: frozenset[site.Path]
    """The parts that are not."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What came of a load. ``site`` is None where a file could not be read at all: half a site would refer to what is not there."""

    site: site.Site | None
    diagnostics: tuple[diagnostics.Diagnostic, ...]
    watched: tuple[Path, ...]
    """Every file and folder that was read."""
    documents: tuple[Path, ...]
    """Those of them that are the site's own text, without certificates, secrets and pages."""
    said: Said | None = None
    """There is one where there is a ``site``."""


@dataclass(frozen=True, slots=True)
class _Outside:
    """What a load takes from the world around it."""

    environment: Mapping[str, str]
    now: datetime.datetime
    authority: LocalAuthority
    files: reading.Files


def load_site(
    path: Path,
    *,
    environment: Mapping[str, str],
    now: datetime.datetime,
    authority: LocalAuthority,
    before: memory.Memory | None = None,
) -> Loaded:
    """Loads a site file or a folder of them. ``now`` has a time zone. Bad parts are left out, each with its diagnostics."""
    outside = _Outside(environment, now, authority, reading.Files(before))
    documents = folder.read(path, environment, outside.files)
    read = outside.files.watched
    result, said, found = _load(path, documents, outside)
    return Loaded(result, diagnostics.in_order([*found, *outside.files.found]), outside.files.watched, read, said)


_Result = tuple[site.Site | None, Said | None, list[diagnostics.Diagnostic]]


def _load(path: Path, documents: folder.Documents, outside: _Outside) -> _Result:
    merged, clashes = merge.merge(documents.trees)
    found = [*documents.diagnostics, *clashes]
    if not merged.entries:
        if documents.complete:
            hint = "the shortest site has services: with a host and servers"
            found.append(diagnostics.error("yaml-not-a-site", "there is nothing in it", Origin(str(path)), hint))
        return None, None, found
    known = outside.files.memory
    whole = anchor.anchor(merged, known)
    checked = validate.validate(whole, frozenset(each.origin for each in documents.diagnostics), known)
    found.extend(checked.diagnostics)
    if checked.spec is None or not documents.complete:
        return None, None, found
    origins = tree.origins(checked.tree)
    canonical, problems = expand.expand(checked.spec, origins, checked.dropped, known)
    found.extend(problems)
    made = site.Site(_name(path), canonical, origins, _materials(canonical, origins, outside))
    return made, Said(whole, checked.spec, checked.dropped), found


def _materials(canonical: spec.SiteSpec, origins: site.Origins, outside: _Outside) -> site.Materials:
    files = outside.files
    return site.Materials(
        certificates.load(canonical.certificates, origins, outside.now, (files, outside.authority)),
        authorities.load(canonical.services, origins, files),
        secrets.load(canonical, origins, outside.environment, files),
        pages.load(canonical.services, origins, files),
        sections.load(canonical.raw, origins, files),
    )


def _name(path: Path) -> str:
    """The site's name: the stem of its file or folder."""
    return path.stem or path.absolute().name or "site"
