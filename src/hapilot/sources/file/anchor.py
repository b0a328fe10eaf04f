"""Paths in the tree are anchored: relative to the file that says them becomes relative to where hapilot runs.

A merged tree goes in; a tree in which every path of another file can be opened as it stands comes out. Pure. Called by ``load``.
"""

from __future__ import annotations

from pathlib import PurePath

from hapilot.base import memory
from hapilot.sources.file.tree import Entry, ListNode, MapNode, Node, ScalarNode

SERVICES = "services"

_PATHS: tuple[tuple[str, ...], ...] = (
    ("certificates", "*", "file"),
    ("certificates", "*", "key"),
    ("certificates", "*", "dir"),
    ("services", "*", "verify", "ca"),
    ("services", "*", "client_certificates", "ca"),
    ("services", "*", "errors", "*"),
    ("services", "*", "basic_auth", "users", "*", "password_file"),
    ("raw", "sections", "*", "file"),
    ("admin", "stats", "users", "*", "password_file"),
    ("admin", "metrics", "users", "*", "password_file"),
)
"""Where the site file takes a path; ``*`` is any name or item."""


def anchor(tree: Node, before: memory.Memory | None = None) -> Node:
    """The tree with its paths anchored. Nodes on the way to a path are copied, because an alias may have made one part of several branches;
    others stay the same objects.

    ``certs/a.pem`` in ``conf/site.yaml`` becomes ``conf/certs/a.pem``.
    """
    services = tree.get(SERVICES) if isinstance(tree, MapNode) else None
    if not isinstance(tree, MapNode) or not isinstance(services, MapNode):
        return _anchor(tree, _PATHS)
    below = _below(_below(_PATHS, SERVICES), "*")
    known = before or memory.Memory()
    entries = known.each("anchored services", services.entries.values(), lambda entry: _entry(entry, below))
    anchored = MapNode(services.file, services.line, services.column, dict(zip(services.entries, entries, strict=True)))
    rest = MapNode(tree.file, tree.line, tree.column, {name: entry for name, entry in tree.entries.items() if name != SERVICES})
    others = _anchor(rest, _PATHS)
    both = {**(others.entries if isinstance(others, MapNode) else {}), SERVICES: (tree.entries[SERVICES][0], anchored)}
    return MapNode(tree.file, tree.line, tree.column, {name: both[name] for name in tree.entries})


def _anchor(node: Node, paths: tuple[tuple[str, ...], ...]) -> Node:
    if not paths:
        return node
    if () in paths:
        return _path(node)
    if isinstance(node, ListNode):
        below = _below(paths, "*")
        items = [_anchor(item, below) for item in node.items]
        changed = any(new is not old for new, old in zip(items, node.items, strict=True))
        return ListNode(node.file, node.line, node.column, items) if changed else node
    if isinstance(node, MapNode):
        entries = {key: _entry(entry, _below(paths, key)) for key, entry in node.entries.items()}
        changed = any(entries[key] is not entry for key, entry in node.entries.items())
        return MapNode(node.file, node.line, node.column, entries) if changed else node
    return node


def _entry(entry: Entry, paths: tuple[tuple[str, ...], ...]) -> Entry:
    value = _anchor(entry[1], paths)
    return entry if value is entry[1] else (entry[0], value)


def _below(paths: tuple[tuple[str, ...], ...], step: str) -> tuple[tuple[str, ...], ...]:
    return tuple(path[1:] for path in paths if path and path[0] in ("*", step))


def _path(node: Node) -> Node:
    if not isinstance(node, ScalarNode) or not isinstance(node.value, str) or not node.value:
        return node
    return ScalarNode(str(PurePath(node.file).parent / node.value), node.file, node.line, node.column)
