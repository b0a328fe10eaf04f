"""A stream runs through the rules of a frontend and of the backend it chooses.

Comes in: a :class:`State` from ``arrival``. Goes out: the backend's :class:`Proxy` and the state, or how it ended. Called by ``evaluator``.

In TCP mode the rules are gone through up to three times, as in ``tcp_inspect_request``: before any data (a rule may decide without), with
the client's first bytes, and after ``inspect-delay``, when what is still missing counts as absent. Without ``inspect-delay`` HAProxy does
not wait at all; that data happens to be there already is luck, and not assumed here.
"""

from __future__ import annotations

from collections.abc import Iterator

from hapilot.languages.haproxy import tree
from hapilot.languages.haproxy.evaluate import actions, counters, forwarding, http1, replies, rules, statistics, trace
from hapilot.languages.haproxy.evaluate.conditions import Verdict
from hapilot.languages.haproxy.evaluate.connection import Http, Raw, Request, Silent, Tls
from hapilot.languages.haproxy.evaluate.message import Message
from hapilot.languages.haproxy.evaluate.proxies import Proxy
from hapilot.languages.haproxy.evaluate.sections import Sections
from hapilot.languages.haproxy.evaluate.state import State
from hapilot.languages.haproxy.evaluate.values import Unknown


def pass_frontend(proxy: Proxy, state: State) -> trace.Outcome | None:
    """The rules of a frontend, up to the choice of the backend; None where it goes on."""
    if proxy.obstacle is not None:
        return obstructed(proxy.obstacle, state)
    if proxy.mode == "tcp":
        ending = _inspect(proxy, state)
        if isinstance(ending, actions.SwitchMode):
            return speak_http(state) or _monitor(proxy, state) or _http_rules(proxy, state)
        return ending if not isinstance(ending, actions.Stop) else None
    return speak_http(state) or _content(proxy, state) or _monitor(proxy, state) or _http_rules(proxy, state)


def obstructed(obstacle: tuple[tree.Line, str], state: State) -> trace.Opaque:
    """A proxy with a line that may lead anywhere."""
    line, reason = obstacle
    state.note(line, "unknown", reason)
    return trace.Opaque(line, reason)


def pass_backend(proxy: Proxy, state: State) -> trace.Outcome | None:
    """The rules of a backend that a frontend has chosen; None where a server is to be picked."""
    state.section, state.backend = proxy.title, proxy.name
    if proxy.obstacle is not None:
        return obstructed(proxy.obstacle, state)
    if proxy.disabled_by is not None:
        return _switched_off(proxy, proxy.disabled_by, state)
    state.pages = (proxy.errors, *state.pages)
    if proxy.mode == "http":
        return speak_http(state) or _content(proxy, state) or _http_rules(proxy, state)
    if state.message is not None:
        return trace.Reject(f"HTTP can't go to the TCP backend {proxy.name} (stream_set_backend)")
    ending = _inspect(proxy, state)
    return None if isinstance(ending, actions.Stop | actions.SwitchMode) else ending


def _switched_off(proxy: Proxy, line: tree.Line, state: State) -> trace.Outcome:
    """A backend that is ``disabled`` can still be chosen. HAProxy leaves it half made (``check_config_validity`` skips it): no server,
    and its rules on requests and its pages don't count; the frontend's pages do."""
    state.note(line, "disabled", proxy.title)
    if state.message is None and proxy.mode == "http":
        return trace.Opaque(line, "HTTP that begins at a disabled backend")
    return nowhere(state, "the backend is disabled")


def _inspect(proxy: Proxy, state: State) -> actions.Ending | None:
    """``tcp-request content`` in TCP mode; the state is left with the data that was there when the rules ended."""
    everything = state.payload
    if not proxy.content:
        if state.section == proxy.title and not state.backend:
            state.payload = b""
        return None
    passes = [(False, False), (True, False), (True, True)] if proxy.waits else [(False, True)]
    if state.backend:  # the frontend has waited already; what has arrived stays
        passes = passes[1:] if proxy.waits else [(True, True)]
    ending: actions.Ending | rules.Waiting | None = None
    for has_arrived, final in passes:
        state.payload, state.final = everything if has_arrived else b"", final
        before = len(state.shared.steps), len(state.shared.lookups)
        ending = rules.run(proxy.content, state)
        if not isinstance(ending, rules.Waiting):
            break
        everything = state.payload if has_arrived else everything  # an action may have taken bytes out for good
        del state.shared.steps[before[0] :], state.shared.lookups[before[1] :]  # the rules start again
    state.final = True
    assert not isinstance(ending, rules.Waiting), "nothing waits once all is final"
    return ending


