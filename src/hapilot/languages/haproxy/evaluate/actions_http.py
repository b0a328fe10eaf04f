"""What HTTP rules do: answer, redirect, refuse, and change the request.

Comes in: the words behind ``http-request``. Goes out: actions as in ``actions``. Used by ``rules``.
Configuration manual, section 4.2, "http-request".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hapilot.languages.haproxy import tree
from hapilot.languages.haproxy.evaluate import formats, replies, tables, trace
from hapilot.languages.haproxy.evaluate.actions import SHARED, Action, Ending, Kind, Stop
from hapilot.languages.haproxy.evaluate.actions_headers import HEADERS
from hapilot.languages.haproxy.evaluate.converters import expand
from hapilot.languages.haproxy.evaluate.message import Answer, Message
from hapilot.languages.haproxy.evaluate.state import State
from hapilot.languages.haproxy.evaluate.values import Unknown


def _message(state: State) -> Message:
    assert state.message is not None, "HTTP rules run on HTTP requests only"
    return state.message


def _allow(inside: str, words: Sequence[str]) -> Action:
    def act(state: State, line: tree.Line) -> Ending | None:
        state.note(line, "allow")
        return Stop()

    return act


def _reply(verb: str, status: int) -> Callable[[str, Sequence[str]], Action]:
    def build(inside: str, words: Sequence[str]) -> Action:
        try:
            reply = replies.parse(words, status) if verb == "return" else replies.parse_denial(words, status)
        except ValueError as problem:
            raise Unknown(f"the status of {verb}") from problem

        def act(state: State, line: tree.Line) -> Ending | None:
            state.note(line, verb, str(reply.status))
            state.answer = reply.answer(state, state.pages)
            body = reply.body(state)
            shown = reply.argument if body is None else body.decode("utf-8", "replace")
            status = reply.status if state.answer is None else state.answer.status
            return trace.Respond(status, shown, reply.content_type, tuple(reply.header_lines(state)), line)

        return act

    return build


def _auth(inside: str, words: Sequence[str]) -> Action:
    realm = words[1] if len(words) > 1 and words[0] == "realm" else ""

    def act(state: State, line: tree.Line) -> Ending | None:
        shown = realm or state.section.partition(" ")[2]
        state.note(line, "auth", shown)
        challenge = ("WWW-Authenticate", f'Basic realm="{shown}"')
        state.answer = replies.error(401, state, state.pages)
        if state.answer is not None:
            state.answer.remove(challenge[0])
            state.answer.headers.append(challenge)
        return trace.Respond(401 if state.answer is None else state.answer.status, headers=(challenge,), line=line)

    return act


def _service(inside: str, words: Sequence[str]) -> Action:
    name = words[0] if words else ""
    if name != "prometheus-exporter":
        raise Unknown(f"the service {name}")

    def act(state: State, line: tree.Line) -> Ending | None:
        state.note(line, "use-service", name)
        return trace.Respond(200, line=line, reason=name)

    return act


def redirect(inside: str, words: Sequence[str]) -> Action:
    """``redirect scheme|prefix|location FORMAT [code N] [drop-query] [append-slash] [ignore-empty]``."""
    if len(words) < 2 or words[0] not in ("scheme", "prefix", "location"):
        raise Unknown("the arguments of redirect")
    form = formats.parse_http(words[1])
    code = int(words[words.index("code", 2) + 1]) if "code" in words[2:] else 302
    kind, options = words[0], frozenset(words[2:])
    unread = options - _REDIRECT_OPTIONS - {str(code)}
    if unread:
        raise Unknown(f"{' '.join(sorted(unread))} of a redirect")

    def act(state: State, line: tree.Line) -> Ending | None:
        text = form.value(state)
        if kind == "location" and not text and "ignore-empty" in options:
            return None
        location = text if kind == "location" else _own_path(state, kind, text, options)
        state.note(line, "redirect", f"{code} {location}")
        state.answer = _redirection(code, location)
        return trace.Redirect(code, location, line)

    return act


_REDIRECT_OPTIONS = frozenset({"code", "drop-query", "append-slash", "ignore-empty"})


def _redirection(code: int, location: str) -> Answer:
    status = code if code in (301, 303, 307, 308) else 302
    headers = [("Content-length", "0"), ("Location", location)]
    return Answer(headers + ([("Cache-Control", "no-cache")] if status in (302, 303, 307) else []), status, b"")


def _own_path(state: State, kind: str, text: str, options: frozenset[str]) -> str:
    """A location that keeps the request's path (``http_apply_redirect_rule``)."""
    message = _message(state)
    path = message.pathq or "/"
    if "drop-query" in options:
        path = path.partition("?")[0]
    front = f"{text}://{message.line('host') or ''}" if kind == "scheme" else "" if text == "/" else text
    location = front + path
    return location if location.endswith("/") or "append-slash" not in options else location + "/"


def _set_part(part: str) -> Callable[[str, Sequence[str]], Action]:
    """``set-path``, ``set-pathq``, ``set-query``, ``set-uri`` and ``set-method``."""

    def build(inside: str, words: Sequence[str]) -> Action:
        form = formats.parse_http(words[0])

        def act(state: State, line: tree.Line) -> Ending | None:
            text = form.value(state)
            _write_part(_message(state), part, text)
            state.note(line, f"set-{part}", text)
            return None

        return act

    return build


def _replace_part(part: str) -> Callable[[str, Sequence[str]], Action]:
    """``replace-path``, ``replace-pathq`` and ``replace-uri``: where the expression matches, the whole part is replaced."""

    def build(inside: str, words: Sequence[str]) -> Action:
        pattern, form = tables.compile_regex(words[0]), formats.parse_http(words[1])

        def act(state: State, line: tree.Line) -> Ending | None:
            message = _message(state)
            old = {"path": message.path, "pathq": message.pathq, "uri": message.uri}[part] or ""
            found = pattern.search(old)
            if found is not None:
                text = expand(found, form.value(state))
                _write_part(message, part, text)
                state.note(line, f"replace-{part}", text)
            return None

        return act

    return build


def _write_part(message: Message, part: str, text: str) -> None:
    pathq = message.pathq or ""
    path, mark, query = pathq.partition("?")
    if part == "method":
        message.method = text
    elif part == "uri":
        message.uri = text
        message.uri_was_set()
    elif part == "pathq":
        message.uri = message.origin + text
    elif part == "path":
        message.uri = message.origin + text + mark + query
    else:
        message.uri = message.origin + path + ("?" + text.removeprefix("?") if text else "")


HTTP: dict[str, Kind] = {
    **SHARED,
    "allow": Kind(_allow),
    "return": Kind(_reply("return", 200)),
    "deny": Kind(_reply("deny", 403)),
    "tarpit": Kind(_reply("tarpit", 500)),
    "auth": Kind(_auth),
    "redirect": Kind(redirect, arity=2),
    "use-service": Kind(_service, arity=1),
    **HEADERS,
    "set-path": Kind(_set_part("path"), arity=1),
    "set-pathq": Kind(_set_part("pathq"), arity=1),
    "set-query": Kind(_set_part("query"), arity=1),
    "set-uri": Kind(_set_part("uri"), arity=1),
    "set-method": Kind(_set_part("method"), arity=1),
    "replace-path": Kind(_replace_part("path"), arity=2),
    "replace-pathq": Kind(_replace_part("pathq"), arity=2),
    "replace-uri": Kind(_replace_part("uri"), arity=2),
}
"""Actions of ``http-request``."""
