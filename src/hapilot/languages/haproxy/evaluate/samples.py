"""Sample expressions: a fetch and the converters behind it, such as ``req.hdr(host),field(1,:),lower``.

Comes in: the text of an expression (a word, or the inside of ``%[…]``). Goes out: an :class:`Expression` that gives its value for a state.
The grammar is that of ``sample_parse_expr`` and ``make_arg_list`` (configuration manual, sections 2.2 and 7.3).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from hapilot.languages.haproxy.evaluate import converters, fetches
from hapilot.languages.haproxy.evaluate.fetched import Fetched
from hapilot.languages.haproxy.evaluate.state import State
from hapilot.languages.haproxy.evaluate.values import Unknown, Value

_NAME = re.compile(r"[A-Za-z0-9_.:-]+")
_ESCAPED = {"\\": "\\", " ": " ", '"': '"', "'": "'", "r": "\r", "n": "\n", "t": "\t"}


@dataclass(frozen=True, slots=True)
class Call:
    """A fetch or converter with its arguments, unquoted."""

    name: str
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed expression; ``text`` is how it was written."""

    text: str
    fetch: Call
    chain: tuple[Call, ...]

    def fetched(self, state: State) -> Fetched:
        """All values, converted, as an ACL goes through them. Raises Unknown."""
        found = fetches.fetch(state, self.fetch.name, self.fetch.arguments)
        if not self.chain:
            return found
        converted = (self._convert(state, value) for value in found.values)
        return Fetched(tuple(value for value in converted if value is not None), found.may_change)

    def value(self, state: State) -> Value | None:
        """The one value that an action sees, or None where there is none. Raises Unknown."""
        single = fetches.single(state, self.fetch.name, self.fetch.arguments)
        return None if single is None else self._convert(state, single)

    def _convert(self, state: State, value: Value) -> Value | None:
        current: Value | None = value
        for call in self.chain:
            current = converters.convert(state, current, call.name, call.arguments)
            if current is None:
                return None
        return current


def parse(text: str) -> Expression:
    """The expression that is the whole of ``text``. Raises Unknown where it is not one."""
    expression, end = parse_start(text, 0)
    if end != len(text):
        raise Unknown(f"the expression {text!r}")
    return expression


def parse_start(text: str, start: int) -> tuple[Expression, int]:
    """The expression that begins at ``start``, and where it ends. Raises Unknown where there is none."""
    fetch, at = _call(text, start)
    chain: list[Call] = []
    while at < len(text) and text[at] == ",":
        at += 1
        if at < len(text) and text[at] not in ",]":
            call, at = _call(text, at)
            chain.append(call)
    return Expression(text[start:at], fetch, tuple(chain)), at


def _call(text: str, start: int) -> tuple[Call, int]:
    name = _NAME.match(text, start)
    if name is None:
        raise Unknown(f"the expression {text!r}")
    at = name.end()
    if at >= len(text) or text[at] != "(":
        return Call(name[0], ()), at
    arguments: list[str] = []
    while True:
        argument, at = _argument(text, at + 1)
        arguments.append(argument)
        if at >= len(text):
            raise Unknown(f"the expression {text!r}, in which a parenthesis is not closed")
        if text[at] == ")":
            return Call(name[0], tuple(arguments) if arguments != [""] else ()), at + 1


def _argument(text: str, start: int) -> tuple[str, int]:
    """One argument from ``start`` up to the comma or parenthesis that ends it."""
    out: list[str] = []
    quote, at = "", start
    while at < len(text):
        character = text[at]
        if not quote and character in ",)":
            break
        if character in "'\"" and quote in ("", character):
            quote = "" if quote else character
        elif character == "\\" and quote != "'" and at + 1 < len(text):
            out.append(_ESCAPED.get(text[at + 1], "\\" + text[at + 1]))
            at += 1
        else:
            out.append(character)
        at += 1
    return "".join(out), at
