"""Rules: a line, the condition it has, and what it does; and running a list of them.

Comes in: the words of a line. Goes out: :class:`Rule` and, when a list is run, what ended it.
Used by ``sections``, ``arrival`` and ``streams``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hapilot.languages.haproxy import tree
from hapilot.languages.haproxy.evaluate import actions, conditions, trace, written
from hapilot.languages.haproxy.evaluate.conditions import Verdict
from hapilot.languages.haproxy.evaluate.state import State
from hapilot.languages.haproxy.evaluate.values import Unknown


@dataclass(frozen=True, slots=True)
class Rule:
    """A prepared line. Where ``action`` or ``condition`` is Unknown, that part could not be understood. ``name`` is the word of the
    action, ``first`` its first argument. ``strict``: it is a user's own, for which nothing is taken for granted (``State.strict``)."""

    line: tree.Line
    action: actions.Action | Unknown
    condition: conditions.Condition | Unknown | None = None
    decides: bool = True
    name: str = ""
    first: str = ""
    strict: bool = False

    def verdict(self, state: State) -> Verdict:
        """Whether the rule applies. Raises Unknown."""
        state.strict = self.strict
        if self.condition is None:
            return Verdict.YES
        if isinstance(self.condition, Unknown):
            raise self.condition
        return self.condition.verdict(state)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a line stands: the ACLs it may name; why its words are not all known, or ""; whether it is a user's own."""

    acls: conditions.Acls
    missing: str = ""
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Waiting:
    """A rule needs data that has not arrived."""

    line: tree.Line


def parse(line: tree.Line, words: Sequence[str], kinds: dict[str, actions.Kind], place: Place) -> Rule:
    """A rule from the words of its action (without ``http-request`` and the like)."""
    kind, inside = actions.find(words[0] if words else "", kinds)
    if kind is None:
        _, condition = actions.split_condition(words, 0)
        name = words[0] if words else ""
        return Rule(line, Unknown(f"the action {name!r}"), parse_condition(condition, place), name=name, strict=place.strict)
    arguments, condition = actions.split_condition(words, kind.arity)
    try:
        needed = words[: 2 if kind.is_value_optional else 1 + len(arguments)]
        action: actions.Action | Unknown = kind.build(inside, arguments) if written.is_known(needed) else Unknown(place.missing)
    except Unknown as reason:
        action = reason
    except (IndexError, ValueError):
        action = Unknown(f"the arguments of {words[0]}")
    return Rule(line, action, parse_condition(condition, place), kind.decides, words[0], next(iter(arguments), ""), place.strict)


def parse_condition(words: Sequence[str], place: Place) -> conditions.Condition | Unknown | None:
    """The condition behind an action; None where there is none."""
    if not words:
        return None
    try:
        return conditions.parse(words, place.acls)
    except Unknown as reason:
        return reason


def run(rules: Sequence[Rule], state: State) -> actions.Ending | Waiting | None:
    """Runs rules in order until one ends them, or waits for data. None where all were gone through."""
    for rule in rules:
        try:
            verdict = rule.verdict(state)
            if verdict is Verdict.WAIT:
                return Waiting(rule.line)
            ending = _apply(rule, state) if verdict is Verdict.YES else None
        except Unknown as reason:
            ending = _not_known(rule, state, reason)
        if ending is not None:
            return ending
    return None


def _apply(rule: Rule, state: State) -> actions.Ending | None:
    if isinstance(rule.action, Unknown):
        raise rule.action
    return rule.action(state, rule.line)


def _not_known(rule: Rule, state: State, reason: Unknown) -> trace.Opaque | None:
    """A rule that can't be judged ends the evaluation if it could send the connection elsewhere. Otherwise it is noted, and what it may
    have changed is not known from here on."""
    state.note(rule.line, "unknown", str(reason))
    if rule.decides:
        return trace.Opaque(rule.line, str(reason))
    name, _, inside = rule.name.partition("(")
    if name in ("set-var", "set-var-fmt", "unset-var", "do-resolve"):
        state.variables[inside.removesuffix(")").partition(",")[0]] = reason
    elif rule.name in _HEADERS and state.message is not None:
        state.message.uncertain.add("*" if rule.name == "del-header" and rule.strict else rule.first.lower())
    return None


_HEADERS = frozenset({"set-header", "add-header", "del-header", "replace-header", "replace-value"})
