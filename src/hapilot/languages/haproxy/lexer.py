"""The lexer: a line of a ``haproxy.cfg`` is cut into the words that HAProxy sees.

Comes in: the text of one line and the environment. Goes out: its words, without quotes, escapes and comment. Called by
``evaluate`` for lines that a user wrote. The rules are those of configuration manual, section 2.2, and of ``parse_line`` in HAProxy.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_SPACES = " \t\v\f"
_TOKEN = re.compile(r"""\\x[0-9A-Fa-f]{2}|\\.|\$\{\w+(?:-[^}]*)?\}|\$\w+|.""", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", " ": " ", "\\": "\\", "#": "#", "'": "'", '"': '"'}


def split(text: str, environment: Mapping[str, str]) -> tuple[str, ...]:
    """The words of one line. Raises ValueError for a quote that is not closed."""
    words: list[str] = []
    current: str | None = None
    quote, at = "", 0
    while at < len(text):
        piece = text[at] if quote == "'" else _token(text, at)
        at += len(piece)
        if not quote and piece in _SPACES:
            if current is not None:
                words.append(current)
            current = None
        elif not quote and piece == "#":
            break
        elif piece in ("'", '"') and quote in ("", piece):
            quote = "" if quote else piece
            current = current or ""
        else:
            current = (current or "") + _meaning(piece, quote, environment)
    if quote:
        raise ValueError(f"a {quote} is not closed in {text!r}")
    return tuple(words) if current is None else (*words, current)


def _token(text: str, at: int) -> str:
    found = _TOKEN.match(text, at)
    assert found is not None, "any character is a token"
    return found[0]


def _meaning(piece: str, quote: str, environment: Mapping[str, str]) -> str:
    """What a piece of the text stands for, between the quotes it is in."""
    if quote == "'" or len(piece) == 1:
        return piece
    if piece.startswith("$"):
        return _variable(piece, environment) if quote else piece
    if piece == "\\$":
        return "$" if quote else piece
    if piece.startswith("\\x") and len(piece) == 4:
        return chr(int(piece[2:], 16))
    return _ESCAPES.get(piece[1], piece)


def _variable(piece: str, environment: Mapping[str, str]) -> str:
    name, _, default = piece.strip("${}").partition("-")
    return environment.get(name, default)