def speak_http(state: State) -> trace.Outcome | None:
    """Reads the request; HAProxy answers what is none itself."""
    if state.message is not None:
        return None
    first = http1.SILENT if isinstance(state.arriving, Silent) else state.arriving
    if isinstance(first, Raw) and not state.unread:
        first = http1.read(first.data)
    request = first.request if isinstance(first, Http) else first
    if isinstance(request, Request) and not state.unread:
        refused = http1.refusal(request)
        if http1.is_odd(request) and state.shared.layers:
            return trace.Opaque(state.shared.layers[-1].bind, f"the target {request.path}, of a form that not all releases take")
        if refused is None:
            state.message = Message.read(request, "https" if state.tls else "http")
            for entry in (*state.session_tracked.values(), *state.tracked.values()):
                entry.add(*counters.REQUEST)
            return None
        first = refused
    # The parser answers, before any rule and any page of the configuration.
    if isinstance(first, http1.Refusal) and not state.unread:
        state.answer = replies.standard(first.status)
        return trace.Respond(first.status, reason=first.reason)
    state.answer = replies.standard(400)
    kind = "TLS" if isinstance(first, Tls) else "a PROXY header" if state.unread else "something else"
    return trace.Respond(400, reason=f"HTTP is expected, and the client sends {kind}")


def _content(proxy: Proxy, state: State) -> trace.Outcome | None:
    """``tcp-request content`` in HTTP mode; of a frontend before all that is HTTP."""
    state.final = True
    return _ended(rules.run(proxy.content, state))


def _ended(ending: actions.Ending | rules.Waiting | None) -> trace.Outcome | None:
    return None if isinstance(ending, actions.Stop | actions.SwitchMode | rules.Waiting) else ending


def _monitor(proxy: Proxy, state: State) -> trace.Outcome | None:
    """``monitor-uri``: HAProxy says that it is there, or with ``monitor fail`` that it is not."""
    if proxy.monitor is None or state.message is None:
        return None
    line, wanted = proxy.monitor
    if wanted not in (state.message.uri, state.message.pathq if wanted.startswith("/") else None):
        return None
    try:
        failed = next((rule for rule in proxy.monitor_fails if rule.verdict(state) is Verdict.YES), None)
    except Unknown as reason:
        return trace.Opaque(line, str(reason))
    return _own_page(state, 200 if failed is None else 503, line if failed is None else failed.line, "monitor-uri")


def _own_page(state: State, status: int, line: tree.Line | None, reason: str) -> trace.Outcome:
    """HAProxy answers with the page for a status; the page may say another."""
    try:
        state.answer = replies.error(status, state, state.pages)
    except Unknown as unknown:
        places = line or next((layer.bind for layer in state.shared.layers), None)
        return trace.Respond(status, reason=reason) if places is None else trace.Opaque(places, f"{reason}, with {unknown}")
    return trace.Respond(status if state.answer is None else state.answer.status, line=line, reason=reason)


def _http_rules(proxy: Proxy, state: State) -> trace.Outcome | None:
    """All that HAProxy does with a request before it chooses a backend or a server (``http_process_req_common``)."""
    ending = _ended(rules.run(proxy.http, state))
    if ending is None and proxy.stats is not None and state.message is not None:
        ending = statistics.ask(proxy.stats, state, state.message)
    return ending or _ended(rules.run(proxy.redirects, state))


def choose_backend(proxy: Proxy, state: State, sections: Sections) -> Proxy | trace.Outcome:
    """``use_backend`` and ``default_backend``. A dynamic name that no backend has leads to the default."""
    for switch in proxy.backends:
        try:
            if switch.rule.verdict(state) is not Verdict.YES:
                continue
            name = switch.name.value(state)
        except Unknown as reason:
            state.note(switch.rule.line, "unknown", str(reason))
            return trace.Opaque(switch.rule.line, str(reason))
        found = sections.backends.get(name)
        state.note(switch.rule.line, "use_backend", name if found is not None else f"{name} (no such backend)")
        if found is not None:
            return found
        break
    return _default_backend(proxy, state, sections)


def _default_backend(proxy: Proxy, state: State, sections: Sections) -> Proxy | trace.Outcome:
    if proxy.default_backend is not None:
        line, name = proxy.default_backend
        state.note(line, "default_backend", name)
        found = sections.backends.get(name)
        if found is not None:
            return found
    if proxy.kind == "listen":
        return proxy
    return nowhere(state, "no backend")


def nowhere(state: State, reason: str) -> trace.Outcome:
    """What HAProxy does where there is nobody to send a connection to."""
    return trace.Reject(reason) if state.message is None else _own_page(state, 503, None, reason)


def add_headers(frontend: Proxy, backend: Proxy, state: State) -> None:
    """What options add for the server, of either side; done after all rules."""
    message = state.message
    if message is None:
        return
    forwarding.tell(frontend.forwarded, backend.forwarded, state, message)
    message.uncertain |= frontend.uncertain | backend.uncertain
    if backend.server_header:
        message.uncertain.add(backend.server_header.lower())


def chosen_servers(proxy: Proxy, state: State) -> Iterator[str]:
    """The servers that ``use-server`` lines ask for, in their order; the first that is not down is taken. Raises Unknown."""
    for switch in proxy.chosen_servers:
        if switch.rule.verdict(state) is Verdict.YES:
            name = switch.name.value(state)
            state.note(switch.rule.line, "use-server", name)
            yield name
