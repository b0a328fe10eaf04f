"""The lexer: a line of a ``haproxy.cfg`` is cut into the words that HAProxy sees.

Comes in: the text of one line and the environment. Goes out: its words, without quotes, escapes and comment. Called by
``evaluate`` for lines that a user wrote. The rules are those of :mod:`words`.
"""

from __future__ import annotations

from collections.abc import Mapping

from hapilot.languages.haproxy import words


def split(text: str, environment: Mapping[str, str]) -> tuple[str, ...]:
    """The words of one line. Raises ValueError for a line that HAProxy can't cut, such as one with a quote that is not closed."""
    scanned = words.scan(text)
    if scanned.problem is not None:
        raise ValueError(f"{scanned.problem.fault}, at column {scanned.problem.column} of {text!r}")
    return words.expand(scanned.words, environment)
