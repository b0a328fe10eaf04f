"""What rules do with stick tables: track a client, and count it.

Comes in: the words of an action and what its name has in parentheses. Goes out: actions as in ``actions``. Used by ``actions``.
Configuration manual, section 4.2, "http-request track-sc0" and "sc-inc-gpc0"; ``stick_table.c`` and ``http_act.c`` are its code.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hapilot.languages.haproxy import tree
from hapilot.languages.haproxy.evaluate import counters, samples, values
from hapilot.languages.haproxy.evaluate.state import State
from hapilot.languages.haproxy.evaluate.values import Unknown

Act = Callable[[State, tree.Line], None]


def track(number: int) -> Callable[[str, Sequence[str]], Act]:
    """``track-sc0 KEY [table NAME]``; the table of the section itself where none is named. Tracks once in a connection."""

    def build(inside: str, words: Sequence[str]) -> Act:
        expression = samples.parse(words[0])
        named = words[2] if len(words) > 2 and words[1] == "table" else ""

        def act(state: State, line: tree.Line) -> None:
            tracked = state.tracked if state.in_stream else state.session_tracked
            entry = None if number in tracked else _tracked_by(state, expression, named or state.section.partition(" ")[2])
            if entry is None:
                return
            tracked[number] = entry
            if state.message is not None:
                entry.add(*counters.REQUEST)
            state.note(line, f"track-sc{number}", f"{values.as_text(entry.key)} in {entry.table.name}")

        return act

    return build


def _tracked_by(state: State, expression: samples.Expression, table: str) -> counters.Entry | None:
    """The entry for what the expression gives. Where that is not known, it is still somebody who was not there before."""
    try:
        value = expression.value(state)
    except Unknown:
        return state.shared.counters.track_unknown(table, expression.text)
    return None if value is None else state.shared.counters.track(table, value)


def increase(counter: str) -> Callable[[str, Sequence[str]], Act]:
    """``sc-inc-gpc0(0)`` and, with the counter's place first, ``sc-inc-gpc(0,0)``. Its rate is counted too."""

    def build(inside: str, words: Sequence[str]) -> Act:
        *place, number = inside.split(",")
        name, rate = (f"{counter}.{place[0]}", f"{counter}_rate.{place[0]}") if place else (counter, f"{counter}_rate")

        def act(state: State, line: tree.Line) -> None:
            entry = _tracked(state, int(number))
            if entry is not None:
                entry.add(name, rate)
                state.note(line, f"sc-inc-{name}", values.as_text(entry.key))

        return act

    return build


def put(tag: str) -> Callable[[str, Sequence[str]], Act]:
    """``sc-set-gpt0(0) VALUE`` and ``sc-set-gpt(0,0) VALUE``."""

    def build(inside: str, words: Sequence[str]) -> Act:
        *place, number = inside.split(",")
        name = f"{tag}.{place[0]}" if place else tag
        literal = words[0].isdigit()
        expression = None if literal else samples.parse(words[0])

        def act(state: State, line: tree.Line) -> None:
            entry = _tracked(state, int(number))
            value = int(words[0]) if expression is None else expression.value(state)
            whole = None if value is None else values.as_integer(value)
            if entry is not None and whole is not None:
                entry.put(name, whole)
                state.note(line, f"sc-set-{name}", f"{values.as_text(entry.key)} = {whole}")

        return act

    return build


def _tracked(state: State, number: int) -> counters.Entry | None:
    """The entry that is changed: in a stream only what the stream itself tracks."""
    return (state.tracked if state.in_stream else state.session_tracked).get(number)
