"""What rules do to the headers of a request, and of an answer on its way back.

Comes in: the words of an action. Goes out: actions as in ``actions``. Used by ``actions_http`` and ``actions_answer``. On an answer each
change is noted for the caller, also where nobody knows yet what the answer is.
Configuration manual, section 4.2, "http-request set-header" and so on; ``http_act.c`` is its code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from hapilot.languages.haproxy import tree
from hapilot.languages.haproxy.evaluate import formats, tables, trace, written
from hapilot.languages.haproxy.evaluate.actions import Action, Ending, Kind
from hapilot.languages.haproxy.evaluate.converters import expand
from hapilot.languages.haproxy.evaluate.message import Headers, Message
from hapilot.languages.haproxy.evaluate.state import State
from hapilot.languages.haproxy.evaluate.values import Unknown


def _target(state: State) -> Headers | None:
    """What the rules work on; None for an answer that is not known."""
    if state.answering:
        return state.answer
    assert state.message is not None, "HTTP rules run on HTTP requests only"
    return state.message


def _tell(state: State, line: tree.Line, verb: str, change: tuple[str, str | None]) -> None:
    name, value = change
    if state.answering:
        state.shared.response.append(trace.ResponseHeader(state.section, line, verb, name, value))
    else:
        state.note(line, verb, name if value is None else f"{name}: {value}")


def _was_set(headers: Headers, name: str, value: str) -> None:
    if isinstance(headers, Message) and name.lower() == "host":
        headers.host_was_set(value)


def _value(form: formats.Format, state: State) -> tuple[str, bool]:
    """The finished text; where it can't be known, the format as written, and False."""
    try:
        return form.value(state), True
    except Unknown:
        return form.text, False


def _form(word: str) -> formats.Format:
    """The format of a value; one with a variable of the environment that is not known stays as it is written."""
    if written.is_known([word]):
        return formats.parse_http(word)
    return formats.Format(written.shown(word), (Unknown("an environment variable"),))


def _put(verb: str) -> Callable[[str, Sequence[str]], Action]:
    def build(inside: str, words: Sequence[str]) -> Action:
        name, form = words[0], _form(words[1])

        def act(state: State, line: tree.Line) -> Ending | None:
            headers, (value, is_known) = _target(state), _value(form, state)
            if state.answering and not written.is_known(words[1:2]):
                raise Unknown("an environment variable")
            if headers is not None and verb == "set-header":
                headers.remove(name)
            if headers is not None:
                headers.headers.append((name, value))
                headers.uncertain |= set() if is_known else {name.lower()}
                _was_set(headers, name, value)
            _tell(state, line, verb, (name, value))
            return None

        return act

    return build


def _delete(inside: str, words: Sequence[str]) -> Action:
    name = words[0]
    method = words[2] if len(words) > 2 and words[1] == "-m" else "str"
    names = tables.Table([(name if method == "reg" else name.lower(), "")])

    def act(state: State, line: tree.Line) -> Ending | None:
        headers = _target(state)
        kept = [] if headers is None else [each for each in headers.headers if names.find(method, each[0].lower()) is None]
        if headers is None or state.answering or len(kept) != len(headers.headers):
            _tell(state, line, "del-header", (name, None))
        if headers is not None:
            headers.headers = kept
            headers.uncertain -= {name.lower()} if method == "str" else set()
        return None

    return act


def _replace(verb: str) -> Callable[[str, Sequence[str]], Action]:
    """``replace-header`` works on whole lines, ``replace-value`` on the values between commas."""

    def build(inside: str, words: Sequence[str]) -> Action:
        name, pattern, form = words[0].lower(), tables.compile_regex(words[1]), formats.parse_http(words[2])

        def act(state: State, line: tree.Line) -> Ending | None:
            headers = _target(state)
            if headers is None:
                _tell(state, line, verb, (words[0], None))
                return None
            replacement = form.value(state)
            headers.lines(name)
            for place, (other, value) in enumerate(headers.headers):
                new = _replaced(pattern, replacement, value, whole=verb == "replace-header") if other.lower() == name else None
                if new is not None:
                    headers.headers[place] = (other, new)
                    _was_set(headers, other, new)
                    _tell(state, line, verb, (other, new))
            return None

        return act

    return build


_VALUE = re.compile(r'[^,"\s](?:[^,"]|"[^"]*")*(?<!\s)')
"""A value between commas, without the blanks around it."""


def _replaced(pattern: re.Pattern[str], replacement: str, value: str, *, whole: bool) -> str | None:
    """The new value; None where the expression matches nothing."""
    if whole:
        found = pattern.search(value)
        return None if found is None else expand(found, replacement)
    new = _VALUE.sub(lambda part: expand(found, replacement) if (found := pattern.search(part[0])) else part[0], value)
    return None if new == value else new


HEADERS: dict[str, Kind] = {
    "set-header": Kind(_put("set-header"), arity=2, decides=False, is_value_optional=True),
    "add-header": Kind(_put("add-header"), arity=2, decides=False, is_value_optional=True),
    "del-header": Kind(_delete, arity=1, decides=False),
    "replace-header": Kind(_replace("replace-header"), arity=3, decides=False),
    "replace-value": Kind(_replace("replace-value"), arity=3, decides=False),
}
"""Actions of ``http-request``, ``http-response`` and ``http-after-response``."""
