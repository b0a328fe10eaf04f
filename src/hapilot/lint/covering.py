"""What one criterion takes from another: patterns that earlier ones match already, and criteria that can't hold together.

Comes in: criteria (see ``acls``). Goes out: the rule that takes a pattern, or whether two exclude each other. Called by ``rules.reach`` and
``rules.matching``. Patterns compare as in the configuration manual, sections 7.1.2 and 7.1.3; what is not compared as text is only
covered by the very same pattern.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from hapilot.lint import acls
from hapilot.lint.acls import Criterion
from hapilot.lint.conditions import Term
from hapilot.lint.context import Directive

_SAME_FETCH = {"hdr": "req.hdr", "req_ssl_sni": "req.ssl_sni"}
_OPERATORS = frozenset({"eq", "ge", "gt", "le", "lt"})
_ONE_VALUE = frozenset({"path", "method", "req.ssl_sni", "ssl_fc_sni", "dst_port"})
_MOST_PAIRS = 100
_LONGEST = 256
Subject = tuple[str, str, object]
"""What is asked: fetch, arguments, converters."""


def subject(criterion: Criterion) -> Subject:
    """What a criterion asks, however it compares: the same for ``path_beg /a`` and ``path -m end b``."""
    fetch = criterion.expression.fetch
    base, _, suffix = fetch.name.rpartition("_")
    name = base if suffix in acls.METHODS and base else fetch.name
    return _SAME_FETCH.get(name, name), fetch.arguments.lower(), criterion.expression.converters


def _is_plain(criterion: Criterion) -> bool:
    """Whether nothing but the patterns on the line decides, each for itself."""
    return (
        bool(criterion.patterns)
        and not criterion.has_files
        and criterion.flags <= {"-i"}
        and all(criterion.directive.is_known(at) and pattern not in _OPERATORS for at, pattern in criterion.patterns)
    )


def of_term(term: Term, directive: Directive, named: Mapping[str, Sequence[Criterion]]) -> Sequence[Criterion]:
    """The criteria of which one is enough for a term; none where they are not known. ``named`` has those of ACLs."""
    if term.name:
        return named.get(term.name, ())
    return tuple(acls.of_words(directive, term.at + 1, term.words))


@dataclass(frozen=True, slots=True)
class Taken:
    """Patterns with the rule that takes what they match. ``starts`` and ``ends`` are those of ``-m beg`` and ``-m end``."""

    whole: dict[tuple[object, ...], Directive] = field(default_factory=dict[tuple[object, ...], Directive])
    starts: dict[tuple[object, ...], Directive] = field(default_factory=dict[tuple[object, ...], Directive])
    ends: dict[tuple[object, ...], Directive] = field(default_factory=dict[tuple[object, ...], Directive])

    def add(self, criteria: Sequence[Criterion], directive: Directive) -> None:
        """From here on a rule takes what any of these matches."""
        for each in criteria:
            if not _is_plain(each):
                continue
            found = {"beg": self.starts, "end": self.ends}.get(each.method, self.whole)
            ignores_case, method = "-i" in each.flags, _method(each)
            for _, pattern in each.patterns:
                text = pattern.lower() if ignores_case else pattern
                found.setdefault((subject(each), method, ignores_case, text), directive)

    def taker(self, criteria: Sequence[Criterion]) -> Directive | None:
        """The rule that takes all of what these match; None where some of it is left."""
        found: Directive | None = None
        for each in criteria:
            if not _is_plain(each):
                return None
            for _, pattern in each.patterns:
                found = next(self._takers(each, pattern), None)
                if found is None:
                    return None
        return found

    def _takers(self, criterion: Criterion, pattern: str) -> Iterator[Directive]:
        about, method = subject(criterion), _method(criterion)
        cases = [(True, pattern.lower())] if "-i" in criterion.flags else [(True, pattern.lower()), (False, pattern)]
        for ignores_case, text in cases:
            if method not in ("beg", "end"):
                yield from _got(self.whole, (about, method, ignores_case, text))
            if self.starts and method in ("", "beg") and len(text) <= _LONGEST:
                for size in range(len(text) + 1):
                    yield from _got(self.starts, (about, "beg", ignores_case, text[:size]))
            if self.ends and method in ("", "end") and len(text) <= _LONGEST:
                for size in range(len(text) + 1):
                    yield from _got(self.ends, (about, "end", ignores_case, text[size:]))


def _got(found: Mapping[tuple[object, ...], Directive], key: tuple[object, ...]) -> Iterator[Directive]:
    if key in found:
        yield found[key]


def _method(criterion: Criterion) -> str:
    return "" if criterion.method == "str" else criterion.method


def exclude(one: Sequence[Criterion], other: Sequence[Criterion]) -> bool:
    """Whether no request can match one of these and one of those: the same thing would have to be two."""
    pairs = [(first, second) for first in one for second in other]
    return bool(pairs) and len(pairs) <= _MOST_PAIRS and all(_exclude(first, second) for first, second in pairs)


def _exclude(one: Criterion, other: Criterion) -> bool:
    about = subject(one)
    has_one_value = about[0] in _ONE_VALUE or about[:2] == ("req.hdr", "host")
    if not has_one_value or about != subject(other) or not (_is_plain(one) and _is_plain(other)):
        return False
    pairs = [(first.lower(), second.lower()) for _, first in one.patterns for _, second in other.patterns]
    return len(pairs) <= _MOST_PAIRS and all(_differ((_method(one), first), (_method(other), second)) for first, second in pairs)


def _differ(one: tuple[str, str], other: tuple[str, str]) -> bool:
    """Whether no text fits both patterns."""
    (how, pattern), (how_else, pattern_else) = sorted((one, other))
    if (how, how_else) == ("", ""):
        return pattern != pattern_else
    if how_else == "beg":
        return not (pattern.startswith(pattern_else) or (how == "beg" and pattern_else.startswith(pattern))) and how in ("", "beg")
    if how_else == "end":
        return not (pattern.endswith(pattern_else) or (how == "end" and pattern_else.endswith(pattern))) and how in ("", "end")
    return False
