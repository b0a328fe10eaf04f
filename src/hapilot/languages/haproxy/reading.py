"""Reading: documents as one HAProxy would read them, with its version and its environment.

Comes in: documents in the order of HAProxy (see ``files``), the program and the environment. Goes out: a :class:`Reading`: sections whose
lines have the words that HAProxy sees, without what conditional blocks leave out; what the configuration itself says (``.notice`` …); and
what is wrong with it before any keyword is looked at. ``as_tree`` turns it into what ``evaluate`` and ``printer`` take.

``setenv`` and its like work from their line on, so the same text may be read in two ways at two places (configuration manual, 2.3 and 3.1).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from hapilot.languages.haproxy import blocks, predicates, tree, words
from hapilot.languages.haproxy.document import Document, Fault, Kind, Line, Section
from hapilot.languages.haproxy.program import Program

MESSAGES = frozenset({".diag", ".notice", ".warning", ".alert"})


@dataclass(frozen=True, slots=True)
class ReadLine:
    """A line that HAProxy reads, with the words it sees."""

    line: Line
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReadSection:
    """A section that HAProxy reads. ``inherits`` names the ``defaults`` section behind ``from``, if there is one."""

    kind: str
    name: str
    inherits: str
    head: ReadLine
    lines: tuple[ReadLine, ...]


@dataclass(frozen=True, slots=True)
class Message:
    """What a ``.diag``, ``.notice``, ``.warning`` or ``.alert`` says. HAProxy stops at an ``.alert``."""

    line: Line
    macro: str
    text: str


@dataclass(frozen=True, slots=True)
class Complaint:
    """Something for which HAProxy refuses the configuration; ``column`` counts from 1."""

    line: Line
    column: int
    text: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What is read. Where HAProxy stops (``.alert``, a broken condition), nothing behind in that file is in here."""

    sections: tuple[ReadSection, ...]
    messages: tuple[Message, ...]
    complaints: tuple[Complaint, ...]
    environment: Mapping[str, str]

    @property
    def is_refused(self) -> bool:
        """Whether HAProxy surely does not start with it."""
        return bool(self.complaints) or any(message.macro == ".alert" for message in self.messages)


def read(documents: Iterable[Document], program: Program, environment: Mapping[str, str]) -> Reading:
    """Read all files. The variables that HAProxy sets by itself are added to the environment, but for the log formats."""
    state = _State(program, {**environment, **program.environment()})
    for document in documents:
        _read_document(document, state)
        if state.stopped:
            break
    sections = tuple(_section(head, tuple(lines)) for head, lines in state.sections)
    return Reading(sections, tuple(state.messages), tuple(state.complaints), dict(state.environment))


def as_tree(reading: Reading) -> tree.Config:
    """The same as a tree, for ``evaluate`` and ``printer``: no comments, no variables, each line with its origin."""
    return tree.Config(tuple(_tree_section(section) for section in reading.sections))


def _tree_section(section: ReadSection) -> tree.Section:
    lines = tuple(tree.Line(each.words, origin=each.line.origin) for each in section.lines)
    return tree.Section(section.kind, section.name, lines, origin=section.head.line.origin, inherits=section.inherits)


@dataclass(slots=True)
class _State:
    """What changes while files are read. ``section`` is the name that ``.SECTION`` has."""

    program: Program
    environment: dict[str, str]
    section: str = ""
    stopped: bool = False
    sections: list[tuple[ReadLine, list[ReadLine]]] = field(default_factory=list[tuple[ReadLine, list[ReadLine]]])
    messages: list[Message] = field(default_factory=list[Message])
    complaints: list[Complaint] = field(default_factory=list[Complaint])

    def complain(self, line: Line, text: str, column: int = 0) -> None:
        self.complaints.append(Complaint(line, column or line.origin.column, text))


def _read_document(document: Document, state: _State) -> None:
    """One file; blocks and sections end with it."""
    open_blocks = blocks.Blocks()
    state.section = ""
    last = None
    for line in document.start:
        last = line
        _read_line(line, state, open_blocks, None)
    for section in document.sections:
        lines: list[ReadLine] | None = None
        for line in section.all_lines():
            if state.stopped:
                return
            last = line
            lines = _read_line(line, state, open_blocks, section)
    if last is not None and open_blocks.depth:
        state.complain(last, "an .if block is not ended by .endif")
        state.stopped = True
