"""A configuration as rules look at it: what a HAProxy of the target version reads, in sections that know what they inherit.

Comes in: documents in HAProxy's order, and the target version. Goes out: :class:`Context`, made once for all rules. Called by ``run``.
Environment variables stay as they are written, for nobody knows their values here; ``is_known`` says whether a word has none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar, cast

from hapilot.languages.haproxy import document, program, reading
from hapilot.languages.haproxy.keywords.table import Version
from hapilot.lint import conditions
from hapilot.lint.certificates import NOTHING, Certificates

_WITH_CONDITION = frozenset(
    {
        "block",
        "force-be-switch",
        "force-persist",
        "http-after-response",
        "http-request",
        "http-response",
        "ignore-persist",
        "monitor",
        "quic-initial",
        "redirect",
        "stats",
        "stick",
        "tcp-request",
        "tcp-response",
        "use-server",
        "use_backend",
        *(
            f"req{rest}"
            for rest in ("add", "allow", "del", "deny", "iallow", "idel", "ideny", "ipass", "irep", "itarpit", "pass", "rep", "tarpit")
        ),
        *(f"rsp{rest}" for rest in ("add", "del", "deny", "idel", "ideny", "irep", "rep")),
    }
)
"""Directives that can end with ``if`` or ``unless``."""
Made = TypeVar("Made")
_MOST_DIGITS = 18
_FRONT = frozenset({"frontend", "listen"})
_BACK = frozenset({"backend", "listen"})


@dataclass(frozen=True, slots=True, eq=False)
class Directive:
    """A line that HAProxy reads, with its words and, for rules, its condition."""

    line: document.Line
    words: tuple[str, ...]
    condition: conditions.Condition | None = None

    @property
    def keyword(self) -> str:
        """The first word."""
        return self.words[0]

    def starts(self, *words: str) -> bool:
        """Whether the line begins with these words."""
        return self.words[: len(words)] == words

    def word(self, at: int) -> str:
        """The word with this index; empty where there is none, or where its value is only known at run time."""
        return self.words[at] if self.is_known(at) else ""

    def number(self, at: int) -> int | None:
        """The word with this index as a number, if it is one."""
        word = self.word(at)
        return int(word) if word.isdecimal() and len(word) <= _MOST_DIGITS else None

    def is_known(self, at: int) -> bool:
        """Whether the word with this index is there and holds no environment variable."""
        return at < len(self.words) and not (self.line.has_variables and "$" in self.words[at])


@dataclass(frozen=True, slots=True, eq=False)
class Section:
    """A section with what it inherits: ``parent`` is the ``defaults`` section that a proxy starts from."""

    kind: str
    name: str
    head: Directive
    own: tuple[Directive, ...]
    parent: Section | None = None
    by_keyword: Mapping[str, list[Directive]] = field(default_factory=dict[str, list[Directive]])

    @property
    def is_front(self) -> bool:
        """Whether clients connect to it."""
        return self.kind in _FRONT

    @property
    def is_back(self) -> bool:
        """Whether it has servers."""
        return self.kind in _BACK

    @property
    def mode(self) -> str:
        """``tcp``, ``http``, ``log`` …; ``tcp`` where nothing says it."""
        said = self.last("mode")
        return said.words[1] if said and said.is_known(1) else "tcp"

    def lines(self, *words: str) -> Sequence[Directive]:
        """Its own lines that begin with these words."""
        found = self.by_keyword.get(words[0])
        if not found:
            return ()
        return found if len(words) == 1 else [each for each in found if each.words[: len(words)] == words]

    def all_lines(self, *words: str) -> Sequence[Directive]:
        """The inherited lines that begin with these words, then its own."""
        own = self.lines(*words)
        inherited = self.parent.all_lines(*words) if self.parent is not None else ()
        return [*inherited, *own] if inherited else own

    def last(self, *words: str) -> Directive | None:
        """The line that counts where one replaces another: the last own one, else the inherited one."""
        found = self.lines(*words)
        if found:
            return found[-1]
        return self.parent.last(*words) if self.parent else None

    def option(self, name: str) -> Directive | None:
        """The line that sets an option; None where it is not set, or set back by ``no option``."""
        said: list[Directive] = [*self.lines("option", name), *self.lines("no", "option", name)]
        if said:
            latest = max(said, key=lambda each: (each.line.file, each.line.number))
            return None if latest.keyword == "no" else latest
        return self.parent.option(name) if self.parent else None


@dataclass(frozen=True, slots=True, eq=False)
class Context:
    """The whole configuration. ``complaints`` are what HAProxy refuses before it looks at keywords."""

    documents: tuple[document.Document, ...]
    target: Version
    sections: tuple[Section, ...]
    complaints: tuple[reading.Complaint, ...]
    certificates: Certificates = NOTHING
    _memo: dict[object, object] = field(default_factory=dict[object, object])

    def of_kind(self, *kinds: str) -> Iterator[Section]:
        """The sections of some kinds, in order."""
        return (each for each in self.sections if each.kind in kinds)

    @property
    def proxies(self) -> Iterator[Section]:
        """Frontends, backends and both in one."""
        return self.of_kind("frontend", "listen", "backend")

    def once(self, make: Callable[[Context], Made]) -> Made:
        """What ``make`` gives for this configuration, made at the first question: several rules ask the same."""
        if make not in self._memo:
            self._memo[make] = make(self)
        return cast("Made", self._memo[make])


def read(documents: Sequence[document.Document], target: Version, certificates: Certificates = NOTHING) -> Context:
    """The configuration as a HAProxy of the target version reads it, without an environment."""
    version = f"{target[0]}.{target[1]}.0"
    found = reading.read(documents, program.Program(version), {})
    sections: list[Section] = []
    last: Section | None = None
    named: dict[str, Section] = {}
    for each in found.sections:
        parent = _parent(each, last, named)
        made = _section(each, parent)
        sections.append(made)
        if made.kind == "defaults":
            last = made
            named.setdefault(made.name, made)
    return Context(tuple(documents), target, tuple(sections), found.complaints, certificates)


def _parent(section: reading.ReadSection, last: Section | None, named: Mapping[str, Section]) -> Section | None:
    """A proxy starts from the ``defaults`` it names, else from the last one; ``defaults`` only from one that they name."""
    if section.inherits:
        return named.get(section.inherits)
    return last if section.kind in document.PROXIES and section.kind != "defaults" else None


def _section(section: reading.ReadSection, parent: Section | None) -> Section:
    own = tuple([_directive(each.line) for each in section.lines if each.line.words])
    by_keyword: dict[str, list[Directive]] = {}
    for each in own:
        by_keyword.setdefault(each.words[0], []).append(each)
    return Section(section.kind, section.name, _directive(section.head.line), own, parent, by_keyword)


def _directive(line: document.Line) -> Directive:
    words = line.words
    return Directive(line, words, conditions.parse(words) if words[0] in _WITH_CONDITION else None)
