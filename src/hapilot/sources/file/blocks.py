"""The text of a site file in blocks that mean the same by themselves: its sections, and each service.

A text goes in; its blocks come out, or None where it is not certain that they can be told apart by their indentation. What YAML makes
of a whole file and of its blocks is the same because each block is, by itself, one key of a mapping in block style with its value, and
the next one starts in the column of that key: there every value ends (YAML 1.2, section 8.2). That a block is that has to be checked by
who parses it: an open quote or bracket, for one, makes it an error. Pure. Called by ``documents``.
"""

from __future__ import annotations

import bisect
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

SERVICES = "services"

_DOUBTFUL = ("\t", "\r", "\x85", "\u2028", "\u2029", "\ufeff")
"""What YAML takes for a line end, or what tells columns otherwise than they are counted here."""
_BEFORE = re.compile(r"(?: *(?:#[^\n]*)?\n)*(?:--- *\n)?(?: *(?:#[^\n]*)?\n)*")
"""What may be in front of the first section: comments, empty lines, and the start of the document."""
_HEAD = re.compile(r"services: *(?:#[^\n]*)?\n(?: *(?:#[^\n]*)?\n)*( +)(?=[^ #\n-])")
"""The beginning of the section of services, up to the first one's name."""
_SECTION = re.compile(r"\n(?=[^ #\n])")


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines of a file, of which ``above`` are above them. ``column`` of its key counts from 1."""

    text: str
    above: int
    column: int = 1
    is_service: bool = False


@dataclass(frozen=True, slots=True)
class Divided:
    """A text and its blocks in order, which are all of it from the first on. The section of services is one block up to its first service,
    if it has any in block style."""

    text: str
    blocks: tuple[Block, ...]

    @property
    def starts(self) -> list[int]:
        """Where each block starts in the text, and where the last one ends."""
        first = len(self.text) - sum(len(block.text) for block in self.blocks)
        return list(itertools.accumulate((len(block.text) for block in self.blocks), initial=first))


@dataclass(frozen=True, slots=True)
class Changed:
    """A text after a change. Its first ``head`` blocks are those of the text before. So are its last ``tail`` ones, which may have moved by
    so many ``lines``."""

    divided: Divided
    head: int = 0
    tail: int = 0
    lines: int = 0


def split(text: str) -> Divided | None:
    """The blocks of a text."""
    before = _BEFORE.match(text)
    if before is None or _is_doubtful(text) or not _is_key(text, before.end()):
        return None
    start = before.end()
    ends = [found.end() for found in _SECTION.finditer(text, start)]
    blocks: list[Block] = []
    above = text.count("\n", 0, start)
    for begin, end in zip([start, *ends], [*ends, len(text)], strict=True):
        if not _is_key(text, begin):
            return None
        blocks += _section(text[begin:end], above)
        above += text.count("\n", begin, end)
    return Divided(text, tuple(blocks))


def split_again(former: Divided, text: str) -> Changed | None:
    """The same for a text of which much is as in a former one. Only what is between the first and the last difference is divided anew."""
    starts, blocks, change = former.starts, former.blocks, len(text) - len(former.text)
    same = _common(former.text, text)
    # The first block of the difference starts as it did: its indentation and the first letter are the same.
    head = bisect.bisect_right(range(len(blocks)), same, key=lambda index: starts[index] + blocks[index].column) - 1
    rest = _common_end(former.text[same:], text[same:])
    # The last one ends as it did: with the end of a line before the block that follows.
    tail = len(blocks) - bisect.bisect_left(starts, len(former.text) - rest + 1, hi=len(blocks))
    between = text[starts[head] : starts[len(blocks) - tail] + change]
    if head <= 0 or not blocks[head].is_service or _SECTION.search(between) or _is_doubtful(between):
        divided = split(text)
        return None if divided is None else Changed(divided)
    above = blocks[head].above
    made = _services(between, above, blocks[head].column)
    moved = blocks[len(blocks) - tail :]
    lines = above + between.count("\n") - moved[0].above if moved else 0
    if lines:
        moved = tuple([Block(one.text, one.above + lines, one.column, one.is_service) for one in moved])
    return Changed(Divided(text, (*blocks[:head], *made, *moved)), head, tail, lines)


def _common(one: str, other: str) -> int:
    """How many characters two texts have in common at their beginning."""
    least, most = 0, min(len(one), len(other))
    while least < most:
        middle = (least + most + 1) // 2
        if one[least:middle] == other[least:middle]:
            least = middle
        else:
            most = middle - 1
    return least


def _common_end(one: str, other: str) -> int:
    """The same at their end."""
    least, most = 0, min(len(one), len(other))
    while least < most:
        middle = (least + most + 1) // 2
        if one[len(one) - middle : len(one) - least] == other[len(other) - middle : len(other) - least]:
            least = middle
        else:
            most = middle - 1
    return least


def _is_doubtful(text: str) -> bool:
    return any(character in text for character in _DOUBTFUL)


def _is_key(text: str, place: int) -> bool:
    """Whether a section's name may stand there: no document's end or directive, no list, nothing in brackets or quotes."""
    return text[place : place + 1].isalpha()


def _section(text: str, above: int) -> Iterator[Block]:
    head = _HEAD.match(text)
    if head is None:
        yield Block(text, above)
        return
    begin = head.start(1)
    yield Block(text[:begin], above)
    yield from _services(text[begin:], above + text.count("\n", 0, begin), len(head[1]) + 1)


def _services(text: str, above: int, column: int) -> Iterator[Block]:
    """Services whose names stand in ``column``; the text begins with one."""
    following = re.compile(rf"\n(?= {{{column - 1}}}[^ #\n-])")
    ends = [found.end() for found in following.finditer(text)]
    for start, end in zip([0, *ends], [*ends, len(text)], strict=True):
        yield Block(text[start:end], above, column, is_service=True)
        above += text.count("\n", start, end)
