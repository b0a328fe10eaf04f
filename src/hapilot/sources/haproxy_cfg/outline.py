"""The parts of a configuration: its sections in order, each with the ``defaults`` it starts from, and why it has to stay whole if it has.

Comes in: documents in HAProxy's order. Goes out: :class:`Outline`. Called by ``importing``. A part is one section; only where an ``.if``
begins in one section and ends in another are these, and what is between them, one part that nobody looks into.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from hapilot.languages.haproxy import document
from hapilot.sources.haproxy_cfg import confidential, verbatim

BLOCK = "block"
"""The kind of a part that is more than one section, or none."""

_NUMBERED = re.compile(r"\b(?:fe|be)_id\b")
"""Fetches that see at which place of the file a proxy stands."""
_SECTION_NAME = re.compile(r"[A-Za-z0-9_.:-]{1,256}")
"""What can stand behind ``from`` (``invalid_char`` in HAProxy's source)."""


@dataclass(slots=True, eq=False)
class Part:
    """A part. ``base`` is the ``defaults`` part that it starts from, if there is one. ``why`` says why it stays whole; empty for one that
    may become a listener or a service. ``is_fixed``: its head must stay as it is too, so nobody can name the ``defaults`` that it
    starts from."""

    kind: str
    name: str
    lines: tuple[document.Line, ...]
    head: document.Line
    base: Part | None = None
    why: str = ""
    is_fixed: bool = False
    needs_file: bool = False
    says_base: bool = False

    @property
    def below(self) -> tuple[document.Line, ...]:
        """The lines below the head."""
        return self.lines[next(place for place, line in enumerate(self.lines) if line is self.head) + 1 :]

    @property
    def above(self) -> tuple[document.Line, ...]:
        """The comments above the head."""
        return self.lines[: next(place for place, line in enumerate(self.lines) if line is self.head)]


_NOTHING = document.Line("", 0, "defaults", "\n", ("defaults",))


@dataclass(slots=True)
class Outline:
    """All parts. ``start`` is what stands above the first section and is comments; ``first`` are the ``global`` sections that come
    before everything else, ``parts`` all that follows."""

    start: list[document.Line] = field(default_factory=list[document.Line])
    first: list[Part] = field(default_factory=list[Part])
    parts: list[Part] = field(default_factory=list[Part])
    nothing: Part = field(default_factory=lambda: Part("defaults", "", (_NOTHING,), _NOTHING))
    """Stands for the ``defaults`` section of what stands before all of them."""


def outline(documents: Iterable[document.Document]) -> Outline:
    """The parts of all files together.

    >>> from hapilot.languages.haproxy import parser
    >>> found = outline([parser.parse("defaults\\n mode http\\nfrontend web\\n bind :80\\n", "x.cfg")])
    >>> [(part.kind, part.name, part.base is not None) for part in found.parts]
    [('defaults', '', False), ('frontend', 'web', True)]
    """
    found = Outline()
    for each in documents:
        for part in _parts(each, found):
            is_first = part.kind == "global" and not found.parts and not part.is_fixed
            (found.first if is_first else found.parts).append(part)
    _keep_before_late_globals(found.parts)
    _keep_twins(found.parts)
    _keep_numbered(found)
    _bases(found)
    return found


def _parts(each: document.Document, found: Outline) -> Iterator[Part]:
    loose = [line for line in each.start if not verbatim.is_blank(line) and line.kind is not document.Kind.COMMENT]
    depth = _depth(each.start)
    if loose:
        # HAProxy reads conditions here; anything else it refuses.
        end = 0 if depth <= 0 else next((n for n, it in enumerate(each.sections, 1) if (depth := depth + _depth(it.lines)) <= 0), None)
        taken = each.sections[:end]
        lines = (*each.start, *itertools.chain.from_iterable(it.all_lines() for it in taken))
        yield _block(lines, loose[0], "lines stand outside of sections")
        sections = each.sections[len(taken) :]
    else:
        found.start += each.start
        sections = each.sections
    for group in _groups(sections):
        yield _part(group)


def _groups(sections: Sequence[document.Section]) -> Iterator[list[document.Section]]:
    """Sections by themselves, and together where an ``.if`` goes beyond the end of one."""
    group: list[document.Section] = []
    depth = 0
    for section in sections:
        group.append(section)
        depth += _depth(section.lines)
        if depth <= 0:
            yield group
            group, depth = [], 0
    if group:
        yield group


def _depth(lines: Iterable[document.Line]) -> int:
    """How many blocks begin here and do not end, less those that end and did not begin."""
    steps = {".if": 1, ".endif": -1}
    return sum(steps.get(line.keyword, 0) for line in lines)


def _part(group: list[document.Section]) -> Part:
    lines = _trimmed(tuple(itertools.chain.from_iterable(section.all_lines() for section in group)))
    section = group[0]
    if len(group) > 1 or _depth(section.lines) != 0:
        return _block(lines, section.head, "an .if goes on beyond its section")
    made = Part(section.kind, section.name, lines, section.head)
    made.why = _why(section)
    _keep_in_file(made)
    made.is_fixed = section.kind in document.PROXIES and _is_odd(section.head)
    return made


def _block(lines: Sequence[document.Line], head: document.Line, why: str) -> Part:
    made = Part(BLOCK, "", _trimmed(lines), head, why=why, is_fixed=True)
    _keep_in_file(made)
    return made


def _keep_in_file(made: Part) -> None:
    """Where a section can't be shown, or can't be said in a site file."""
    if any(confidential.holds(line) for line in made.lines):
        made.why, made.needs_file = "it holds a secret", True
    elif not all(map(verbatim.is_text, made.lines)):
        made.why, made.needs_file = "it has bytes that are no text", True


def _why(section: document.Section) -> str:
    if section.kind not in ("frontend", "backend"):
        return "listen sections are a frontend and a backend in one" if section.kind == "listen" else "it has no place in the model"
    if _is_odd(section.head):
        return "its first line is unusual"
    if any(line.kind in (document.Kind.MACRO, document.Kind.SCOPE) for line in section.lines):
        return "it has lines for some circumstances only"
    if any(_is_broken(line) for line in section.all_lines()):
        return "HAProxy can't read a line of it"
    return ""


def _is_broken(line: document.Line) -> bool:
    return line.problem is not None and line.problem.fault is not document.Fault.NO_LINE_END


def _is_odd(head: document.Line) -> bool:
    """Whether a head is more or less than what everybody writes: a name, and perhaps ``from`` with another."""
    kind, name, inherits = document.title(head.words)
    usual = [kind, *([name] if name else []), *(["from", inherits] if inherits else [])]
    return head.has_variables or _is_broken(head) or list(head.words) != usual or (kind != "defaults" and not name)


def _trimmed(lines: Sequence[document.Line]) -> tuple[document.Line, ...]:
    """Without blank lines at both ends."""
    there = [place for place, line in enumerate(lines) if not verbatim.is_blank(line)]
    return tuple(lines[there[0] : there[-1] + 1]) if there else ()


def _keep_before_late_globals(parts: list[Part]) -> None:
    """What a ``global`` section says counts from there on, so what stands before it must stay before it."""
    last = max((place for place, part in enumerate(parts) if any(line.keyword == "global" for line in part.lines)), default=0)
    for part in parts[:last]:
        part.why = part.why or f"what stands at {parts[last].head.origin.short} counts for what follows it only"


def _keep_twins(parts: list[Part]) -> None:
    """Of two sections with a name, keys of the site could mean only one."""
    for kinds in (("frontend", "listen"), ("backend", "listen")):
        names = Counter(part.name for part in parts if part.kind in kinds)
        for part in parts:
            if part.kind in kinds and names[part.name] > 1:
                part.why = part.why or "another section has its name"


def _keep_numbered(found: Outline) -> None:
    everything = itertools.chain.from_iterable(part.lines for part in (*found.first, *found.parts))
    if any(_NUMBERED.search(line.text) for line in everything if line.words):
        for part in found.parts:
            part.why = part.why or "the configuration uses numbers of sections"


def _bases(found: Outline) -> None:
    """Which ``defaults`` each part starts from: the one it names, else the last one above."""
    named: dict[str, Part] = {}
    last: Part | None = found.nothing
    for part in found.parts:
        if part.kind == BLOCK:
            last = _past_block(part, named, last)
        elif part.kind in document.PROXIES:
            _base(part, named, last)
        if part.kind == "defaults":
            last = part
            _remember(part, named)


def _past_block(part: Part, named: dict[str, Part], last: Part | None) -> Part | None:
    """What counts behind a block. It may use what is above it by name or without, and may have ``defaults`` of its own."""
    for each in (*named.values(), *([last] if last is not None else [])):
        each.is_fixed = True
    return None if any(line.keyword == "defaults" for line in part.lines) else last


def _base(part: Part, named: dict[str, Part], last: Part | None) -> None:
    inherits = document.title(part.head.words)[2]
    part.says_base = bool(inherits)
    if inherits or part.kind == "defaults":
        part.base = named.get(inherits)
    else:
        part.base = last
    if part.base is None and part.kind != "defaults":
        part.why, part.is_fixed = part.why or "which defaults it starts from is open", True
    if part.is_fixed and part.base is not None and not inherits:
        part.base.is_fixed = True


def _remember(part: Part, named: dict[str, Part]) -> None:
    """By its name, which has to be its own if somebody shall say it."""
    if not part.name:
        return
    part.is_fixed = part.is_fixed or part.name in named or not _SECTION_NAME.fullmatch(part.name)
    if part.name in named:
        named[part.name].is_fixed = True
    named[part.name] = part
