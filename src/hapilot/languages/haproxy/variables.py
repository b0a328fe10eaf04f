"""The directives that change environment variables while a configuration is read: ``setenv``, ``presetenv``, ``unsetenv``, ``resetenv``.

Comes in: the words of a line of a ``global`` section, and the environment, which is changed. Called by ``reading``. Configuration manual,
section 3.1; ``cfg_parse_global`` in cfgparse-global.c.
"""

from __future__ import annotations

from collections.abc import Sequence


def apply(words: Sequence[str], environment: dict[str, str]) -> None:
    """Do what the line asks; any other line, and one with the wrong number of words, asks nothing."""
    keyword, *arguments = _until_empty(words)
    if keyword in ("setenv", "presetenv") and len(arguments) == 2:
        name, value = arguments
        if keyword == "setenv" or name not in environment:
            environment[name] = value
    elif keyword == "unsetenv":
        for name in arguments:
            environment.pop(name, None)
    elif keyword == "resetenv":
        for name in environment.keys() - set(arguments):
            del environment[name]


def _until_empty(words: Sequence[str]) -> Sequence[str]:
    """An empty word ends the arguments for HAProxy (before 3.2; later it is an error)."""
    return words[: words.index("")] if "" in words else words
