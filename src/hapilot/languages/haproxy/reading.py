"""Reading: documents as one HAProxy would read them, with its version and its environment.

Comes in: documents in the order of HAProxy (see ``files``), the program and the environment. Goes out: a :class:`Reading`: sections whose
lines have the words that HAProxy sees, without what conditional blocks leave out; what the configuration itself says (``.notice`` …); and
what is wrong with it before any keyword is looked at. ``as_tree`` turns it into what ``evaluate`` and ``printer`` take.

``setenv`` and its like work from their line on, so the same text may be read in two ways at two places (configuration manual, 2.3 and 3.1).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hapilot.languages.haproxy import blocks, document, parser, predicates, tree, variables, words
from hapilot.languages.haproxy.program import Program

MESSAGES = frozenset({".diag", ".notice", ".warning", ".alert"})


@dataclass(frozen=True, slots=True)
class ReadLine:
    """A line that HAProxy reads, with the words it sees."""

    line: document.Line
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

    line: document.Line
    macro: str
    text: str


@dataclass(frozen=True, slots=True)
class Complaint:
    """Something for which HAProxy refuses the configuration; ``column`` counts from 1."""

    line: document.Line
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


def read(documents: Iterable[document.Document], program: Program, environment: Mapping[str, str]) -> Reading:
    """Read all files. The variables that HAProxy sets by itself are added to the environment, but for the log formats."""
    reader = _Reader(program, {**environment, **program.environment()})
    for each in documents:
        reader.read(each)
        if reader.stopped:
            break
    sections = tuple(_section(head, tuple(lines)) for head, lines in reader.sections)
    return Reading(sections, tuple(reader.messages), tuple(reader.complaints), dict(reader.environment))


def as_tree(reading: Reading) -> tree.Config:
    """The same as a tree, for ``evaluate`` and ``printer``: no comments, no variables, each line with its origin."""
    return tree.Config(tuple(_tree_section(section) for section in reading.sections))


def _tree_section(section: ReadSection) -> tree.Section:
    lines = tuple(tree.Line(each.words, origin=each.line.origin) for each in section.lines)
    return tree.Section(section.kind, section.name, lines, origin=section.head.line.origin, inherits=section.inherits)


def _section(head: ReadLine, lines: tuple[ReadLine, ...]) -> ReadSection:
    kind, name, inherits = document.title(head.words)
    return ReadSection(kind, name, inherits, head, lines)


class _Reader:
    """What changes while files are read."""

    def __init__(self, program: Program, environment: dict[str, str]) -> None:
        self.program = program
        self.environment = environment
        self.stopped = False
        self.sections: list[tuple[ReadLine, list[ReadLine]]] = []
        self.messages: list[Message] = []
        self.complaints: list[Complaint] = []
        self._blocks = blocks.Blocks()
        self._is_inside = False

    def read(self, file: document.Document) -> None:
        """One file; blocks and sections end with it."""
        self._blocks, self._is_inside = blocks.Blocks(), False
        last = None
        for last in file.all_lines():
            self._line(last)
            if self.stopped:
                return
        if last is not None and self._blocks.depth:
            self._stop(last, "an .if block is not ended by .endif")

    def _line(self, line: document.Line) -> None:
        """HAProxy cuts every line into words, also where a block leaves it out."""
        if line.problem is not None:
            self._complain(line, f"{line.problem.fault}", line.problem.column)
            if line.problem.fault is not document.Fault.NO_LINE_END:
                self.stopped = line.problem.fault is document.Fault.NUL
                return
        seen = self._expanded(line) if line.has_variables else line.words
        if not seen or not seen[0]:
            return
        if seen[0] in blocks.MACROS:
            self._macro(line, seen)
        elif self._blocks.is_read:
            self._directive(line, seen)

    def _expanded(self, line: document.Line) -> tuple[str, ...]:
        section = self.sections[-1][0].words[:2][-1] if self._is_inside else ""
        around = {".FILE": line.file, ".LINE": str(line.number), ".SECTION": section}
        return words.expand(words.scan(line.text).words, {**self.environment, **around})

    def _macro(self, line: document.Line, seen: tuple[str, ...]) -> None:
        around = predicates.Around(self.program, self.environment)
        if seen[0] in (".else", ".endif") and any(seen[1:]):
            self._stop(line, f"{seen[0]} takes no argument")
            return
        try:
            self._blocks.step(seen[0], lambda: predicates.holds(" ".join(seen[1:]), around))
        except (blocks.Misplaced, predicates.NoCondition) as problem:
            self._stop(line, str(problem))

    def _directive(self, line: document.Line, seen: tuple[str, ...]) -> None:
        if seen[0].startswith("."):
            self._message(line, seen)
        elif seen[0] in parser.SECTIONS:
            self.sections.append((ReadLine(line, seen), []))
            self._is_inside = True
        elif not self._is_inside:
            self._complain(line, f"{seen[0]!r} stands outside of a section")
        else:
            self.sections[-1][1].append(ReadLine(line, seen))
            if self.sections[-1][0].words[0] == "global":
                variables.apply(seen, self.environment)

    def _message(self, line: document.Line, seen: tuple[str, ...]) -> None:
        if seen[0] not in MESSAGES:
            self._complain(line, f"there is no {seen[0]}")
            self.stopped = True
        elif any(seen[2:3]):
            self._complain(line, f"{seen[0]} takes one argument: put its text between quotes")
        else:
            self.messages.append(Message(line, seen[0], "".join(seen[1:2])))
            self.stopped = seen[0] == ".alert"

    def _stop(self, line: document.Line, text: str) -> None:
        self._complain(line, text)
        self.stopped = True

    def _complain(self, line: document.Line, text: str, column: int = 0) -> None:
        self.complaints.append(Complaint(line, column or line.origin.column, text))
