"""Rules: a line, the condition it has, and what it does; and running a list of them.

Comes in: the words of a line. Goes out: :class:`Rule` and, when a list is run, what ended it.
Used by ``sections``, ``arrival`` and ``streams``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hapilot.languages.haproxy import tree
from hapilot.languages.haproxy.evaluate import actions, conditions, trace
from hapilot.languages.haproxy.evaluate.conditions import Verdict
from hapilot.languages.haproxy.evaluate.state import State
from hapilot.languages.haproxy.evaluate.values import Unknown


@dataclass(frozen=True, slots=True)
class Rule:
    """A prepared line. Where ``action`` or ``condition`` is Unknown, that part could not be understood. ``name`` is the word of the
    action, ``first`` its first argument."""

    line: tree.Line
    action: actions.Action | Unknown
    condition: conditions.Condition | Unknown | None = None
    decides: bool = True
    name: str = ""
    first: str = ""

    def verdict(self, state: State) -> Verdict:
        """Whether the rule applies. Raises Unknown."""
        if self.condition is None:
            return Verdict.YES
        if isinstance(self.condition, Unknown):
            raise self.condition
        return self.condition.verdict(state)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A rule needs data that has not arrived."""

    line: tree.Line


def parse(line: tree.Line, words: Sequence[str], kinds: dict[str, actions.Kind], acls: conditions.Acls) -> Rule:
    """A rule from the words of its action (without ``http-request`` and the like)."""
    kind, inside = actions.find(words[0] if words else "", kinds)
    if kind is None:
        _, condition = actions.split_condition(words, 0)
        return Rule(line, Unknown(f"the action {words[0] if words else ''!r}"), parse_condition(condition, acls))
    arguments, condition = actions.split_condition(words, kind.arity)
    try:
        action: actions.Action | Unknown = kind.build(inside, arguments)
    except Unknown as reason:
        action = reason
    except (IndexError, ValueError):
        action = Unknown(f"the arguments of {words[0]}")
    return Rule(line, action, parse_condition(condition, acls), kind.decides, words[0], next(iter(arguments), ""))


def parse_condition(words: Sequence[str], acls: conditions.Acls) -> conditions.Condition | Unknown | None:
    """The condition behind an action; None where there is none."""
    if not words:
        return None
    try:
        return conditions.parse(words, acls)
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
    """A rule that can't be judged ends the evaluation if it could send the connection elsewhere, and is only noted otherwise."""
    state.note(rule.line, "unknown", str(reason))
    return trace.Opaque(rule.line, str(reason)) if rule.decides else None
