"""ACLs of a section: where each is defined, and what a condition asks once its names are looked up.

Comes in: a section. Goes out: definitions and criteria. Called by rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hapilot.lint import expressions
from hapilot.lint.context import Context, Directive, Section
from hapilot.lint.expressions import Expression

PREDEFINED = frozenset(
    {
        "FALSE", "HTTP", "HTTP_1.0", "HTTP_1.1", "HTTP_2.0", "HTTP_3.0", "HTTP_CONTENT", "HTTP_URL_ABS", "HTTP_URL_SLASH", "HTTP_URL_STAR",
        "LOCALHOST", "METH_CONNECT", "METH_DELETE", "METH_GET", "METH_HEAD", "METH_OPTIONS", "METH_POST", "METH_PUT", "METH_TRACE",
        "RDP_COOKIE", "REQ_CONTENT", "TRUE", "WAIT_END",
    }
)  # fmt: skip
"""ACLs that HAProxy has by itself (configuration manual, section 7.4)."""
_FLAGS_WITH_VALUE = frozenset({"-m", "-f", "-M", "-u"})
METHODS = frozenset({"str", "beg", "end", "sub", "dir", "dom", "reg", "len", "found", "bool", "int", "ip", "bin"})
"""Ways to compare, which are also ends of names: ``path_beg``."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """What is compared with what: the expression, how (``str``, ``beg``, ``reg`` …), and the patterns with their index in the line.

    ``flags`` are those without a value (``-i``); ``has_files``: patterns come from files too.
    """

    directive: Directive
    expression: Expression
    method: str
    flags: frozenset[str]
    patterns: tuple[tuple[int, str], ...]
    has_files: bool


def defined(section: Section) -> Mapping[str, tuple[Directive, ...]]:
    """Name to the lines that define it; ACLs of ``defaults`` are only seen there."""
    found: dict[str, list[Directive]] = {}
    for directive in section.lines("acl"):
        if directive.is_known(1):
            found.setdefault(directive.words[1], []).append(directive)
    return {name: tuple(lines) for name, lines in found.items()}


def criteria(context: Context) -> Mapping[Section, tuple[Criterion, ...]]:
    """Every criterion of each proxy, of ``acl`` lines and of braces."""
    proxies = context.of_kind("frontend", "listen", "backend", "defaults")
    return {section: tuple(_criteria(section)) for section in proxies}


def _criteria(section: Section) -> Iterator[Criterion]:
    for directive in section.lines("acl"):
        yield from of_words(directive, 2, directive.words[2:])
    for directive in section.own:
        if directive.condition is not None:
            yield from inline(directive)


def inline(directive: Directive) -> Iterator[Criterion]:
    """The criteria between the braces of a line."""
    for term in directive.condition.terms if directive.condition else ():
        yield from of_words(directive, term.at + 1, term.words)


def of_words(directive: Directive, start: int, words: tuple[str, ...]) -> Iterator[Criterion]:
    """The criterion that these words of a line are, from the index ``start`` on; nothing where they are none."""
    found = _criterion(directive, start, words)
    if found is not None:
        yield found


def named_by_section(context: Context) -> Mapping[Section, Mapping[str, tuple[Criterion, ...]]]:
    """The criteria of names, for each section that defines some."""
    return {section: _named(section) for section in context.sections if "acl" in section.by_keyword}


def _named(section: Section) -> Mapping[str, tuple[Criterion, ...]]:
    """Name to the criteria of which one is enough; names with a line that can't be read are left out."""
    found: dict[str, tuple[Criterion, ...]] = {}
    for name, lines in defined(section).items():
        criteria_ = tuple(each for line in lines for each in of_words(line, 2, line.words[2:]))
        if len(criteria_) == len(lines):
            found[name] = criteria_
    return found


def _criterion(directive: Directive, start: int, words: tuple[str, ...]) -> Criterion | None:
    expression = expressions.parse(words[0], start) if words else None
    if expression is None or not directive.is_known(start):
        return None
    method, flags, has_files, at = "", set[str](), False, 1
    while at < len(words) and words[at].startswith("-") and words[at] != "--" and len(words[at]) == 2:
        if words[at] in _FLAGS_WITH_VALUE and at + 1 < len(words):
            method = words[at + 1] if words[at] == "-m" else method
            has_files = has_files or words[at] == "-f"
            at += 1
        else:
            flags.add(words[at])
        at += 1
    at += at < len(words) and words[at] == "--"
    suffix = expression.fetch.name.rpartition("_")[2]
    method = method or (suffix if suffix in METHODS else "")
    patterns = tuple((start + number, words[number]) for number in range(at, len(words)))
    return Criterion(directive, expression, method, frozenset(flags), patterns, has_files)
