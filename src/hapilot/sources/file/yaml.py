"""YAML text to a tree with places, strictly: YAML 1.2 scalars, no key twice, one document, bounded depth and aliases.

The bytes of one file and the environment go in; a tree (None if there is no way to read on) and diagnostics come out.
Nothing here raises for a bad file. It walks the events of libyaml once, three times as fast as PyYAML's own loader and
without recursion. Called by ``documents``, for a file or for a part of one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from hapilot.base import diagnostics
from hapilot.base.origin import Origin
from hapilot.model import core_schema
from hapilot.sources.file import complaints, events, variables
from hapilot.sources.file.tree import ListNode, MapNode, Node, ScalarNode, origin

MAX_DEPTH = 64
"""Levels of nesting; a site needs ten. Everything after this module may recurse."""
MAX_ALIASED = 100_000
"""Values that all aliases of a file may stand for together, against files that expand without end."""

_TEXT_TAGS = ("!", "tag:yaml.org,2002:str")


@dataclass(frozen=True, slots=True)
class Around:
    """What is around a part of a file: so many lines above it, and so many levels of nesting."""

    lines: int = 0
    levels: int = 0


@dataclass(frozen=True, slots=True)
class Parsed:
    """What came of a file. ``is_divisible``: no part of it refers to another by an alias."""

    root: Node | None
    found: list[diagnostics.Diagnostic]
    is_divisible: bool = False


def parse(data: bytes, file: str, environment: Mapping[str, str]) -> tuple[Node | None, list[diagnostics.Diagnostic]]:
    """The tree of one document. An empty document is a null scalar."""
    parsed = compose(data, file, environment)
    return parsed.root, parsed.found


def compose(data: bytes, file: str, environment: Mapping[str, str], around: Around = Around()) -> Parsed:
    """The same with more about it. ``around`` says where in the file ``data`` is, if it is a part of one."""
    composer = _Composer(file, environment, around)
    try:
        for event in events.events(data, file):
            composer.take(event)
    except events.Stop as stop:
        return Parsed(None, [*composer.found, stop.diagnostic])
    except yaml.YAMLError as problem:
        return Parsed(None, [*composer.found, complaints.syntax(problem, file, data.decode("utf-8", "replace"))])
    return Parsed(composer.root or ScalarNode(None, file, 1, 1), composer.found, composer.is_divisible)


@dataclass(slots=True)
class _Frame:
    """A mapping or a sequence that is being read. ``before``: how many values there were when it began."""

    node: MapNode | ListNode
    anchor: str | None
    before: int
    key: ScalarNode | None = None
    merged: list[tuple[ScalarNode, Node]] = field(default_factory=list[tuple[ScalarNode, Node]])


class _Composer:
    """Builds the tree from events."""

    def __init__(self, file: str, environment: Mapping[str, str], around: Around) -> None:
        self.root: Node | None = None
        self.found: list[diagnostics.Diagnostic] = []
        self._first = around.lines + 1
        self._deepest = MAX_DEPTH - around.levels
        self._file = file
        self._environment = environment
        self._frames: list[_Frame] = []
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._count = 0
        self._aliased = 0
        self._documents = 0
        self._takers: dict[object, Callable[[Any], None]] = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: self._mapping,
            yaml.SequenceStartEvent: self._sequence,
            yaml.MappingEndEvent: self._end,
            yaml.SequenceEndEvent: self._end,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._document,
        }

    @property
    def is_divisible(self) -> bool:
        """Whether there was no anchor, and so no alias."""
        return not self._anchors

    def take(self, event: Any) -> None:
        """One event further. Raises events.Stop where reading on makes no sense."""
        taker = self._takers.get(event.__class__)
        if taker is not None:
            taker(event)

    def _document(self, event: Any) -> None:
        self._documents += 1
        if self._documents > 1:
            raise self._stop(event, "the file has a second document", "one file holds one document: put the rest into another file")

    def _scalar(self, event: Any) -> None:
        mark = event.start_mark
        text: str = event.value
        node = ScalarNode(text, self._file, mark.line + self._first, mark.column + 1)
        frame = self._frames[-1] if self._frames else None
        if frame is not None and frame.key is None and isinstance(frame.node, MapNode):
            self._count += 1
            self._key(event, frame, node)
            return
        plain = not event.style and event.tag is None
        if event.tag is not None and event.tag not in _TEXT_TAGS:
            raise self._no_tags(event)
        if "${" in text:
            plain = self._fill(node, text) and plain
            text = str(node.value)
        if plain:
            node.value = core_schema.resolve(text)
        self._add(node, event.anchor, self._count)

    def _key(self, event: Any, frame: _Frame, node: ScalarNode) -> None:
        text: str = event.value
        if event.anchor is not None or (event.tag is not None and event.tag not in _TEXT_TAGS):
            raise self._stop(event, "a key has an anchor or a tag", "leave it out")
        entries = frame.node.entries if isinstance(frame.node, MapNode) else {}
        before = entries.get(text, (None,))[0]
        if text == "<<" and not event.style:
            before = frame.merged[0][0] if frame.merged else None
        if before is not None:
            message = f"the key {complaints.shown(text)} is there twice, first at {origin(before).short}"
            hint = "keep one of them"
            self.found.append(diagnostics.error("yaml-duplicate-key", message, origin(node), hint))
        frame.key = node

    def _fill(self, node: ScalarNode, text: str) -> bool:
        """Substitutes variables; whether the result is to be read as a plain scalar."""
        filled = variables.fill(text, self._environment)
        for name in filled.unset:
            hint = f"set it, or give a default: ${{{name}:-…}}"
            self.found.append(diagnostics.error("variable-unset", f"the environment variable {name} is not set", origin(node), hint))
        if filled.broken:
            hint = "write ${NAME} or ${NAME:-default}, or $${ for the two characters"
            self.found.append(diagnostics.error("bad-value", "'${' is not followed by the name of a variable and '}'", origin(node), hint))
        node.value = filled.text
        return filled.alone

    def _mapping(self, event: Any) -> None:
        self._start(event, MapNode(self._file, event.start_mark.line + self._first, event.start_mark.column + 1))

    def _sequence(self, event: Any) -> None:
        self._start(event, ListNode(self._file, event.start_mark.line + self._first, event.start_mark.column + 1))

    def _start(self, event: Any, node: MapNode | ListNode) -> None:
        if event.tag is not None:
            raise self._no_tags(event)
        if len(self._frames) >= self._deepest:
            raise self._stop(event, f"values are nested more than {MAX_DEPTH} levels deep", "a site needs ten at most")
        if self._frames and isinstance(self._frames[-1].node, MapNode) and self._frames[-1].key is None:
            raise self._stop(event, "a key is a list or a mapping", "a key is a text; quote it if it starts with [ or {")
        if event.anchor is not None:
            self._anchors.pop(event.anchor, None)
        self._frames.append(_Frame(node, event.anchor, self._count))

    def _end(self, event: Any) -> None:
        del event
        frame = self._frames.pop()
        if frame.merged and isinstance(frame.node, MapNode):
            self._merge(frame.node, frame.merged)
        self._add(frame.node, frame.anchor, frame.before)

    def _merge(self, node: MapNode, merged: list[tuple[ScalarNode, Node]]) -> None:
        """``<<`` (YAML 1.1, "merge"): entries of the other mappings, where the mapping has none itself."""
        for key, value in merged:
            for other in value.items if isinstance(value, ListNode) else [value]:
                if not isinstance(other, MapNode):
                    hint = "write <<: *NAME with an anchor &NAME at a mapping"
                    self.found.append(diagnostics.error("yaml-syntax", "<< takes a mapping or a list of mappings", origin(key), hint))
                    continue
                for name, entry in other.entries.items():
                    node.entries.setdefault(name, entry)

    def _alias(self, event: Any) -> None:
        frame = self._frames[-1] if self._frames else None
        if frame is not None and frame.key is None and isinstance(frame.node, MapNode):
            raise self._stop(event, "a key is an alias", "write the key itself")
        target = self._anchors.get(event.anchor)
        if target is None:
            inside = any(frame.anchor == event.anchor for frame in self._frames)
            why = "is inside of what it stands for" if inside else "has no anchor before it"
            message = f"the alias *{event.anchor} {why}"
            raise self._stop(event, message, "an alias repeats a value that an anchor, &NAME, marks before it")
        node, size = target
        self._aliased += size
        self._count += size
        if self._aliased > MAX_ALIASED:
            raise self._stop(event, f"aliases stand for more than {MAX_ALIASED} values", "write the values themselves")
        if frame is not None and self._deeper(node) + len(self._frames) > self._deepest:
            raise self._stop(event, f"values are nested more than {MAX_DEPTH} levels deep", "a site needs ten at most")
        self._put(node)

    def _deeper(self, node: Node) -> int:
        """How many levels a node has; bounded, because everything inside was bounded when it was read."""
        if isinstance(node, MapNode):
            return 1 + max((self._deeper(entry[1]) for entry in node.entries.values()), default=0)
        if isinstance(node, ListNode):
            return 1 + max((self._deeper(item) for item in node.items), default=0)
        return 0

    def _add(self, node: Node, anchor: str | None, before: int) -> None:
        self._count += 1
        if anchor is not None:
            self._anchors[anchor] = (node, self._count - before)
        self._put(node)

    def _put(self, node: Node) -> None:
        if not self._frames:
            self.root = node
            return
        frame = self._frames[-1]
        if isinstance(frame.node, ListNode):
            frame.node.items.append(node)
            return
        key = frame.key
        frame.key = None
        if key is None:  # _start and _alias have refused this
            raise AssertionError("a key that is not a scalar")
        if key.value == "<<":
            frame.merged.append((key, node))
        else:
            frame.node.entries.setdefault(str(key.value), (key, node))

    def _stop(self, event: Any, message: str, hint: str) -> events.Stop:
        place = Origin(self._file, event.start_mark.line + self._first, event.start_mark.column + 1)
        return events.Stop(diagnostics.error("yaml-syntax", message, place, hint))

    def _no_tags(self, event: Any) -> events.Stop:
        return self._stop(
            event, f"the tag {complaints.shown(event.tag.replace('tag:yaml.org,2002:', '!!'))} has no meaning here", "leave it out"
        )
