"""The lines of a proxy, one by one: what each adds to it.

Comes in: the words of a line and where it stands. Goes out: changes of a :class:`Proxy`. Called by ``sections``; lines that have no reader
here are judged by ``unfollowed``. Configuration manual, section 4.2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from hapilot.languages.haproxy import tree
from hapilot.languages.haproxy.evaluate import (
    actions,
    actions_answer,
    actions_http,
    cookies,
    counters,
    formats,
    forwarding,
    replies,
    rules,
    statistics,
    unfollowed,
    written,
)
from hapilot.languages.haproxy.evaluate.binds import parse_binds
from hapilot.languages.haproxy.evaluate.proxies import Proxy, Switch
from hapilot.languages.haproxy.evaluate.values import Unknown

_PAGES = frozenset({200, 400, 401, 403, 404, 405, 407, 408, 410, 413, 422, 425, 429, 500, 501, 502, 503, 504})


def read(proxy: Proxy, each: written.Written, place: rules.Place) -> None:
    """Takes a line in; one that may lead anywhere is remembered as what stands in the way."""
    reader = _reader(each.words)
    problem = place.missing if place.missing and reader not in _RULES else ""
    if reader is not None and not problem:
        reader(proxy, each.line, each.words, place)
    else:
        problem = unfollowed.reason(each.words) and (problem or unfollowed.reason(each.words) or "")
    if problem and proxy.obstacle is None:
        proxy.obstacle = (each.line, problem)


def _reader(words: Sequence[str]) -> _Reader | None:
    """By the first two words, else by the first alone."""
    word = words[0] if words else ""
    found = _READERS.get(" ".join(words[:2])) if word in _OF_TWO_WORDS else None
    return found or _READERS.get(word)


_Reader = Callable[[Proxy, tree.Line, Sequence[str], rules.Place], None]


def _mode(proxy: Proxy, line: tree.Line, words: Sequence[str], place: rules.Place) -> None:
    proxy.mode = "http" if len(words) > 1 and words[1] == "http" else "tcp"
    if len(words) > 1 and words[1] not in ("http", "tcp"):
        proxy.obstacle = proxy.obstacle or (line, " ".join(words[:2]))


def _bind(proxy: Proxy, line: tree.Line, words: Sequence[str], place: rules.Place) -> None:
    proxy.binds += parse_binds(line, words, len(proxy.binds) + 1)


def _tcp_request(proxy: Proxy, line: tree.Line, words: Sequence[str], place: rules.Place) -> None:
    kind = words[1] if len(words) > 1 else ""
    if kind == "inspect-delay":
        proxy.waits = True
    elif kind in ("connection", "session", "content"):
        getattr(proxy, kind).append(rules.parse(line, words[2:], actions.TCP, place))


def _http_request(proxy: Proxy, line: tree.Line, words: Sequence[str], place: rules.Place) -> None:
    proxy.http.append(rules.parse(line, words[1:], actions_http.HTTP, place))


def _redirect(proxy: Proxy, line: tree.Line, words: Sequence[str], place: rules.Place) -> None:
    proxy.redirects.append(rules.parse(line, words, actions_http.HTTP, place))


def _response(proxy: Proxy, line: tree.Line, words: Sequence[str], place: rules.Place) -> None:
    rule = rules.parse(line, words[1:], actions_answer.ANSWER, place)
    (proxy.response if words[0] == "http-response" else proxy.after_response).append(rule)


def _http_error(proxy: Proxy, line: tree.Line, words: Sequence[str], place: rules.Place) -> None:
    try:
        reply = replies.parse(words[1:], 0)
    except ValueError:
        return
    proxy.errors.pop(reply.status, None)
    if reply.source != "default-errorfiles":
        proxy.errors[reply.status] = reply


def _error_file(proxy: Proxy, line: tree.Line, words: Sequence[str], place: rules.Place) -> None:
    if len(words) > 2 and words[1].isdigit():
        proxy.errors[int(words[1])] = replies.Reply(int(words[1]), source="errorfile", argument=words[2])


def _cookie(proxy: Proxy, line: tree.Line, words: Sequence[str], place: rules.Place) -> None:
    try:
        proxy.cookie = cookies.parse(line, words) if len(words) > 1 else None
    except Unknown as reason:
        proxy.cookie = reason


def _stick_table(proxy: Proxy, line: tree.Line, words: Sequence[str], place: rules.Place) -> None:
    proxy.table = counters.parse(proxy.name, words[1:])


def _use_backend(proxy: Proxy, line: tree.Line, words: Sequence[str], place: rules.Place) -> None:
    proxy.backends.append(_switch(line, words, place))


def _use_server(proxy: Proxy, line: tree.Line, words: Sequence[str], place: rules.Place) -> None:
    proxy.chosen_servers.append(_switch(line, words, place))


def _switch(line: tree.Line, words: Sequence[str], place: rules.Place) -> Switch:
    name = words[1] if len(words) > 1 else ""
    condition = rules.parse_condition(words[2:], place)
    if not written.is_known([name]):
        condition = Unknown(place.missing)
    return Switch(rules.Rule(line, lambda state, at: None, condition, strict=place.strict), formats.parse(name))


def _default_backend(proxy: Proxy, line: tree.Line, words: Sequence[str], place: rules.Place) -> None:
    proxy.default_backend = (line, words[1] if len(words) > 1 else "")


def _forwarded(proxy: Proxy, line: tree.Line, words: Sequence[str], place: rules.Place) -> None:
    proxy.forwarded[words[1]] = forwarding.parse(line, words[1:])


def _not_forwarded(proxy: Proxy, line: tree.Line, words: Sequence[str], place: rules.Place) -> None:
    """``option forwarded`` makes a header of which nobody here knows the form."""
    proxy.uncertain.add("forwarded")


def _all_backups(proxy: Proxy, line: tree.Line, words: Sequence[str], place: rules.Place) -> None:
    proxy.all_backups = True


def _no_option(proxy: Proxy, line: tree.Line, words: Sequence[str], place: rules.Place) -> None:
    if words[2:3] and words[2] == "allbackups":
        proxy.all_backups = False


def _strict_names(proxy: Proxy, line: tree.Line, words: Sequence[str], place: rules.Place) -> None:
    """``option http-restrict-req-hdr-names``: names with other characters are taken out, or the request refused."""
    if words[2:3] and words[2] != "preserve":
        proxy.obstacle = proxy.obstacle or (line, " ".join(words))


def _error_location(proxy: Proxy, line: tree.Line, words: Sequence[str], place: rules.Place) -> None:
    if len(words) > 2 and words[1].isdigit():
        status = 303 if words[0] == "errorloc303" else 302
        proxy.errors[int(words[1])] = replies.Reply(status, source="errorloc", argument=words[2])


def _error_files(proxy: Proxy, line: tree.Line, words: Sequence[str], place: rules.Place) -> None:
    wanted = {int(word) for word in words[2:] if word.isdigit()} or _PAGES
    proxy.errors |= {status: replies.Reply(status, source="errorfiles", argument=" ".join(words[1:2])) for status in wanted}


def _monitor(proxy: Proxy, line: tree.Line, words: Sequence[str], place: rules.Place) -> None:
    proxy.monitor = (line, words[1] if len(words) > 1 else "")


def _monitor_fail(proxy: Proxy, line: tree.Line, words: Sequence[str], place: rules.Place) -> None:
    condition = rules.parse_condition(words[2:], place)
    proxy.monitor_fails.append(rules.Rule(line, lambda state, at: None, condition, strict=place.strict))


def _stats(proxy: Proxy, line: tree.Line, words: Sequence[str], place: rules.Place) -> None:
    proxy.stats = proxy.stats or statistics.Statistics(line)
    proxy.stats.read(line, words, place)


def _disabled(proxy: Proxy, line: tree.Line, words: Sequence[str], place: rules.Place) -> None:
    proxy.disabled_by = line if words[0] == "disabled" else None


def _restored(proxy: Proxy, line: tree.Line, words: Sequence[str], place: rules.Place) -> None:
    proxy.restores_servers = "none" not in words[1:2]


def _stick(proxy: Proxy, line: tree.Line, words: Sequence[str], place: rules.Place) -> None:
    proxy.chooses_freely = True


def _send_name(proxy: Proxy, line: tree.Line, words: Sequence[str], place: rules.Place) -> None:
    proxy.server_header = words[1] if len(words) > 1 else ""


def _agent(proxy: Proxy, line: tree.Line, words: Sequence[str], place: rules.Place) -> None:
    proxy.has_agent = True


def _unique_id(proxy: Proxy, line: tree.Line, words: Sequence[str], place: rules.Place) -> None:
    proxy.uncertain.add(words[1].lower() if len(words) > 1 else "")


def _application(proxy: Proxy, line: tree.Line, words: Sequence[str], place: rules.Place) -> None:
    """What a FastCGI application sees are parameters."""
    proxy.uncertain.add("*")


def _compression(proxy: Proxy, line: tree.Line, words: Sequence[str], place: rules.Place) -> None:
    """With ``compression offload`` servers are not asked to compress."""
    if "offload" in words[1:2]:
        proxy.uncertain.add("accept-encoding")


_READERS: Mapping[str, _Reader] = {
    "mode": _mode,
    "bind": _bind,
    "tcp-request": _tcp_request,
    "http-request": _http_request,
    "redirect": _redirect,
    "http-response": _response,
    "http-after-response": _response,
    "http-error": _http_error,
    "errorfile": _error_file,
    "cookie": _cookie,
    "stick-table": _stick_table,
    "use_backend": _use_backend,
    "use-server": _use_server,
    "default_backend": _default_backend,
    "option forwardfor": _forwarded,
    "option originalto": _forwarded,
    "option forwarded": _not_forwarded,
    "option allbackups": _all_backups,
    "option http-restrict-req-hdr-names": _strict_names,
    "no option": _no_option,
    "errorloc": _error_location,
    "errorloc302": _error_location,
    "errorloc303": _error_location,
    "errorfiles": _error_files,
    "monitor-uri": _monitor,
    "monitor fail": _monitor_fail,
    "stats": _stats,
    "disabled": _disabled,
    "enabled": _disabled,
    "load-server-state-from-file": _restored,
    "stick": _stick,
    "persist": _stick,
    "ignore-persist": _stick,
    "http-send-name-header": _send_name,
    "unique-id-header": _unique_id,
    "use-fcgi-app": _application,
    "compression": _compression,
    "filter spoe": _agent,
}

_RULES = frozenset({_tcp_request, _http_request, _redirect, _response, _use_backend, _use_server, _monitor_fail, _bind})
"""Readers that make something of a line that is not known in full: a rule that is Unknown."""
_OF_TWO_WORDS = frozenset(name.partition(" ")[0] for name in _READERS if " " in name)
