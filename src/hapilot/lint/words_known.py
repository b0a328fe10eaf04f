"""Which words of a configuration the target version does not know, no longer knows or not yet.

Comes in: a context. Goes out: a :class:`Verdict` for each such word. The rules in ``rules.keywords`` share it through ``Context.once``.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hapilot.languages.haproxy.keywords import names, table
from hapilot.languages.haproxy.keywords.table import Keyword, Scope, Version
from hapilot.lint import expressions, nearest, options, words_inside
from hapilot.lint.context import Context, Directive, Section

BUILDS = {"51d": "51Degrees", "51degrees": "51Degrees", "da": "DeviceAtlas", "deviceatlas": "DeviceAtlas", "wurfl": "WURFL"}
"""First part of a name to what HAProxy must be built with; no distribution does."""
_CHOSEN = {
    "tune.quic.": "QUIC",
    "tune.zlib.": "zlib",
    "ssl-engine": "ENGINE",
    "profiling.memory": "MEMORY_PROFILING",
    "filter opentracing": "OT",
}
"""Starts of directives to the feature behind them, which some distributions build in and others not."""
_CHOSEN_STARTS = frozenset(sign[:4] for sign in _CHOSEN)
_QUIC_IS_COMMON: Version = (3, 0)
"""From this version on most distributions have QUIC."""
_LUA_RULES = frozenset({"filter", "http-request", "http-response", "http-after-response", "tcp-request", "tcp-response"})
_OPTION_LINES = {"server": Scope.SERVERS, "default-server": Scope.SERVERS, "server-template": Scope.SERVERS, "bind": Scope.BINDS}
OLD_ADDRESS = "an address behind the name"
_PREFIXES = frozenset({"no", "default"})
_RULE_KEYWORDS = frozenset(kind.split()[0] for kind in names.RULES)
_FREE = frozenset({"namespace_list", "traces"})
"""Sections whose lines nobody can know, or that the table does not describe."""
_BUILT_IN = {
    "healthcheck": frozenset({"http-check", "tcp-check"}),
    "global": frozenset({"log", "setenv", "presetenv", "unsetenv", "resetenv", "lua-load", "namespace_list"}),
}
"""Directives that are there in every version, whatever the table says."""


class State(enum.Enum):
    """What is the matter with a word. ``BUILD``: no distribution has it; ``CHOSEN``: not every one has."""

    UNKNOWN = enum.auto()
    REMOVED = enum.auto()
    TOO_NEW = enum.auto()
    DEPRECATED = enum.auto()
    BUILD = enum.auto()
    CHOSEN = enum.auto()


@dataclass(frozen=True, slots=True)
class Verdict:
    """A word and what is the matter with it. ``replacement`` is the first word or words to use instead; ``version`` the one that counts."""

    directive: Directive
    section: Section
    word: int
    name: str
    kind: str
    state: State
    version: Version | None = None
    replacement: str = ""
    nearest: str = ""


def verdicts(context: Context) -> tuple[Verdict, ...]:
    """Every word that the target version takes issue with, in the order of the files."""
    return tuple(_all(context))


def known_keywords(context: Context) -> Mapping[Directive, Keyword | None]:
    """The keyword at the start of every line whose first word is no environment variable."""
    found: dict[Directive, Keyword | None] = {}
    for section in context.sections:
        for directive in section.own:
            if directive.is_known(_start(directive)):
                found[directive] = table.find(section.kind, directive.words)
    return found


def _start(directive: Directive) -> int:
    """The index of the keyword, past ``no`` and ``default``."""
    return 1 if directive.words[0] in _PREFIXES and len(directive.words) > 1 else 0


def _all(context: Context) -> Iterator[Verdict]:
    has_lua = _has_lua(context)
    keywords = context.once(known_keywords)
    reads_as: str = ""
    for section in context.sections:
        known = table.section(section.kind)
        state = _state(known, context.target)
        if known is not None and state is not None:
            yield _of_keyword(known, state, section.head, section, (0, f"section {section.kind}"))
        if state in (State.REMOVED, State.TOO_NEW):
            yield from _misread(section, reads_as)
            continue
        reads_as = section.kind
        if _has_address(section):
            yield Verdict(section.head, section, 2, OLD_ADDRESS, "keyword", State.REMOVED, None, "bind")
        for directive in section.own:
            if directive in keywords and section.kind not in _FREE:
                yield from _directive(directive, section, context.target, keywords[directive])
            yield from _expressions(directive, section, context.target)
            if not has_lua:
                yield from _of_lua(directive, section)


def _has_lua(context: Context) -> bool:
    """Whether Lua may register names; without a ``global`` section these are only some files of a configuration."""
    sections = list(context.of_kind("global"))
    return not sections or any(True for each in sections for key in ("lua-load", "lua-load-per-thread") for _ in each.lines(key))


def _of_lua(directive: Directive, section: Section) -> Iterator[Verdict]:
    if directive.keyword not in _LUA_RULES:
        return
    at = next((at for at, word in enumerate(directive.words[:3]) if word.startswith("lua.")), 0)
    if at:
        yield Verdict(directive, section, at, directive.words[at], "name that is known, since no Lua is loaded", State.UNKNOWN)


def _has_address(section: Section) -> bool:
    """``listen name 10.0.0.1:80``, as it was before ``bind``."""
    return section.kind in ("listen", "frontend") and section.head.is_known(2) and section.head.words[2] != "from"


def _misread(section: Section, reads_as: str) -> Iterator[Verdict]:
    """HAProxy takes the lines of a section that it does not know for lines of the one before."""
    for directive in section.own:
        if reads_as and not _is_directive(reads_as, directive):
            yield Verdict(
                directive,
                section,
                0,
                directive.keyword,
                f"keyword of the {reads_as} section, as whose line HAProxy reads it here",
                State.UNKNOWN,
            )


def _is_directive(kind: str, directive: Directive) -> bool:
    return table.find(kind, directive.words) is not None or directive.keyword in _BUILT_IN.get(kind, ())


def _directive(directive: Directive, section: Section, target: Version, known: Keyword | None) -> Iterator[Verdict]:
    start = _start(directive)
    if directive.keyword in _BUILT_IN.get(section.kind, ()):
        return
    if known is None or (section.kind == "global" and known.name == "stats"):
        # "stats" alone is a keyword to HAProxy, but some word of the table has to follow.
        yield _unknown_keyword(directive, section, start)
        return
    size = len(known.name.split()) - (known.scope is Scope.OTHERS)
    state = _state(known, target)
    if state is not None:
        yield _of_keyword(known, state, directive, section, (start, " ".join(directive.words[start : start + size])))
    elif build := BUILDS.get(directive.words[start].partition("-")[0]):
        yield Verdict(directive, section, start, directive.words[start], build, State.BUILD)
    elif feature := _chosen(directive, start, target):
        yield Verdict(directive, section, start, " ".join(directive.words[start : start + size]), feature, State.CHOSEN)
    inside = words_inside.look(directive)
    if inside is not None and (inside.since is None or inside.since > target):
        state = State.UNKNOWN if inside.since is None else State.TOO_NEW
        yield Verdict(directive, section, inside.word, directive.words[inside.word], inside.kind, state, inside.since)
    scope = _OPTION_LINES.get(directive.keyword)
    if scope is not None and section.kind in ("frontend", "backend", "listen", "defaults", "peers", "ring", "log-forward"):
        yield from _options(directive, section, scope, target)
    yield from _action(directive, section, target)


def _chosen(directive: Directive, start: int, target: Version) -> str:
    """The feature that a directive needs and not every HAProxy of the target version is built with."""
    if directive.words[start][:4] not in _CHOSEN_STARTS:
        return ""
    text = " ".join(directive.words[start : start + 2])
    feature = next((feature for sign, feature in _CHOSEN.items() if text.startswith(sign)), "")
    return "" if feature == "QUIC" and target >= _QUIC_IS_COMMON else feature


def _unknown_keyword(directive: Directive, section: Section, start: int) -> Verdict:
    word = directive.words[start]
    if word == "option" and directive.is_known(start + 1):
        known = [each.name.partition(" ")[2] for each in table.every(Scope.PROXIES) if each.name.startswith("option ")]
        return Verdict(
            directive,
            section,
            start + 1,
            directive.words[start + 1],
            "option",
            State.UNKNOWN,
            nearest=nearest.suggestion(directive.words[start + 1], known),
        )
    return Verdict(directive, section, start, word, "keyword", State.UNKNOWN, nearest=nearest.suggestion(word, _keywords(section.kind)))


def _keywords(kind: str) -> list[str]:
    """The first words of the directives of a section."""
    if kind == "global":
        return [each.name for each in table.every(Scope.GLOBAL)]
    if kind in ("defaults", "frontend", "listen", "backend"):
        return [each.name.split()[0] for each in table.every(Scope.PROXIES) if kind in each.sections]
    return [each.name.partition(" ")[2] for each in table.every(Scope.OTHERS) if each.name.startswith(f"{kind} ")]


def _options(directive: Directive, section: Section, scope: Scope, target: Version) -> Iterator[Verdict]:
    line = "bind" if scope is Scope.BINDS else "server"
    if section.kind in ("peers", "ring") and directive.keyword == "server" and len(directive.words) < 3:
        return
    for at, name, _ in options.each_option(directive.words, options.server_start(directive), scope):
        if not directive.is_known(at):
            if "[*]" in directive.words[at]:
                return
            continue
        known = table.option(scope, name)
        if known is None and name.startswith("no-"):
            known = table.option(scope, name[3:])
        if known is None:
            near = nearest.suggestion(name, [each.name for each in table.every(scope)])
            yield Verdict(directive, section, at, name, f"option of {line} lines", State.UNKNOWN, nearest=near)
            # What follows may be its values.
            return
        state = _state(known, target)
        if state is not None:
            yield _of_keyword(known, state, directive, section, (at, name))


def _action(directive: Directive, section: Section, target: Version) -> Iterator[Verdict]:
    if directive.keyword not in _RULE_KEYWORDS:
        return
    kind = next((rules for rules in (directive.keyword, " ".join(directive.words[:2])) if rules in names.RULES), "")
    at = len(kind.split())
    if not kind or not directive.is_known(at) or directive.words[at].startswith("lua."):
        return
    known = names.action(kind, directive.words[at])
    if known is None:
        near = nearest.suggestion(directive.words[at], names.every(kind))
        yield Verdict(directive, section, at, directive.words[at], f"action of {kind}", State.UNKNOWN, nearest=near)
    elif not known.is_in(target):
        yield _of_name(known, directive, section, at)


def _expressions(directive: Directive, section: Section, target: Version) -> Iterator[Verdict]:
    for expression in expressions.of_line(directive.words, directive.condition):
        if not directive.is_known(expression.word):
            continue
        calls = ((expression.fetch, "fetch", names.fetch), *((call, "converter", names.converter) for call in expression.converters))
        for call, kind, look in calls:
            known = look(call.name)
            if known is None and not call.name.startswith("lua."):
                near = nearest.suggestion(call.name, names.every(kind))
                yield Verdict(directive, section, expression.word, call.name, kind, State.UNKNOWN, nearest=near)
                break
            if known is not None and not known.is_in(target):
                yield _of_name(known, directive, section, expression.word)
            elif build := BUILDS.get(call.name.replace(".", "-").partition("-")[0]):
                yield Verdict(directive, section, expression.word, call.name, build, State.BUILD)


def _of_name(known: names.Name, directive: Directive, section: Section, at: int) -> Verdict:
    is_new = known.since is not None
    kind = known.kind if known.kind in ("fetch", "converter") else f"action of {known.kind}"
    state, version = (State.TOO_NEW, known.since) if is_new else (State.REMOVED, known.removed)
    return Verdict(directive, section, at, known.name.rstrip("*"), kind, state, version)


def _of_keyword(known: Keyword, state: State, directive: Directive, section: Section, word: tuple[int, str]) -> Verdict:
    at, name = word
    version = {State.TOO_NEW: known.since, State.REMOVED: known.removed}.get(state, known.deprecated)
    return Verdict(directive, section, at, name, "keyword", state, version, known.replacement)


def _state(known: Keyword | None, target: Version) -> State | None:
    if known is None:
        return None
    if known.removed is not None and target >= known.removed:
        return State.REMOVED
    if known.since is not None and target < known.since:
        return State.TOO_NEW
    return State.DEPRECATED if known.is_deprecated_in(target) else None
