"""Several documents to one: names are merged and must be unique, lists are joined, single sections are merged key by key.

Trees in the order of reading go in; one tree and diagnostics come out. Pure. Called by ``load``.
"""

from __future__ import annotations

from hapilot.base import diagnostics
from hapilot.sources.file.complaints import shown
from hapilot.sources.file.tree import Entry, ListNode, MapNode, ScalarNode, origin

_LISTS = ("certificates", "expect")
_NAMED = ("listeners", "services")


def merge(trees: tuple[MapNode, ...]) -> tuple[MapNode, list[diagnostics.Diagnostic]]:
    """One tree of all. A section without a value (``services:`` and nothing below) counts as absent. The trees stay as they are."""
    found: list[diagnostics.Diagnostic] = []
    said: dict[str, list[Entry]] = {}
    for tree in trees:
        for section, entry in tree.entries.items():
            if not (isinstance(entry[1], ScalarNode) and entry[1].value is None):
                said.setdefault(section, []).append(entry)
    first = trees[0] if trees else MapNode("", 0, 0)
    entries = {section: _join(section, all_of_it, found) if len(all_of_it) > 1 else all_of_it[0] for section, all_of_it in said.items()}
    return MapNode(first.file, first.line, first.column, entries), found


def _join(section: str, said: list[Entry], found: list[diagnostics.Diagnostic]) -> Entry:
    """A section that several documents have. What is of another kind than in the first counts as another definition."""
    (key, first), *others = said
    whole = first
    if isinstance(first, ListNode) and section in _LISTS:
        whole = ListNode(first.file, first.line, first.column, list(first.items))
    elif isinstance(first, MapNode):
        whole = _copy(first)
    for other_key, other in others:
        if isinstance(whole, ListNode) and isinstance(other, ListNode) and section in _LISTS:
            whole.items.extend(other.items)
        elif isinstance(whole, MapNode) and isinstance(other, MapNode):
            _merge_into(whole, other, found, levels=1 if section in _NAMED else 8)
        else:
            found.append(_twice(key, other_key))
    return key, whole


def _merge_into(whole: MapNode, other: MapNode, found: list[diagnostics.Diagnostic], levels: int) -> None:
    """Adds the other mapping to one of our own. ``levels``: how deep mappings of the same key are merged too, instead of being a clash."""
    for name, (key, value) in other.entries.items():
        before = whole.entries.get(name)
        if before is None:
            whole.entries[name] = other.entries[name]
        elif levels > 1 and isinstance(before[1], MapNode) and isinstance(value, MapNode):
            inner = _copy(before[1])
            _merge_into(inner, value, found, levels - 1)
            whole.entries[name] = (before[0], inner)
        else:
            found.append(_twice(before[0], key))


def _copy(node: MapNode) -> MapNode:
    return MapNode(node.file, node.line, node.column, dict(node.entries))


def _twice(before: ScalarNode, after: ScalarNode) -> diagnostics.Diagnostic:
    message = f"{shown(str(after.value))} is defined twice, first at {origin(before)}"
    return diagnostics.error("defined-twice", message, origin(after), "keep one of them, or give one another name")
