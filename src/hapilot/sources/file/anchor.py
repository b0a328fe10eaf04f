"""Paths in the tree are anchored: relative to the file that says them becomes relative to where hapilot runs.

A merged tree goes in; a tree in which every path of another file can be opened as it stands comes out. Pure. Called by ``load``.
"""

from __future__ import annotations

from pathlib import PurePath

from hapilot.sources.file.tree import ListNode, MapNode, Node, ScalarNode

_PATHS: tuple[tuple[str, ...], ...] = (
    ("certificates", "*", "file"),
    ("certificates", "*", "key"),
    ("certificates", "*", "dir"),
    ("services", "*", "verify", "ca"),
    ("services", "*", "client_certificates", "ca"),
    ("services", "*", "errors", "*"),
    ("services", "*", "basic_auth", "users", "*", "password_file"),
    ("admin", "stats", "users", "*", "password_file"),
    ("admin", "metrics", "users", "*", "password_file"),
)
"""Where the site file takes a path; ``*`` is any name or item."""


def anchor(tree: Node) -> Node:
    """The tree with its paths anchored. Nodes are copied, because an alias may have made one part of several branches.

    ``certs/a.pem`` in ``conf/site.yaml`` becomes ``conf/certs/a.pem``.
    """
    return _anchor(tree, _PATHS)


def _anchor(node: Node, paths: tuple[tuple[str, ...], ...]) -> Node:
    if () in paths:
        return _path(node)
    if isinstance(node, ListNode):
        return (
            ListNode(node.file, node.line, node.column, [_anchor(item, below) for item in node.items])
            if (below := _below(paths, "*"))
            else node
        )
    if isinstance(node, MapNode):
        entries = {
            key: (entry[0], _anchor(entry[1], below) if (below := _below(paths, key)) else entry[1]) for key, entry in node.entries.items()
        }
        return MapNode(node.file, node.line, node.column, entries)
    return node


def _below(paths: tuple[tuple[str, ...], ...], step: str) -> tuple[tuple[str, ...], ...]:
    return tuple(path[1:] for path in paths if path[0] in ("*", step))


def _path(node: Node) -> Node:
    if not isinstance(node, ScalarNode) or not isinstance(node.value, str) or not node.value:
        return node
    return ScalarNode(str(PurePath(node.file).parent / node.value), node.file, node.line, node.column)
