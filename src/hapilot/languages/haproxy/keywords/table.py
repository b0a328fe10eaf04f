"""The table of keywords: what a directive or an option is, and in which versions of HAProxy it can be used.

Comes in: a section and the words of a line. Goes out: a :class:`Keyword`, or None for a word that no version from 2.6 on knows.
Called by who checks configurations and by tests that make random ones. The facts are in ``facts`` and ``curated``; they are read at the
first question.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hapilot.languages.haproxy.keywords import curated
from hapilot.languages.haproxy.keywords.facts import binds, global_section, other_sections, proxies, servers

Version = tuple[int, int]

OLDEST: Version = (2, 6)
"""What is there in the oldest manual has no ``since``: it may be much older."""
NEWEST: Version = (3, 4)

_PROXY_LETTERS = {"D": "defaults", "F": "frontend", "L": "listen", "B": "backend"}
_AS_IN_PROXIES = {"healthcheck": frozenset({"http-check", "tcp-check"})}
"""Section to the first words of directives that it takes as a backend does (manual, 12.9)."""
_PREFIXES = frozenset({"no", "default"})


class Scope(enum.StrEnum):
    """Where a keyword stands: in a proxy or ``global``, on a ``bind`` or ``server`` line, in another section, or as a section itself."""

    PROXIES = "proxies"
    GLOBAL = "global_section"
    BINDS = "binds"
    SERVERS = "servers"
    OTHERS = "other_sections"
    SECTIONS = "sections"


@dataclass(frozen=True, slots=True)
class Keyword:
    """A keyword. For scope ``OTHERS``, ``name`` has the section in front: ``ring maxlen``.

    ``sections`` are the proxy sections that take it; with ``only_named``, of the ``defaults`` sections those with a name.
    ``least`` and ``most`` count the words behind it as the manual shows them; ``most`` is None for any number, and both are None
    where the manual does not say. ``since``, ``deprecated`` and ``removed`` are the first versions that are so; maintenance
    releases of older ones may have got a keyword too. ``negatable``: ``no`` and
    ``default`` may stand in front.
    """

    scope: Scope
    name: str
    sections: frozenset[str] = frozenset()
    only_named: bool = False
    negatable: bool = False
    least: int | None = None
    most: int | None = None
    since: Version | None = None
    deprecated: Version | None = None
    removed: Version | None = None
    replacement: str = ""

    def is_in(self, version: Version) -> bool:
        """Whether that version knows it."""
        return (self.since is None or version >= self.since) and (self.removed is None or version < self.removed)

    def is_deprecated_in(self, version: Version) -> bool:
        """Whether that version knows it and advises against it."""
        return self.deprecated is not None and version >= self.deprecated and self.is_in(version)


def find(section: str, words: Sequence[str]) -> Keyword | None:
    """The keyword at the start of a line in a section of this kind; the longest that fits. ``no`` and ``default`` in front are gone past.

    >>> find("frontend", ["no", "option", "httplog", "clf"]).name, find("global", ["nbproc", "4"]).replacement
    ('option httplog', 'nbthread')
    """
    start = 1 if len(words) > 1 and words[0] in _PREFIXES else 0
    scope, before = _place("backend" if words[:1] and words[0] in _AS_IN_PROXIES.get(section, ()) else section)
    table = _table()[scope]
    # What stands in parentheses behind a word, as in set-var(txn.x), is no part of its name.
    first = before + words[start].partition("(")[0] if len(words) > start else before
    plain = [word.partition("(")[0] for word in words[start + 1 : start + _lengths()[scope].get(first, 0)]]
    for size in range(len(plain), -1, -1):
        found = table.get(" ".join((first, *plain[:size])))
        if found is not None:
            return found
    return None


def option(scope: Scope, name: str) -> Keyword | None:
    """An option of ``bind`` or ``server`` lines, by its first word; what stands in parentheses behind a name is no part of it."""
    return _table()[scope].get(name.partition("(")[0])


def section(kind: str) -> Keyword | None:
    """A section by the word that starts it, if its time in HAProxy began or ended with one of the versions here."""
    return _table()[Scope.SECTIONS].get(kind)


def every(scope: Scope) -> tuple[Keyword, ...]:
    """All keywords of a scope, by name."""
    return tuple(_table()[scope].values())


def parse_version(text: str) -> Version:
    """``(2, 8)`` of ``2.8`` or ``2.8.25``.

    >>> parse_version("3.0-dev4")
    (3, 0)
    """
    major, minor = text.partition("-")[0].split(".")[:2]
    return int(major), int(minor)


def _place(section: str) -> tuple[Scope, str]:
    if section == "global":
        return Scope.GLOBAL, ""
    return (Scope.PROXIES, "") if section in _PROXY_LETTERS.values() else (Scope.OTHERS, f"{section} ")


@functools.cache
def _lengths() -> Mapping[Scope, Mapping[str, int]]:
    """The first word of names, behind that of their section, to how many words the longest of them has."""
    found: dict[Scope, dict[str, int]] = {}
    for scope, table in _table().items():
        lengths = found.setdefault(scope, {})
        for name in table:
            section, _, rest = name.partition(" ") if scope is Scope.OTHERS else ("", "", name)
            words = rest.split()
            first = f"{section} {words[0]}" if section and words else section or name.split()[0]
            lengths[first] = max(lengths.get(first, 0), len(words))
    return found


@functools.cache
def _table() -> Mapping[Scope, Mapping[str, Keyword]]:
    derived = {
        Scope.PROXIES: (proxies.ROWS, curated.PROXIES),
        Scope.GLOBAL: (global_section.ROWS, curated.GLOBAL),
        Scope.BINDS: (binds.ROWS, curated.BINDS),
        Scope.SERVERS: (servers.ROWS, curated.SERVERS),
        Scope.OTHERS: (other_sections.ROWS, curated.OTHERS),
    }
    tables = {scope: _merged(scope, *texts) for scope, texts in derived.items()}
    since = {kind: Keyword(Scope.SECTIONS, kind, since=parse_version(version)) for kind, version in curated.SECTIONS_SINCE.items()}
    return {**tables, Scope.SECTIONS: {**since, **_merged(Scope.SECTIONS, "", curated.SECTIONS)}}


def _merged(scope: Scope, derived: str, by_hand: str) -> dict[str, Keyword]:
    """By name, in order; what is written by hand wins over what is derived, field by field."""
    found = {each.name: each for each in _derived(scope, derived)}
    for row in by_hand.splitlines():
        name, deprecated, removed, replacement = row.split("|")
        known = found.get(name) or Keyword(scope, name, since=_version(curated.SINCE.get(f"{scope} {name}", "")))
        found[name] = dataclasses.replace(
            known,
            deprecated=_version(deprecated) or known.deprecated,
            removed=_version(removed) or known.removed,
            replacement=replacement,
        )
    return dict(sorted(found.items()))


def _derived(scope: Scope, text: str) -> Iterator[Keyword]:
    for row in text.splitlines():
        name, sections, arity, since, deprecated, removed = row.split("|")
        if f"{scope} {name}" in curated.NO_KEYWORDS:
            continue
        least, most = curated.ARITIES.get(f"{scope} {name}") or _arity(arity)
        yield Keyword(
            scope,
            name,
            frozenset(kind for letter, kind in _PROXY_LETTERS.items() if letter in sections),
            "!" in sections,
            "*" in sections,
            least,
            most,
            _version(curated.SINCE.get(f"{scope} {name}", since)),
            _version(deprecated),
            _version(removed),
        )


def _arity(text: str) -> tuple[int | None, int | None]:
    least, _, most = text.partition("-")
    return int(least) if least else None, int(most) if most else None


def _version(text: str) -> Version | None:
    return parse_version(text) if text else None
