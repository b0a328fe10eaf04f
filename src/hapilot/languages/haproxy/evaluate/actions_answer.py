"""What rules of ``http-response`` and ``http-after-response`` do besides changing headers.

Comes in: the words of an action. Goes out: actions as in ``actions``. Used by ``sections``. Configuration manual, section 4.2.
"""

from __future__ import annotations

from collections.abc import Sequence

from hapilot.languages.haproxy import tree
from hapilot.languages.haproxy.evaluate.actions import SHARED, Action, Ending, Kind, Stop
from hapilot.languages.haproxy.evaluate.actions_headers import HEADERS
from hapilot.languages.haproxy.evaluate.state import State


def _allow(inside: str, words: Sequence[str]) -> Action:
    return lambda state, line: Stop()


def _set_status(inside: str, words: Sequence[str]) -> Action:
    status = int(words[0])

    def act(state: State, line: tree.Line) -> Ending | None:
        if state.answer is not None:
            state.answer.status = status
        state.note(line, "set-status", str(status))
        return None

    return act


def _ignored(inside: str, words: Sequence[str]) -> Action:
    return lambda state, line: None


ANSWER: dict[str, Kind] = {
    **SHARED,
    **HEADERS,
    "allow": Kind(_allow),
    "set-status": Kind(_set_status, arity=1, decides=False),
    "cache-store": Kind(_ignored, arity=1, decides=False),
}
"""Those that are not here, such as ``return``, make the answer unknown."""
