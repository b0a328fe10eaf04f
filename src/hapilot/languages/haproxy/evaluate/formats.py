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


@dataclass(frozen=True, slots=True)
class Format:
    """A format in parts: plain texts and expressions. ``text`` is how it was written."""

    text: str
    parts: tuple[str | samples.Expression | Unknown, ...]

    def value(self, state: State) -> str:
        """The finished text; an expression without a value is empty. Raises Unknown."""
        return "".join(_shown(part, state) for part in self.parts)

    def best(self, state: State) -> str:
        """The finished text, or the format as written where it can't be known."""
        try:
            return self.value(state)
        except Unknown:
            return self.text


def _shown(part: str | samples.Expression | Unknown, state: State) -> str:
    if isinstance(part, Unknown):
        raise part
    if isinstance(part, str):
        return part
    value = part.value(state)
    return "" if value is None else values.as_text(value)


def parse(text: str) -> Format:
    """A format from its text. What can't be read raises Unknown only when the value is asked for."""
    parts: list[str | samples.Expression | Unknown] = []
    at = 0
    while at < len(text):
        percent = text.find("%", at)
        if percent < 0:
            parts.append(text[at:])
            break
        if percent > at:
            parts.append(text[at:percent])
        try:
            part, at = _part(text, percent)
        except Unknown as reason:
            return Format(text, (reason,))
        parts.append(part)
    return Format(text, tuple(parts))


def _part(text: str, at: int) -> tuple[str | samples.Expression | Unknown, int]:
    """What a percent sign begins, and where that ends."""
    if text.startswith("%%", at):
        return "%", at + 2
    flags = re.compile(r"%(?:\{[^}]*\})?\[").match(text, at)
    if flags is not None:
        expression, end = samples.parse_start(text, flags.end())
        if not text.startswith("]", end):
            raise Unknown(f"the format {text!r}")
        return expression, end + 1
    variable = _VARIABLE.match(text, at)
    if variable is None:
        raise Unknown(f"the format {text!r}")
    alias = _ALIASES.get(variable[2])
    if alias is None:
        return Unknown(f"the log variable %{variable[2]}"), variable.end()
    return samples.parse(alias), variable.end()


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
