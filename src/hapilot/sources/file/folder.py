"""From a site's path to the trees of its documents: one file, or every ``*.yaml`` of a folder, and what they include.

A path and the environment go in; the trees in the order of reading, and whether all could be read, come out. Called by ``load``.
"""

from __future__ import annotations

import glob
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path

from hapilot.base import diagnostics
from hapilot.base.origin import Origin
from hapilot.sources.file import documents, reading
from hapilot.sources.file.tree import ListNode, MapNode, Node, ScalarNode, origin


@dataclass(frozen=True, slots=True)
class Documents:
    """What was read. ``complete`` is false if any document could not be read, so that others may refer to what it defines."""

    trees: tuple[MapNode, ...]
    diagnostics: tuple[diagnostics.Diagnostic, ...]
    complete: bool


def read(path: Path, environment: Mapping[str, str], files: reading.Files) -> Documents:
    """Reads a site file or a folder of them, with everything they include."""
    reader = _Reader(environment, files)
    before = len(files.found)
    start = Origin(str(path))
    if files.is_folder(path):
        reader.folder(path, start)
    else:
        reader.file(path, start)
    failed = files.found[before:]
    del files.found[before:]
    found = (*failed, *reader.found)
    return Documents(tuple(reader.trees), found, complete=not failed and not reader.broken)


class _Reader:
    """Follows includes, each file once."""

    def __init__(self, environment: Mapping[str, str], files: reading.Files) -> None:
        self.trees: list[MapNode] = []
        self.found: list[diagnostics.Diagnostic] = []
        self.broken = False
        self._environment = environment
        self._files = files
        self._open: dict[Hashable, Path] = {}
        self._done: set[Hashable] = set()

    def folder(self, path: Path, said: Origin) -> None:
        """Every ``*.yaml`` of a folder."""
        names = self._files.folder(path, "*.yaml", said)
        if names == []:
            self._refuse("file-missing", f"the folder {str(path)!r} has no *.yaml file", said, "site files end in .yaml")
        for name in names or []:
            self.file(name, Origin(str(name)) if not said.line else said)

    def file(self, path: Path, said: Origin) -> None:
        """One file and what it includes. ``said`` is where it was named."""
        identity = self._files.identity(path)
        if identity in self._open:
            steps = list(self._open)
            circle = " includes ".join(str(self._open[step]) for step in [*steps[steps.index(identity) :], identity])
            self._refuse("include-cycle", f"files include each other in a circle: {circle}", said, "leave out one of the includes")
            return
        if identity in self._done:
            return
        self._done.add(identity)
        content = self._files.read(path, said)
        if content is None:
            return
        tree, found = documents.parse(content, str(path), self._environment, self._files.memory)
        self.found.extend(found)
        if tree is None:
            self.broken = True
        elif isinstance(tree, MapNode):
            include = tree.get("include")
            if include is None:
                self.trees.append(tree)
                return
            entries = {name: entry for name, entry in tree.entries.items() if name != "include"}
            self.trees.append(MapNode(tree.file, tree.line, tree.column, entries))
            self._open[identity] = path
            self._includes(include, path)
            del self._open[identity]
        elif not (isinstance(tree, ScalarNode) and tree.value is None):
            self._refuse(
                "yaml-not-a-site", "the file is not a mapping of sections", origin(tree), "it starts with a section such as services:"
            )

    def _includes(self, said: Node, path: Path) -> None:
        for item in said.items if isinstance(said, ListNode) else [said]:
            self._include(item, path)

    def _include(self, item: Node, path: Path) -> None:
        pattern = item.value if isinstance(item, ScalarNode) else None
        if not isinstance(pattern, str) or not pattern:
            hint = "such as include: [conf.d/*.yaml]"
            self._refuse("wrong-type", "include takes names of files, or patterns with * for them", origin(item), hint)
            return
        if not glob.has_magic(pattern):
            target = path.parent / pattern
            if self._files.is_folder(target):
                self.folder(target, origin(item))
            else:
                self.file(target, origin(item))
            return
        for target in self._files.matching(path.parent, pattern):
            if self._files.identity(target) != self._files.identity(path):
                self.file(target, origin(item))

    def _refuse(self, code: str, message: str, said: Origin, hint: str) -> None:
        self.broken = True
        self.found.append(diagnostics.error(code, message, said, hint))
