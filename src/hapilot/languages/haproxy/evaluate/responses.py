"""The way back: an answer runs through the rules on answers of every HTTP layer that its request has passed.

Comes in: the :class:`Passage` of each layer, and the answer of the server, where it is known. Goes out: what the client is sent, and in the
trace each line that changes its headers. Called by ``evaluator``. The order is that of ``http_process_res_common`` and
``http_eval_after_res_rules``: ``http-response`` of the backend and the frontend (not for HAProxy's own answers), the cookie,
``http-after-response`` of the backend and the frontend.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from hapilot.languages.haproxy.evaluate import cookies, rules, trace
from hapilot.languages.haproxy.evaluate.actions import Stop
from hapilot.languages.haproxy.evaluate.actions_headers import HEADERS
from hapilot.languages.haproxy.evaluate.conditions import Verdict
from hapilot.languages.haproxy.evaluate.message import Answer
from hapilot.languages.haproxy.evaluate.proxies import Proxy
from hapilot.languages.haproxy.evaluate.state import State
from hapilot.languages.haproxy.evaluate.values import Unknown

_OF_ONE_HOP = frozenset({"connection", "keep-alive", "proxy-connection", "transfer-encoding"})


@dataclass(frozen=True, slots=True)
class Passage:
    """A layer that a request has passed: its proxies, the backend before the frontend. ``forwarded``: the answer is not its own."""

    proxies: tuple[Proxy, ...]
    state: State
    forwarded: bool


def back(passages: Sequence[Passage], served: trace.Answer | None) -> trace.Answer | None:
    """Leads the answer back through all layers, the last first. ``served`` is that of the server."""
    last = passages[-1]
    server = served.server if served is not None else ""
    answer = last.state.answer
    if last.forwarded:
        answer = None if served is None else Answer(list(served.headers), served.status, served.body)
    for passage in reversed(passages):
        if passage.state.message is not None:
            answer = _through(passage, answer, server)
            server = ""
    return None if answer is None else _finished(answer)


def _finished(answer: Answer) -> trace.Answer:
    headers = tuple((name, value) for name, value in answer.headers if name.lower() not in _OF_ONE_HOP)
    return trace.Answer(answer.status, headers, answer.body)


def _through(passage: Passage, answer: Answer | None, server: str) -> Answer | None:
    """One layer. Rules on answers see the variables of the connection, but no longer those of the request (``req.…``)."""
    variables = {name: value for name, value in passage.state.variables.items() if not name.startswith("req.")}
    state = dataclasses.replace(passage.state, answering=True, answer=answer, variables=variables)
    if passage.forwarded:
        for proxy in passage.proxies:
            _run(proxy, proxy.response, state)
        _offer_cookie(state, server)
    for proxy in passage.proxies:
        _run(proxy, proxy.after_response, state)
    return state.answer


def _run(proxy: Proxy, ruleset: Sequence[rules.Rule], state: State) -> None:
    state.section = proxy.title
    for rule in ruleset:
        try:
            if rule.verdict(state) is not Verdict.YES:
                continue
            if isinstance(rule.action, Unknown):
                raise rule.action
            if isinstance(rule.action(state, rule.line), Stop):
                break
        except Unknown as reason:
            _not_known(rule, state, reason)


def _not_known(rule: rules.Rule, state: State, reason: Unknown) -> None:
    """A rule that can't be judged: what it would change is noted without a value, and the answer is not known any more."""
    state.answer = None
    if rule.name in HEADERS:
        state.shared.response.append(trace.ResponseHeader(state.section, rule.line, rule.name, rule.first, None))
    else:
        state.note(rule.line, "unknown", str(reason))


def _offer_cookie(state: State, server: str) -> None:
    """The Set-Cookie by which the client comes back to its server, and what keeps it out of caches."""
    offer = state.offer
    if offer is None:
        return
    value = offer.of(server)
    changes: list[tuple[str, str | None]] = [("Set-Cookie", value)]
    if offer.nocache and state.answer is None:
        changes.append(("Cache-control", None))
    elif offer.nocache and state.answer is not None and cookies.cacheable(state.answer, safe=offer.safe):
        changes.append(("Cache-control", "private"))
    for name, shown in changes:
        state.shared.response.append(trace.ResponseHeader(offer.section, offer.line, "add-header", name, shown))
        if state.answer is not None and shown is not None:
            state.answer.headers.append((name, shown))
    if value is None:
        state.answer = None
