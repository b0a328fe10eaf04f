"""A stream runs through the rules of a frontend and of the backend it chooses.

Comes in: a :class:`State` from ``arrival``. Goes out: the backend's :class:`Proxy` and the state, or how it ended. Called by ``evaluator``.

In TCP mode the rules are gone through up to three times, as in ``tcp_inspect_request``: before any data (a rule may decide without), with
the client's first bytes, and after ``inspect-delay``, when what is still missing counts as absent. Without ``inspect-delay`` HAProxy does
not wait at all; that data happens to be there already is luck, and not assumed here.
"""

from __future__ import annotations

import ipaddress
import itertools
from collections.abc import Iterator

from hapilot.languages.haproxy.evaluate import actions, counters, http1, replies, rules, trace
from hapilot.languages.haproxy.evaluate.conditions import Verdict
from hapilot.languages.haproxy.evaluate.connection import Http, Raw, Request, Silent, Tls
from hapilot.languages.haproxy.evaluate.message import Message
from hapilot.languages.haproxy.evaluate.sections import Proxy, Sections, Switch
from hapilot.languages.haproxy.evaluate.state import State
from hapilot.languages.haproxy.evaluate.values import Unknown


def pass_frontend(proxy: Proxy, state: State) -> trace.Outcome | None:
    """The rules of a frontend, up to the choice of the backend; None where it goes on."""
    if proxy.mode == "tcp":
        ending = _inspect(proxy, state)
        if isinstance(ending, actions.SwitchMode):
            return speak_http(state)
        return ending if not isinstance(ending, actions.Stop) else None
    return speak_http(state) or _http_rules(proxy, state)


def pass_backend(proxy: Proxy, state: State) -> trace.Outcome | None:
    """The rules of a backend that a frontend has chosen; None where a server is to be picked."""
    state.section, state.backend = proxy.title, proxy.name
    state.pages = (proxy.errors, *state.pages)
    if proxy.mode == "http":
        return speak_http(state) or _http_rules(proxy, state)
    if state.message is not None:
        return trace.Reject(f"HTTP can't go to the TCP backend {proxy.name} (stream_set_backend)")
    ending = _inspect(proxy, state)
    return None if isinstance(ending, actions.Stop | actions.SwitchMode) else ending


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


def _http_rules(proxy: Proxy, state: State) -> trace.Outcome | None:
    """All that HAProxy does with a request before it chooses a backend or a server (``http_process_req_common``)."""
    state.final = True
    if proxy.monitor is not None and state.message is not None and state.message.uri == proxy.monitor[1]:
        state.answer = replies.error(200, state, state.pages)
        return trace.Respond(200, line=proxy.monitor[0], reason="monitor-uri")
    for ruleset in (proxy.content, proxy.http):
        ending = rules.run(ruleset, state)
        if ending is not None and not isinstance(ending, actions.Stop | actions.SwitchMode | rules.Waiting):
            return ending
    statistics = _statistics(proxy, state)
    if statistics is not None:
        return statistics
    ending = rules.run(proxy.redirects, state)
    return None if isinstance(ending, actions.Stop | actions.SwitchMode | rules.Waiting) else ending


def _statistics(proxy: Proxy, state: State) -> trace.Respond | None:
    """HAProxy's own page, where the path begins with ``stats uri``."""
    found = proxy.stats.get("uri") or proxy.stats.get("enable")
    if found is None or state.message is None:
        return None
    line, prefix = found
    if not (state.message.pathq or "").startswith(prefix or "/haproxy?stats"):
        return None
    if "auth" in proxy.stats and state.message.line("authorization") is None:
        return trace.Respond(401, line=proxy.stats["auth"][0], reason="HAProxy's statistics")
    return trace.Respond(200, line=line, reason="HAProxy's statistics")


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


def nowhere(state: State, reason: str) -> trace.Respond | trace.Reject:
    """What HAProxy does where there is nobody to send a connection to."""
    if state.message is not None:
        state.answer = replies.error(503, state, state.pages)
    return trace.Respond(503, reason=reason) if state.message is not None else trace.Reject(reason)


def add_forwarded_for(frontend: Proxy, backend: Proxy, state: State) -> None:
    """``option forwardfor``, of either side; done after all rules."""
    option = backend.forward_for or frontend.forward_for
    if option is None or state.message is None or state.source is None:
        return
    line, words = option
    arguments = dict(itertools.pairwise(words))
    name = arguments.get("header", "X-Forwarded-For")
    if "if-none" in words and state.message.lines(name):
        return
    if "except" in arguments and state.source.ip in ipaddress.ip_network(arguments["except"], strict=False):
        return
    state.message.headers.append((name, str(state.source.ip)))
    state.note(line, "add-header", f"{name}: {state.source.ip}")


def chosen_servers(proxy: Proxy, state: State) -> Iterator[str]:
    """The servers that ``use-server`` lines ask for, in their order; the first that is not down is taken."""
    for switch in proxy.chosen_servers:
        if _holds(switch, state):
            state.note(switch.rule.line, "use-server", switch.name.best(state))
            yield switch.name.best(state)


def _holds(switch: Switch, state: State) -> bool:
    try:
        return switch.rule.verdict(state) is Verdict.YES
    except Unknown:
        return False
