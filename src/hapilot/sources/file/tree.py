"""The tree of a YAML document: values with their places.

``yaml`` makes it, ``merge`` and ``anchor`` change it, ``validate`` turns it into plain values. It lives until the end of a
load and stays as :class:`Places`, which finds the origin of a value only when somebody asks: a large site has hundreds of
thousands of values, and hardly any of them is ever shown.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from hapilot.base.origin import Origin
from hapilot.model import core_schema, site


@dataclass(slots=True, eq=False)
class ScalarNode:
    """A value, or a key with its text as ``value``. Lines and columns count from 1."""

    value: core_schema.Scalar
    file: str
    line: int
    column: int


@dataclass(slots=True, eq=False)
class ListNode:
    """A sequence."""

    file: str
    line: int
    column: int
    items: list[Node] = field(default_factory=list["Node"])


@dataclass(slots=True, eq=False)
class MapNode:
    """A mapping. Keys are always texts: ``503`` and ``"503"`` are the same key. An entry is the key's node and the value's."""

    file: str
    line: int
    column: int
    entries: dict[str, Entry] = field(default_factory=dict[str, "Entry"])

    def get(self, key: str) -> Node | None:
        """The value of ``key``."""
        entry = self.entries.get(key)
        return None if entry is None else entry[1]


Node = ScalarNode | ListNode | MapNode
Entry = tuple[ScalarNode, Node]
"""A key and its value."""


def origin(node: Node) -> Origin:
    """Where the node was said."""
    return Origin(node.file, node.line, node.column)


def plain(node: Node) -> object:
    """The node as dicts, lists and scalars."""
    if isinstance(node, ScalarNode):
        return node.value
    if isinstance(node, MapNode):
        return {key: plain(entry[1]) for key, entry in node.entries.items()}
    return [plain(item) for item in node.items]


def child(node: Node, step: str | int) -> Node | None:
    """The node one step further down."""
    if isinstance(node, MapNode):
        return node.get(str(step))
    if isinstance(node, ListNode) and isinstance(step, int) and 0 <= step < len(node.items):
        return node.items[step]
    return None


def find(node: Node, path: site.Path) -> Node | None:
    """The node at the end of ``path``."""
    found: Node | None = node
    for step in path:
        if found is None:
            return None
        found = child(found, step)
    return found


def without(node: Node, paths: Iterable[site.Path]) -> Node:
    """A tree that lacks what is at any of ``paths``; nodes are copied, because an alias may have made them part of other branches."""
    below: dict[str | int, list[site.Path]] = {}
    for path in paths:
        if path:
            below.setdefault(path[0], []).append(path[1:])
    if not below or isinstance(node, ScalarNode):
        return node
    gone = {step for step, rests in below.items() if () in rests}
    if isinstance(node, MapNode):
        # What stays whole stays the same object: later stages know it again by that.
        kept = ((name, entry, below.get(name)) for name, entry in node.entries.items() if name not in gone)
        entries = {name: (entry[0], without(entry[1], rest)) if rest else entry for name, entry, rest in kept}
        return MapNode(node.file, node.line, node.column, entries)
    items = [without(item, below.get(place, ())) for place, item in enumerate(node.items) if place not in gone]
    return ListNode(node.file, node.line, node.column, items)


def moved(node: Node, lines: int) -> Node:
    """The same so many lines further down, or further up where it is below 0."""
    if isinstance(node, ScalarNode):
        return ScalarNode(node.value, node.file, node.line + lines, node.column)
    if isinstance(node, MapNode):
        entries = {name: moved_entry(entry, lines) for name, entry in node.entries.items()}
        return MapNode(node.file, node.line + lines, node.column, entries)
    return ListNode(node.file, node.line + lines, node.column, [moved(item, lines) for item in node.items])


def moved_entry(entry: Entry, lines: int) -> Entry:
    """A key and its value so many lines further down."""
    key = entry[0]
    return ScalarNode(key.value, key.file, key.line + lines, key.column), moved(entry[1], lines)


def paths_at(root: Node, places: Container[Origin]) -> list[site.Path]:
    """The paths of all scalars that were said at one of the places."""
    return [path for path, node in _walk(root, ()) if isinstance(node, ScalarNode) and origin(node) in places]


class _Places(Mapping[site.Path, Origin]):
    """Paths to origins, looked up in the tree."""

    def __init__(self, root: Node) -> None:
        self._root = root

    def __iter__(self) -> Iterator[site.Path]:
        return (path for path, _ in _walk(self._root, ()) if path in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class ValuePlaces(_Places):
    """Where each value was said."""

    def __getitem__(self, path: site.Path) -> Origin:
        found = find(self._root, path)
        if found is None:
            raise KeyError(path)
        return origin(found)


class KeyPlaces(_Places):
    """Where the key of each value was said."""

    def __getitem__(self, path: site.Path) -> Origin:
        parent = find(self._root, path[:-1]) if path else None
        entry = parent.entries.get(str(path[-1])) if isinstance(parent, MapNode) else None
        if entry is None:
            raise KeyError(path)
        return origin(entry[0])


def services(root: Node) -> Mapping[str, Entry]:
    """The services as the tree has them; none where that is no mapping."""
    found = child(root, "services")
    return found.entries if isinstance(found, MapNode) else {}


def origins(root: Node) -> site.Origins:
    """The tree as the origins that later stages ask."""
    return site.Origins(ValuePlaces(root), KeyPlaces(root), services(root))


def _walk(node: Node, path: site.Path) -> Iterator[tuple[site.Path, Node]]:
    yield path, node
    if isinstance(node, MapNode):
        for key, entry in node.entries.items():
            yield from _walk(entry[1], (*path, key))
    elif isinstance(node, ListNode):
        for place, item in enumerate(node.items):
            yield from _walk(item, (*path, place))
