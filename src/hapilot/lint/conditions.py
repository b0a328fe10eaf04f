"""The condition behind ``if`` or ``unless``: the ACLs it names and those that stand between braces.

Comes in: the words of a rule. Goes out: :class:`Condition`. Called by ``context`` for every rule. Configuration manual, section 7.2.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

SIGNS = frozenset({"if", "unless"})
_VALUES = {
    **dict.fromkeys(("add-header", "set-header", "hdr"), 2),
    **dict.fromkeys(("replace-header", "replace-value"), 3),
    **dict.fromkeys(("del-header", "set-method", "set-path", "set-pathq", "set-query", "set-uri"), 1),
    **dict.fromkeys(("realm", "location", "prefix", "scheme", "string", "lf-string", "file", "lf-file", "content-type"), 1),
}
"""Words of rules to how many values follow, whatever those look like."""
_OR = frozenset({"or", "||"})
_CONSTANTS = {"TRUE": True, "FALSE": False, "always_true": True, "always_false": False}
"""What holds always or never (configuration manual, sections 7.3.1 and 7.4)."""
_CONSTANT_FETCHES = frozenset((name,) for name in _CONSTANTS)


@dataclass(frozen=True, slots=True)
class Term:
    """One part of a condition: the name of an ACL, or with no name the words between braces. ``at`` is the index of its first word."""

    at: int
    negated: bool
    name: str
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Condition:
    """Groups of terms: all of one group must hold, and one group is enough. ``at`` is the index of ``if`` or ``unless``."""

    at: int
    sign: str
    groups: tuple[tuple[Term, ...], ...]

    @property
    def terms(self) -> Iterator[Term]:
        """Every term of every group."""
        return (term for group in self.groups for term in group)

    @property
    def constant(self) -> bool | None:
        """Whether it always holds, or never does; None where that depends."""
        if not any(term.name in _CONSTANTS or term.words[:1] in _CONSTANT_FETCHES for group in self.groups for term in group):
            return None
        found = [[_constant(term) for term in group] for group in self.groups]
        if any(group and all(each is True for each in group) for group in found):
            return self.sign == "if"
        if all(any(each is False for each in group) for group in found):
            return self.sign != "if"
        return None

    @property
    def key(self) -> tuple[object, ...]:
        """What two conditions have in common that say the same."""
        groups = tuple(tuple((term.negated, term.name, term.words) for term in group) for group in self.groups)
        return (self.sign, groups)


def _constant(term: Term) -> bool | None:
    said = _CONSTANTS.get(term.name or " ".join(term.words))
    return said if said is None else said != term.negated


def parse(words: Sequence[str]) -> Condition | None:
    """The condition of a rule; None where it has none."""
    at = _start(words)
    if at >= len(words):
        return None
    groups: list[list[Term]] = [[]]
    negated, number = False, at + 1
    while number < len(words):
        word = words[number]
        if word in _OR:
            groups.append([])
            negated = False
        elif word.strip("!") == "" and word:
            negated ^= len(word) % 2 == 1
        else:
            signs = len(word) - len(word.lstrip("!"))
            name = word[signs:]
            inner = _inner(words, number + 1) if name == "{" else ()
            groups[-1].append(Term(number, negated ^ (signs % 2 == 1), "" if name == "{" else name, inner))
            number += len(inner) + 1 if name == "{" else 0
            negated = False
        number += 1
    return Condition(at, words[at], tuple(tuple(group) for group in groups))


def _start(words: Sequence[str]) -> int:
    """The index of ``if`` or ``unless``, past what may be called so; the number of words where there is none."""
    at = 1
    while at < len(words) and words[at] not in SIGNS:
        at += 1 + _VALUES.get(words[at], 0)
    return at


def _inner(words: Sequence[str], start: int) -> tuple[str, ...]:
    """The words up to the closing brace."""
    end = next((number for number in range(start, len(words)) if words[number] == "}"), len(words))
    return tuple(words[start:end])
