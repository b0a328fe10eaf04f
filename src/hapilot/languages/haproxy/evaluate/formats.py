"""Log-format strings: text with ``%[expression]`` and ``%variable`` in it, as ``set-header`` and ``redirect`` take them.

Comes in: one word. Goes out: a :class:`Format` that gives the finished text for a state.
Used by ``actions``, ``actions_http`` and ``sections``.
Configuration manual, section 8.2.4 (2.6) and ``parse_logformat_string``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from hapilot.languages.haproxy.evaluate import samples, values
from hapilot.languages.haproxy.evaluate.state import State
from hapilot.languages.haproxy.evaluate.values import Unknown

_VARIABLE = re.compile(r"%(?:\{([^}]*)\})?([A-Za-z][A-Za-z0-9]*)")
_NOT_IN_HTTP = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_ESCAPED = re.compile(r'["\\\]]')


@dataclass(frozen=True, slots=True)
class Sample:
    """An expression in a format. ``flags`` stand in front of it: ``Q`` quotes, ``E`` puts a backslash before ``"``, ``\\`` and ``]``.
    In ``http`` formats control characters are written as ``%XX``, and ``Q`` does nothing (``sess_build_logline``)."""

    expression: samples.Expression
    flags: frozenset[str] = frozenset()
    http: bool = False

    def shown(self, state: State) -> str:
        """The text in its place. Raises Unknown."""
        value = self.expression.value(state)
        text = "" if value is None else values.as_text(value)
        if "E" in self.flags:
            text = _ESCAPED.sub(lambda found: f"\\{found[0]}", text)
        if self.http:
            return _NOT_IN_HTTP.sub(lambda found: f"%{ord(found[0]):02X}", text)
        return f'"{text}"' if "Q" in self.flags else text


Part = str | Sample | Unknown


@dataclass(frozen=True, slots=True)
class Format:
    """A format in parts: plain texts and expressions. ``text`` is how it was written."""

    text: str
    parts: tuple[Part, ...]

    def value(self, state: State) -> str:
        """The finished text; an expression without a value is empty. Raises Unknown."""
        return "".join(_shown(part, state) for part in self.parts)

    def best(self, state: State) -> str:
        """The finished text, or the format as written where it can't be known."""
        try:
            return self.value(state)
        except Unknown:
            return self.text


def _shown(part: Part, state: State) -> str:
    if isinstance(part, Unknown):
        raise part
    return part if isinstance(part, str) else part.shown(state)


def parse_http(text: str) -> Format:
    """The format of a header's value, a location or a body."""
    return parse(text, http=True)


def parse(text: str, *, http: bool = False) -> Format:
    """A format from its text. What can't be read raises Unknown only when the value is asked for."""
    parts: list[Part] = []
    at = 0
    while at < len(text):
        percent = text.find("%", at)
        if percent < 0:
            parts.append(text[at:])
            break
        if percent > at:
            parts.append(text[at:percent])
        try:
            part, at = _part(text, percent, http=http)
        except Unknown as reason:
            return Format(text, (reason,))
        parts.append(part)
    return Format(text, tuple(parts))


def _part(text: str, at: int, *, http: bool) -> tuple[Part, int]:
    """What a percent sign begins, and where that ends."""
    if text.startswith("%%", at):
        return "%", at + 2
    flagged = _FLAGGED.match(text, at)
    if flagged is not None:
        expression, end = samples.parse_start(text, flagged.end())
        if not text.startswith("]", end):
            raise Unknown(f"the format {text!r}")
        return Sample(expression, frozenset(re.findall(r"\+([A-Z])", flagged[1] or "")), http), end + 1
    variable = _VARIABLE.match(text, at)
    if variable is None:
        raise Unknown(f"the format {text!r}")
    alias = _ALIASES.get(variable[2])
    if alias is None:
        return Unknown(f"the log variable %{variable[2]}"), variable.end()
    return Sample(samples.parse(alias)), variable.end()


_FLAGGED = re.compile(r"%(?:\{([^}]*)\})?\[")
_ALIASES = {
    "ci": "src",
    "cp": "src_port",
    "fi": "dst",
    "fp": "dst_port",
    "f": "fe_name",
    "b": "be_name",
    "HM": "method",
    "HU": "url",
    "HP": "path",
    "HPO": "path",
    "HQ": "query",
}
"""Log variables that are the same as a fetch."""
