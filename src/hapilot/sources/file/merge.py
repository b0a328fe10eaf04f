"""Several documents to one: names are merged and must be unique, lists are joined, single sections are merged key by key.

Trees in the order of reading go in; one tree and diagnostics come out. Pure. Called by ``load``.
"""

from __future__ import annotations

from hapilot.base import diagnostics
from hapilot.sources.file.complaints import shown
from hapilot.sources.file.tree import ListNode, MapNode, Node, ScalarNode, origin

_LISTS = ("certificates", "expect")
_NAMED = ("listeners", "services")


def merge(trees: tuple[MapNode, ...]) -> tuple[MapNode, list[diagnostics.Diagnostic]]:
    """One tree of all. A section without a value (``services:`` and nothing below) counts as absent."""
    found: list[diagnostics.Diagnostic] = []
    first = trees[0] if trees else MapNode("", 0, 0)
    merged = MapNode(first.file, first.line, first.column)
    for tree in trees:
        for section, (key, value) in tree.entries.items():
            if isinstance(value, ScalarNode) and value.value is None:
                continue
            before = merged.entries.get(section)
            joined = value if before is None else _join(section, before, (key, value), found)
            merged.entries[section] = (key if before is None else before[0], joined)
    return merged, found


def _join(section: str, before: tuple[ScalarNode, Node], after: tuple[ScalarNode, Node], found: list[diagnostics.Diagnostic]) -> Node:
    one, other = before[1], after[1]
    if section in _LISTS and isinstance(one, ListNode) and isinstance(other, ListNode):
        return ListNode(one.file, one.line, one.column, [*one.items, *other.items])
    if isinstance(one, MapNode) and isinstance(other, MapNode):
        return _merge_maps(one, other, found, levels=1 if section in _NAMED else 8)
    found.append(_twice(before[0], after[0]))
    return one


def _merge_maps(one: MapNode, other: MapNode, found: list[diagnostics.Diagnostic], levels: int) -> MapNode:
    """Both mappings in one. ``levels``: how deep mappings of the same key are merged too, instead of being a clash."""
    result = MapNode(one.file, one.line, one.column, dict(one.entries))
    for name, (key, value) in other.entries.items():
        before = result.entries.get(name)
        if before is None:
            result.entries[name] = (key, value)
            continue
        if levels > 1 and isinstance(before[1], MapNode) and isinstance(value, MapNode):
            result.entries[name] = (before[0], _merge_maps(before[1], value, found, levels - 1))
            continue
        found.append(_twice(before[0], key))
    return result


def _twice(before: ScalarNode, after: ScalarNode) -> diagnostics.Diagnostic:
    message = f"{shown(str(after.value))} is defined twice, first at {origin(before)}"
    return diagnostics.error("defined-twice", message, origin(after), "keep one of them, or give one another name")
