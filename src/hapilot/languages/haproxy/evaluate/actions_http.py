"""What HTTP rules do: answer, redirect, refuse, and change the request.

Comes in: the words behind ``http-request``. Goes out: actions as in ``actions``. Used by ``rules``.
Configuration manual, section 4.2, "http-request".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hapilot.languages.haproxy import tree
from hapilot.languages.haproxy.evaluate import formats, tables, trace
from hapilot.languages.haproxy.evaluate.actions import SHARED, Action, Ending, Kind, Stop
from hapilot.languages.haproxy.evaluate.converters import expand
from hapilot.languages.haproxy.evaluate.state import Message, State
from hapilot.languages.haproxy.evaluate.values import Unknown


def _message(state: State) -> Message:
    assert state.message is not None, "HTTP rules run on HTTP requests only"
    return state.message


def _allow(inside: str, words: Sequence[str]) -> Action:
    def act(state: State, line: tree.Line) -> Ending | None:
        state.note(line, "allow")
        return Stop()

    return act


@dataclass(frozen=True, slots=True)
class _Reply:
    """The arguments of ``return`` and ``deny``."""

    status: int
    content_type: str | None
    body: formats.Format
    headers: tuple[tuple[str, formats.Format], ...]

    def respond(self, state: State, line: tree.Line) -> trace.Respond:
        headers = tuple((name, form.best(state)) for name, form in self.headers)
        return trace.Respond(self.status, self.body.best(state), self.content_type, headers, line)


def _parse_reply(words: Sequence[str], status: int) -> _Reply:
    """``[status N] [content-type T] [string S | lf-string F | file …] [hdr N F]…``; files are not read."""
    content_type, body, headers = None, formats.Format("", ()), list[tuple[str, formats.Format]]()
    at = 0
    while at < len(words):
        key, value = words[at], words[at + 1] if at + 1 < len(words) else ""
        if key in ("status", "deny_status", "tarpit_status"):
            status = int(value)
        elif key == "content-type":
            content_type = value
        elif key == "string":
            body = formats.Format(value, (value,))
        elif key == "lf-string":
            body = formats.parse(value)
        elif key == "hdr" and at + 2 < len(words):
            headers.append((value, formats.parse(words[at + 2])))
        at += 3 if key == "hdr" else 1 if key == "default-errorfiles" else 2
    return _Reply(status, content_type, body, tuple(headers))


def _reply(verb: str, status: int) -> Callable[[str, Sequence[str]], Action]:
    def build(inside: str, words: Sequence[str]) -> Action:
        try:
            reply = _parse_reply(words, status)
        except ValueError as problem:
            raise Unknown(f"the status of {verb}") from problem

        def act(state: State, line: tree.Line) -> Ending | None:
            state.note(line, verb, str(reply.status))
            return reply.respond(state, line)

        return act

    return build


def _auth(inside: str, words: Sequence[str]) -> Action:
    realm = words[1] if len(words) > 1 and words[0] == "realm" else ""

    def act(state: State, line: tree.Line) -> Ending | None:
        state.note(line, "auth", realm)
        return trace.Respond(401, headers=(("WWW-Authenticate", f'Basic realm="{realm}"'),), line=line)

    return act


def _service(inside: str, words: Sequence[str]) -> Action:
    name = words[0] if words else ""

    def act(state: State, line: tree.Line) -> Ending | None:
        state.note(line, "use-service", name)
        return trace.Respond(200, line=line, reason=name)

    return act


def redirect(inside: str, words: Sequence[str]) -> Action:
    """``redirect scheme|prefix|location FORMAT [code N] [drop-query] [append-slash] [ignore-empty]``."""
    if len(words) < 2 or words[0] not in ("scheme", "prefix", "location"):
        raise Unknown("the arguments of redirect")
    form = formats.parse(words[1])
    code = int(words[words.index("code", 2) + 1]) if "code" in words[2:] else 302
    kind, options = words[0], frozenset(words[2:])

    def act(state: State, line: tree.Line) -> Ending | None:
        text = form.value(state)
        if kind == "location" and not text and "ignore-empty" in options:
            return None
        location = text if kind == "location" else _own_path(state, kind, text, options)
        state.note(line, "redirect", f"{code} {location}")
        return trace.Redirect(code, location, line)

    return act


def _own_path(state: State, kind: str, text: str, options: frozenset[str]) -> str:
    """A location that keeps the request's path (``http_apply_redirect_rule``)."""
    message = _message(state)
    path = message.pathq or "/"
    if "drop-query" in options:
        path = path.partition("?")[0]
    front = f"{text}://{message.line('host') or ''}" if kind == "scheme" else "" if text == "/" else text
    location = front + path
    return location if location.endswith("/") or "append-slash" not in options else location + "/"


def _header(verb: str) -> Callable[[str, Sequence[str]], Action]:
    def build(inside: str, words: Sequence[str]) -> Action:
        name, form = words[0], formats.parse(words[1])

        def act(state: State, line: tree.Line) -> Ending | None:
            message = _message(state)
            value = form.best(state)
            if verb == "set-header":
                message.remove(name)
            message.headers.append((name, value))
            state.note(line, verb, f"{name}: {value}")
            return None

        return act

    return build


def _delete_header(inside: str, words: Sequence[str]) -> Action:
    name = words[0]
    method = words[2] if len(words) > 2 and words[1] == "-m" else "str"
    names = tables.Table([(name if method == "reg" else name.lower(), "")])

    def act(state: State, line: tree.Line) -> Ending | None:
        message = _message(state)
        kept = [(other, value) for other, value in message.headers if names.find(method, other.lower()) is None]
        if len(kept) != len(message.headers):
            message.headers = kept
            state.note(line, "del-header", name)
        return None

    return act


def _replace_header(inside: str, words: Sequence[str]) -> Action:
    name, pattern, form = words[0].lower(), tables.compile_regex(words[1]), formats.parse(words[2])

    def act(state: State, line: tree.Line) -> Ending | None:
        message = _message(state)
        replacement = form.value(state)
        for place, (other, value) in enumerate(message.headers):
            found = pattern.search(value) if other.lower() == name else None
            if found is not None:
                message.headers[place] = (other, expand(found, replacement))
                state.note(line, "replace-header", f"{other}: {message.headers[place][1]}")
        return None

    return act


def _set_part(part: str) -> Callable[[str, Sequence[str]], Action]:
    """``set-path``, ``set-pathq``, ``set-query``, ``set-uri`` and ``set-method``."""

    def build(inside: str, words: Sequence[str]) -> Action:
        form = formats.parse(words[0])

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
        pattern, form = tables.compile_regex(words[0]), formats.parse(words[1])

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
    "set-header": Kind(_header("set-header"), arity=2, decides=False),
    "add-header": Kind(_header("add-header"), arity=2, decides=False),
    "del-header": Kind(_delete_header, arity=1, decides=False),
    "replace-header": Kind(_replace_header, arity=3, decides=False),
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
