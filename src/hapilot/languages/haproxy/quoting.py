"""Quoting: how an arbitrary text is written so that HAProxy reads exactly that text and never a directive.

HAProxy reads a value on up to three levels, and each has its own function here. From the inside out:
``argument`` (between the parentheses of a fetch or converter), ``log_format`` (arguments in which ``%`` starts a
variable) and ``word`` (a word of a line). Who builds trees calls the first two where they apply; only the printer calls ``word``.
Configuration manual, section 2.2 "Quoting and escaping" (2.6 and 2.8 agree); ``parse_line`` and ``make_arg_list`` are its code.
"""

from __future__ import annotations

import functools
import re

_PLAIN_WORD = re.compile(r"""[^\s\0"'#\\$]+""")
_PLAIN_ARGUMENT = re.compile(r"""[^\s"'\\,()\]\[]*""")
_LINE_ENDS = re.compile("[\n\r\0]")


def _refuse_line_ends(text: str) -> None:
    """A raw line end would end the directive; a NUL would end the text inside HAProxy."""
    if _LINE_ENDS.search(text):
        raise ValueError("a word of a HAProxy line can't hold a line end or a NUL")


@functools.lru_cache(maxsize=4096)  # a large configuration says the same words over and over
def word(text: str) -> str:
    """``text`` as one word of a line. Raises ValueError if it holds a line end or NUL.

    >>> print(word("a b"), word(""), word("it's $5"))
    'a b' "" "it's \\$5"
    """
    if _PLAIN_WORD.fullmatch(text):  # nearly every word of a large configuration
        return text
    _refuse_line_ends(text)
    if not text:
        return '""'
    if "'" not in text:
        return f"'{text}'"
    return f'"{weak(text)}"'


def weak(text: str) -> str:
    """``text`` as it stands between double quotes. Raises ValueError if it holds a line end or NUL."""
    _refuse_line_ends(text)
    return re.sub(r'(["\\$])', r"\\\1", text)


def argument(text: str) -> str:
    """``text`` as one argument between the parentheses of a fetch or converter; the whole still has to become a word.

    Raises ValueError if it holds a line end or NUL.

    >>> print(argument("a,b"), argument("maps/https.map"))
    'a,b' maps/https.map
    """
    _refuse_line_ends(text)
    if _PLAIN_ARGUMENT.fullmatch(text):
        return text
    if "'" not in text:
        return f"'{text}'"
    escaped = re.sub(r'(["\\])', r"\\\1", text)
    return f'"{escaped}"'


def log_format(text: str) -> str:
    """``text`` where HAProxy expects a log-format string (``set-header``, ``redirect location``, ``lf-string`` …).

    >>> print(log_format("100%"))
    100%%
    """
    return text.replace("%", "%%")
