"""Sample expressions: the fetch and the converters of ``req.hdr(host),lower,map(x)``, and where expressions stand in a line.

Comes in: a text, or the words of a directive. Goes out: names with their arguments. Called by rules. Configuration manual, section 7.1.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hapilot.lint import conditions

_NAME = re.compile(r"[A-Za-z0-9_.+-]+")
_IN_FORMAT = re.compile(r"%(?:\{[^}]*\})?\[")
_ARGUMENT = re.compile(r"""(?:[^'")\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")*""")
_FETCHING_ACTIONS = re.compile(r"(?:set-var\(|track-sc\d|capture$|set-src|set-dst|set-priority-(?:class|offset)$|do-resolve\()")


@dataclass(frozen=True, slots=True)
class Call:
    """A fetch or a converter."""

    name: str
    arguments: str = ""


@dataclass(frozen=True, slots=True)
class Expression:
    """A fetch and its converters, in order. ``word`` is the index of the word it stands in."""

    fetch: Call
    converters: tuple[Call, ...] = ()
    word: int = 0


def parse(text: str, word: int = 0) -> Expression | None:
    """The expression at the start of a text; None where there is none."""
    calls = _calls(text)
    return Expression(calls[0], calls[1:], word) if calls else None


@functools.lru_cache(maxsize=4096)
def _calls(text: str) -> tuple[Call, ...]:
    """The fetch and its converters; the same texts come again and again."""
    calls: list[Call] = []
    at = 0
    while found := _NAME.match(text, at):
        at, arguments = found.end(), ""
        if text.startswith("(", at):
            inner = _ARGUMENT.match(text, at + 1)
            arguments = inner[0] if inner else ""
            at += len(arguments) + 2
        calls.append(Call(found[0], arguments))
        if not text.startswith(",", at):
            break
        at += 1
    return tuple(calls)


def in_format(text: str, word: int = 0) -> Iterator[Expression]:
    """The expressions of ``%[…]`` in a log format."""
    for found in _IN_FORMAT.finditer(text):
        expression = parse(text[found.end() :].lstrip(), word)
        if expression is not None:
            yield expression


def of_line(words: Sequence[str], condition: conditions.Condition | None) -> Iterator[Expression]:
    """Every expression of a directive whose place is certain."""
    for at, text in _bare(words, condition):
        expression = parse(text, at)
        if expression is not None:
            yield expression
    for at, word in enumerate(words):
        if "%" in word:
            yield from in_format(word, at)


def _bare(words: Sequence[str], condition: conditions.Condition | None) -> Iterator[tuple[int, str]]:
    """Index and text of words that are expressions as a whole."""
    if words[0] == "acl" and len(words) > 2:
        yield 2, words[2]
    for term in condition.terms if condition else ():
        if term.words:
            yield term.at + 1, term.words[0]
    end = condition.at if condition else len(words)
    if words[0] in ("stick", "balance"):
        signs = {"on": 2, "match": 2, "store-request": 2, "store-response": 2, "hash": 2}
        at = signs.get(words[1], 0) if len(words) > 2 else 0
        if at:
            yield at, words[at]
    elif words[0] in ("server", "default-server") and "sni" in words[:-1]:
        at = words.index("sni") + 1
        yield at, words[at]
    elif words[0] in ("http-request", "http-response", "http-after-response", "tcp-request", "tcp-response"):
        at = next((at for at in (1, 2) if at < end and _FETCHING_ACTIONS.match(words[at])), 0)
        if at and at + 1 < end:
            yield at + 1, words[at + 1]
