"""The tree of a file, and of a file that has changed since it was last read: only the blocks that are new are parsed.

The content of a file, the environment and a memory go in; the tree and diagnostics, the same as ``yaml`` gives for the whole file, come
out. Where anything is in doubt (an anchor, an error, a text that ``blocks`` can't divide) the whole file is parsed. What is the same as
before is the same object, by which later stages know that nothing has changed. Called by ``folder``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from hapilot.base import diagnostics, memory
from hapilot.sources.file import blocks, reading, tree, yaml

_VARIABLE = "${"
"""What holds it may mean something else every time."""


@dataclass(slots=True)
class _Document:
    """A file that could be parsed without a word. ``parts`` are filled in when the file has changed for the first time."""

    content: reading.Content
    root: tree.Node
    is_divisible: bool
    parts: _Parts | None = None


@dataclass(frozen=True, slots=True)
class _Parts:
    """The blocks of a file and what each of them means."""

    divided: blocks.Divided
    entries: tuple[tree.Entry, ...]


def parse(
    content: reading.Content, file: str, environment: Mapping[str, str], before: memory.Memory
) -> tuple[tree.Node | None, list[diagnostics.Diagnostic]]:
    """The tree of ``content``, None if there is no way to read on, and what is wrong with it. The tree is never changed."""
    known: _Document | None = before.former(("document", file), None)
    if known is not None:
        if known.content is content and _VARIABLE.encode() not in content.data:
            return known.root, []
        divided = _divided(known, content, file, environment)
        if divided is not None:
            before.keep(("document", file), divided)
            return divided.root, []
    parsed = yaml.compose(content.data, file, environment)
    if parsed.root is not None and not parsed.found:
        before.keep(("document", file), _Document(content, parsed.root, parsed.is_divisible))
    return parsed.root, parsed.found


def _divided(known: _Document, content: reading.Content, file: str, environment: Mapping[str, str]) -> _Document | None:
    """The document from blocks, those of the former one that are still the same among them."""
    former = known.parts or (_parts_of(known) if known.is_divisible else None)
    text = _text(content)
    changed = blocks.split_again(former.divided, text) if former is not None and text is not None else None
    if former is None or changed is None:
        return None
    entries = _entries(former, changed, file, environment)
    root = _joined(changed.divided, entries, file) if entries is not None else None
    if entries is None or root is None:
        return None
    return _Document(content, root, is_divisible=True, parts=_Parts(changed.divided, tuple(entries)))


def _text(content: reading.Content) -> str | None:
    try:
        return content.data.decode()
    except UnicodeDecodeError:
        return None


def _entries(former: _Parts, changed: blocks.Changed, file: str, environment: Mapping[str, str]) -> list[tree.Entry] | None:
    """What all blocks mean; None where that of one can't be told by itself."""
    now, end = changed.divided.blocks, len(former.entries) - changed.tail
    replaced = _Parts(blocks.Divided("", former.divided.blocks[changed.head : end]), former.entries[changed.head : end])
    between = _moved(replaced, now[changed.head : len(now) - changed.tail])
    last = former.entries[end:]
    if changed.lines:
        last = [tree.moved_entry(entry, changed.lines) for entry in last]
    entries: list[tree.Entry | None] = [*former.entries[: changed.head], *between, *last]
    names = {str(entry[0].value): entry for entry in replaced.entries}
    for index, (block, entry) in enumerate(zip(now, entries, strict=True)):
        if entry is None or _VARIABLE in block.text:
            made = _entry(block, file, environment)
            if made is None:
                return None
            before = names.get(str(made[0].value)) if entry is None else entry
            # Texts tell 1 from true, which Python takes for equal.
            entries[index] = before if before is not None and repr(before) == repr(made) else made
    return [entry for entry in entries if entry is not None]


def _moved(former: _Parts, now: Iterable[blocks.Block]) -> Iterator[tree.Entry | None]:
    """What is known already of blocks of which some have only moved."""
    known = {block.text: (block.above, entry) for block, entry in zip(former.divided.blocks, former.entries, strict=True)}
    for block in now:
        above, entry = known.get(block.text, (0, None))
        yield entry if entry is None or above == block.above else tree.moved_entry(entry, block.above - above)


def _entry(block: blocks.Block, file: str, environment: Mapping[str, str]) -> tree.Entry | None:
    """What the block means; None if that can't be told by itself."""
    around = yaml.Around(block.above, levels=int(block.is_service))
    parsed = yaml.compose(block.text.encode(), file, environment, around)
    if parsed.found or not parsed.is_divisible or not isinstance(parsed.root, tree.MapNode) or len(parsed.root.entries) != 1:
        return None
    entry = next(iter(parsed.root.entries.values()))
    return entry if (entry[0].line, entry[0].column) == (block.above + 1, block.column) else None


def _parts_of(document: _Document) -> _Parts | None:
    """The blocks of a document that was parsed as a whole, if each of them is just one entry."""
    text = _text(document.content)
    divided = blocks.split(text) if text is not None else None
    if divided is None or not isinstance(document.root, tree.MapNode):
        return None
    sections = {entry[0].line: entry for entry in document.root.entries.values()}
    services = {entry[0].line: entry for entry in tree.services(document.root).values()}
    if not any(block.is_service for block in divided.blocks):
        services.clear()  # they are in the block of their section
    entries: list[tree.Entry] = []
    for block in divided.blocks:
        entry = (services if block.is_service else sections).pop(block.above + 1, None)
        if entry is not None and services and entry[0].value == blocks.SERVICES and not block.is_service:
            entry = _entry(block, entry[0].file, {})  # without those that are in blocks of their own
        if entry is None or entry[0].column != block.column:
            return None
        entries.append(entry)
    return None if sections or services else _Parts(divided, tuple(entries))


def _joined(divided: blocks.Divided, entries: list[tree.Entry], file: str) -> tree.MapNode | None:
    """The tree of all blocks; None if two have one name, of which parsing the whole says where."""
    both = list(zip(divided.blocks, entries, strict=True))
    sections = {str(entry[0].value): entry for block, entry in both if not block.is_service}
    services = {str(entry[0].value): entry for block, entry in both if block.is_service}
    if len(sections) + len(services) < len(entries):
        return None
    if services:
        key, first = sections[blocks.SERVICES][0], next(iter(services.values()))[0]
        sections[blocks.SERVICES] = (key, tree.MapNode(file, first.line, first.column, services))
    first = next(iter(sections.values()))[0]
    return tree.MapNode(file, first.line, first.column, sections)
