"""HAProxy's own statistics page: ``stats`` lines.

Comes in: the lines of a proxy, then requests. Goes out: whether HAProxy answers with the page, asks for a password or refuses. Made by
``sections``, asked by ``streams``. Configuration manual, section 4.2 "stats …"; ``http_stats_check_uri`` is its code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from hapilot.languages.haproxy import tree
from hapilot.languages.haproxy.evaluate import actions_http, replies, rules, trace, users
from hapilot.languages.haproxy.evaluate.message import Message
from hapilot.languages.haproxy.evaluate.state import State
from hapilot.languages.haproxy.evaluate.values import Unknown

_REASON = "HAProxy's statistics"
_PREFIX = "/haproxy?stats"
_KINDS = {kind: actions_http.HTTP[kind] for kind in ("allow", "deny", "auth")}


@dataclass(slots=True)
class Statistics:
    """The ``stats`` lines of a proxy; any of them turns the page on. ``line`` is the one that says where it is, or the first."""

    line: tree.Line
    prefix: str = _PREFIX
    users: dict[str, tuple[tree.Line, str]] = field(default_factory=dict[str, tuple[tree.Line, str]])
    rules: list[rules.Rule] = field(default_factory=list[rules.Rule])

    def read(self, line: tree.Line, words: Sequence[str], place: rules.Place) -> None:
        """Takes a line in."""
        if len(words) > 2 and words[1] == "uri":
            self.line, self.prefix = line, words[2]
        elif len(words) > 2 and words[1] == "auth":
            name, _, password = words[2].partition(":")
            self.users.setdefault(name, (line, password))
        elif len(words) > 1 and words[1] == "http-request":
            self.rules.append(rules.parse(line, words[2:], _KINDS, place))

    def answer(self, state: State, message: Message) -> trace.Outcome | None:
        """What HAProxy answers; None for a request that is for something else. Raises Unknown."""
        told = message.pathq if self.prefix.startswith("/") else message.uri
        if message.method not in ("GET", "HEAD", "POST") or not (told or "").startswith(self.prefix):
            return None
        ending = rules.run(self.rules, state)
        if isinstance(ending, trace.Respond | trace.Opaque):
            return ending
        if ending is None and self.users and not self._knows(message):
            line = next(iter(self.users.values()))[0]
            state.answer = replies.error(401, state, state.pages)
            return trace.Respond(401 if state.answer is None else state.answer.status, line=line, reason=_REASON)
        if message.method == "POST":
            return trace.Opaque(self.line, "an order to the statistics page")
        state.answer = None
        return trace.Respond(200, line=self.line, reason=_REASON)

    def _knows(self, message: Message) -> bool:
        user, password = users.credentials(message.line("authorization") or "") or ("", "")
        return user in self.users and self.users[user][1] == password


def ask(found: Statistics, state: State, message: Message) -> trace.Outcome | None:
    """As :meth:`Statistics.answer`; what is not known ends here."""
    try:
        return found.answer(state, message)
    except Unknown as reason:
        return trace.Opaque(found.line, str(reason))
