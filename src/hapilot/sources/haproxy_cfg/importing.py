"""Import: a HAProxy configuration becomes a site, without a change of meaning and without loss.

Comes in: documents in HAProxy's order, and the folder where their relative paths start. Goes out: an
:class:`~hapilot.sources.haproxy_cfg.imported.Imported`. Called by ``cli.import_``, and for a haproxy.cfg that is run as a site.

Frontends and backends become listeners and services that are kept as written: what the model has words for is in its keys, all other lines
stay in ``raw``, in their order. What would mean something else in the order of a rendered file stays whole, in ``raw.sections``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hapilot.base import names
from hapilot.base.origin import Origin
from hapilot.languages.haproxy import document
from hapilot.model import site
from hapilot.sources.haproxy_cfg import backends, frontends, global_lines, outline, reporting, sections, verbatim, whole_paths
from hapilot.sources.haproxy_cfg.draft import Draft, MustStayWhole
from hapilot.sources.haproxy_cfg.imported import Comment, Imported, Report

_IN_FILE_NAMES = re.compile(r"[^A-Za-z0-9_-]+")
_ORDER = ("bind", "routes", "default", "protocol", "balance", "retries", "timeouts", "servers")
_KINDS = {"frontend": ("listeners", "listener"), "backend": ("services", "service")}


def take(documents: Sequence[document.Document], folder: Path) -> Imported:
    """The site. ``folder`` is absolute: where HAProxy was started, or would be.

    >>> from hapilot.languages.haproxy import parser
    >>> text = "defaults\\n mode http\\nfrontend web\\n bind :80\\n default_backend b\\nbackend b\\n server s 10.0.0.1:80\\n"
    >>> take([parser.parse(text, "x.cfg")], Path("/etc/haproxy")).site["listeners"]
    {'web': {'from': 'main', 'bind': ['0.0.0.0:80'], 'default': 'b'}}
    """
    found = outline.outline(documents)
    drafts = _drafts(found, "backend", ())
    drafts += _drafts(found, "frontend", [part.name for part, _ in drafts])
    order = {id(part): place for place, part in enumerate(found.parts)}
    drafts.sort(key=lambda each: order[id(each[0])])
    writing = _Writing(whole_paths.folder_of([line for part in (*found.first, *found.parts) for line in part.lines], folder))
    writing.globals(global_lines.read(found.start, found.first, folder), folder)
    taken = [part for part, _ in drafts]
    known = sections.names(found, taken)
    for part, made in drafts:
        writing.section(part, made, known[id(part.base)])
    for text in sections.texts(found, taken, known, sections.Folders(folder, writing.path_folder)):
        writing.text(text)
    return writing.imported(found, drafts, folder)


def _drafts(found: outline.Outline, kind: str, services: Sequence[str]) -> list[tuple[outline.Part, Draft]]:
    """What the sections of a kind become. Why one does not is noted at the part."""
    result: list[tuple[outline.Part, Draft]] = []
    for part in found.parts:
        if part.kind != kind or part.why:
            continue
        try:
            _must_have_names(part)
            result.append((part, backends.understand(part) if kind == "backend" else frontends.understand(part, services)))
        except MustStayWhole as why:
            part.why = str(why)
    return result


def _must_have_names(part: outline.Part) -> None:
    if not names.is_name(part.name):
        raise MustStayWhole("the model has no such names")
    if part.base is None or part.base.is_fixed:
        raise MustStayWhole("the defaults it starts from can't be named")


@dataclass(slots=True)
class _Writing:
    """The site as far as it is. ``path_folder`` is where some relative paths start, if they need to say so."""

    path_folder: Path | None
    data: dict[str, Any] = field(default_factory=lambda: {"tls": {"profile": "haproxy"}, "listeners": {}, "services": {}, "raw": {}})
    places: dict[site.Path, Origin] = field(default_factory=dict[site.Path, Origin])
    comments: dict[site.Path, Comment] = field(default_factory=dict[site.Path, Comment])
    secrets: dict[str, str] = field(default_factory=dict[str, str])
    made: global_lines.Globals = field(default_factory=global_lines.Globals)

    def globals(self, made: global_lines.Globals, folder: Path) -> None:
        """``raw.folder``, ``raw.global``, and the secrets of it."""
        self.made = made
        if str(folder).isprintable():
            self.data["raw"]["folder"] = str(folder)
        self.data["raw"]["global"] = [text for text, _ in made.lines]
        self.places |= {("raw", "global", index): place for index, (_, place) in enumerate(made.lines) if place.line}
        if made.above:
            self.comments["raw", "global"] = Comment(tuple(made.above))
        if made.hidden:
            self.text(sections.of_lines(made.hidden, folder))

    def section(self, part: outline.Part, made: Draft, base: str) -> None:
        """A listener or a service, with its lines under ``raw``."""
        above, below = _KINDS[part.kind]
        path = (above, part.name)
        self.data[above][part.name] = {"from": base, **{key: made.keys[key] for key in _ORDER if key in made.keys}}
        self.places |= {path: part.head.origin, **{(*path, *rest): place for rest, place in made.places.items()}}
        comment = Comment(tuple(verbatim.single(line) for line in part.above if not verbatim.is_blank(line)), verbatim.comment(part.head))
        if comment != Comment():
            self.comments[path] = comment
        self.comments |= {(*path, *rest): each for rest, each in made.comments.items()}
        if made.raw:
            self.data["raw"].setdefault(below, {})[part.name] = [self._single(line) for line in made.raw]
            self.places |= {("raw", below, part.name, index): line.origin for index, line in enumerate(made.raw)}

    def _single(self, line: document.Line) -> str:
        return whole_paths.with_paths(line, verbatim.single(line), self.path_folder)

    def text(self, text: sections.Text) -> None:
        """A section that stays whole."""
        known = self.data["raw"].setdefault("sections", [])
        path = ("raw", "sections", len(known))
        places = {(*path, number): place for number, place in enumerate(text.places, 1) if place is not None}
        if places:
            self.places[path] = next(iter(places.values()))
        self.places |= places
        if text.needs_file:
            file = self._file(text.name)
            self.secrets[file] = text.text
            known.append({"file": file})
        else:
            known.append(text.text)

    def _file(self, name: str) -> str:
        plain = _IN_FILE_NAMES.sub("-", name).strip("-")[:60] or "section"
        number, file = 1, f"secrets/{plain}.cfg"
        while file in self.secrets:
            number += 1
            file = f"secrets/{plain}-{number}.cfg"
        return file

    def imported(self, found: outline.Outline, drafts: Sequence[tuple[outline.Part, Draft]], folder: Path) -> Imported:
        """The whole, with the report."""
        taken = {id(part) for part, _ in drafts}
        stay = [part for part in found.parts if id(part) not in taken]
        first = [each for part in found.first for each in reporting.directives(part)]
        whole = [each for part in stay for each in reporting.directives(part)]
        lines = len(first) + len(whole) + sum(len(reporting.directives(part)) for part, _ in drafts)
        left_out = global_lines.left_out([*first, *whole], folder)
        gone = {each.origin for each in left_out}
        rest = [("global", line) for line in self.made.directives]
        rest += [*whole, *((part.kind, line) for part, made in drafts for line in made.raw if reporting.says_something(line))]
        left_out += whole_paths.changed([line for _, line in rest], self.path_folder)
        kept = [(kind, line) for kind, line in rest if line.origin not in gone]
        report = Report(
            lines, lines - len(kept), reporting.kept(kept), reporting.whole(stay), tuple(sorted(left_out, key=lambda each: each.origin))
        )
        return Imported(self.data, self.places, self.secrets, report, self.comments, tuple(self.made.start))
