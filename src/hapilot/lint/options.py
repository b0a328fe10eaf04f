"""The options of ``bind`` and ``server`` lines, and which servers a proxy has.

Comes in: directives. Goes out: :class:`Bind` and :class:`Server`, each option with its index and its values. Called by rules through
``Context.once``. How many words an option takes is in the keyword table.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hapilot.languages.haproxy.keywords import table
from hapilot.languages.haproxy.keywords.table import Scope
from hapilot.lint.context import Context, Directive, Section

_BEHIND_SOURCE = frozenset({"usesrc", "interface"})
Options = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class Bind:
    """A ``bind`` line: its addresses, and its options with their values. ``places`` has the index of each option."""

    section: Section
    directive: Directive
    addresses: tuple[str, ...]
    options: Options
    places: Mapping[str, int]


@dataclass(frozen=True, slots=True, eq=False)
class Server:
    """A ``server`` line with what it has from ``default-server``. ``places`` knows only what stands on the line itself."""

    section: Section
    directive: Directive
    name: str
    address: str
    options: Options
    places: Mapping[str, int]

    @property
    def is_tls(self) -> bool:
        """Whether it is spoken to over TLS."""
        return "ssl" in self.options

    def place(self, option: str) -> int:
        """The index of an option, or of the server's name where ``default-server`` has said it."""
        return self.places.get(option, 1)


@functools.cache
def _arity(scope: Scope, option: str) -> int:
    """How many words an option takes; -1 for what is none."""
    known = table.option(scope, option)
    if known is None:
        return -1
    return 0 if known.most == 0 else max(1, known.least or 0)


def each_option(words: Sequence[str], start: int, scope: Scope) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    """Index, name and values of the options of a line; a word that is none has no values."""
    at = start
    while at < len(words):
        name = words[at].partition("(")[0]
        count = max(_arity(scope, name), 0)
        values = tuple(words[at + 1 : at + 1 + count])
        yield at, name, values
        at += 1 + count
        while name == "source" and at < len(words) and words[at] in _BEHIND_SOURCE:
            at += 2


def server_start(directive: Directive) -> int:
    """The index of the first option of a line that describes servers."""
    return {"default-server": 1, "default-bind": 1, "bind": 2, "server": 3, "peer": 3, "server-template": 4}.get(directive.keyword, 2)


def binds(context: Context) -> tuple[Bind, ...]:
    """Every ``bind`` line of a proxy."""
    found: list[Bind] = []
    for section in context.proxies:
        for directive in section.lines("bind"):
            if len(directive.words) > 1:
                options, places = _parsed(directive, Scope.BINDS)
                found.append(Bind(section, directive, tuple(directive.words[1].split(",")), options, places))
    return tuple(found)


def binds_by_section(context: Context) -> Mapping[Section, tuple[Bind, ...]]:
    """The ``bind`` lines of each proxy that has some."""
    found: dict[Section, list[Bind]] = {}
    for bind in context.once(binds):
        found.setdefault(bind.section, []).append(bind)
    return {section: tuple(each) for section, each in found.items()}


def servers(context: Context) -> tuple[Server, ...]:
    """Every ``server`` and ``server-template`` line of a proxy."""
    return tuple(server for section in context.proxies if section.is_back for server in _of_section(section))


def servers_by_section(context: Context) -> Mapping[Section, tuple[Server, ...]]:
    """The servers of each proxy that has some."""
    found: dict[Section, list[Server]] = {}
    for server in context.once(servers):
        found.setdefault(server.section, []).append(server)
    return {section: tuple(each) for section, each in found.items()}


def defaults_of(section: Section) -> dict[str, tuple[str, ...]]:
    """What ``default-server`` lines of the sections that this one starts from say."""
    found = defaults_of(section.parent) if section.parent else {}
    if section.kind == "defaults":
        for directive in section.lines("default-server"):
            _merge(found, _parsed(directive, Scope.SERVERS)[0])
    return found


def _of_section(section: Section) -> Iterator[Server]:
    given = defaults_of(section)
    lines = [*section.lines("default-server"), *section.lines("server"), *section.lines("server-template")]
    for directive in sorted(lines, key=lambda each: (each.line.file, each.line.number)) if given or len(lines) > 1 else lines:
        options, places = _parsed(directive, Scope.SERVERS)
        if directive.keyword == "default-server":
            _merge(given, options)
            continue
        words = directive.words
        if len(words) < (3 if directive.keyword == "server" else 4):
            continue
        merged = dict(given)
        _merge(merged, options)
        address = words[2] if directive.keyword == "server" else words[3]
        yield Server(section, directive, words[1], address, merged, places)


def _merge(into: dict[str, tuple[str, ...]], options: Options) -> None:
    """Later options win; ``no-ssl`` takes ``ssl`` away."""
    for name, values in options.items():
        if name.startswith("no-") and name[3:] in into:
            del into[name[3:]]
        else:
            into[name] = values


def _parsed(directive: Directive, scope: Scope) -> tuple[dict[str, tuple[str, ...]], dict[str, int]]:
    options: dict[str, tuple[str, ...]] = {}
    places: dict[str, int] = {}
    for at, name, values in each_option(directive.words, server_start(directive), scope):
        options[name] = values
        places[name] = at
    return options, places
