"""Sample fetches of the answer, for rules of ``http-response`` and ``http-after-response``.

Comes in: a state. Goes out: :class:`Fetched`. Used by ``fetches``. Where the answer is a server's and nobody said what it is, these raise
Unknown; in rules on requests they have no value. Configuration manual, section 7.3.6.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hapilot.languages.haproxy.evaluate import fetches_http
from hapilot.languages.haproxy.evaluate.fetched import NOTHING, Fetched, one
from hapilot.languages.haproxy.evaluate.message import Answer
from hapilot.languages.haproxy.evaluate.state import State
from hapilot.languages.haproxy.evaluate.values import Unknown

HEADERS = frozenset({"res.hdr", "shdr", "res.fhdr"})
"""Fetches of which an action sees the last occurrence where it names none."""


def _answer(state: State) -> Answer | None:
    if state.answering and state.answer is None:
        raise Unknown("the answer of the server")
    return state.answer


def _status(state: State, arguments: tuple[str, ...]) -> Fetched:
    answer = _answer(state)
    return NOTHING if answer is None else one(answer.status)


def _header(cut: Callable[[list[str]], list[str]]) -> Callable[[State, tuple[str, ...]], Fetched]:
    def fetch(state: State, arguments: tuple[str, ...]) -> Fetched:
        answer = _answer(state)
        return NOTHING if answer is None else fetches_http.occurrence(answer, arguments, cut)

    return fetch


def _count(cut: Callable[[list[str]], list[str]]) -> Callable[[State, tuple[str, ...]], Fetched]:
    def fetch(state: State, arguments: tuple[str, ...]) -> Fetched:
        answer = _answer(state)
        return NOTHING if answer is None else one(fetches_http.count(answer, arguments, cut))

    return fetch


FETCHES: Mapping[str, Callable[[State, tuple[str, ...]], Fetched]] = {
    "status": _status,
    "res.hdr": _header(fetches_http.split),
    "shdr": _header(fetches_http.split),
    "res.fhdr": _header(list),
    "res.hdr_cnt": _count(fetches_http.split),
    "shdr_cnt": _count(fetches_http.split),
    "res.fhdr_cnt": _count(list),
}
"""Name to fetch."""
