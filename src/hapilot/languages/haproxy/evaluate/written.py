"""How a line was written: the words that HAProxy sees in it, and what of them nobody here knows.

Comes in: a line of a tree and the environment. Goes out: :class:`Written`. Used by ``sections`` and ``evaluator``. The environment is what
hapilot sets itself and what the configuration sets (``setenv``): whatever else HAProxy will find there is not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from hapilot.languages.haproxy import lexer, tree, variables
from hapilot.languages.haproxy import words as scanning

MARK = "\0"
"""In front of the name of a variable that is not known; no word of HAProxy's holds it."""


def shown(word: str) -> str:
    """A word for people: a variable that is not known as it is written."""
    return word.replace(MARK, "$")


def is_known(words: Iterable[str]) -> bool:
    """Whether all of the words are known."""
    return not any(MARK in word for word in words)


@dataclass(frozen=True, slots=True)
class Written:
    """The words of a line; none for a raw line that HAProxy could not read. ``missing`` is why they are not all known, or empty."""

    line: tree.Line
    words: tuple[str, ...]
    missing: str = ""


def sections(config: tree.Config, environment: Mapping[str, str]) -> Iterator[tuple[tree.Section, list[Written]]]:
    """Each section with its lines, in a row: what a ``global`` section sets holds for the lines behind it."""
    around = dict(environment)
    for section in config.sections:
        if section.kind != "global":
            yield section, [read(line, around) for line in section.lines]
            continue
        lines = list[Written]()
        for line in section.lines:
            lines.append(read(line, around))
            _set(lines[-1], around, is_perhaps=any(each.words[:1] == (".if",) and each.line.opaque for each in lines))
        yield section, lines


def _set(each: Written, around: dict[str, str], *, is_perhaps: bool) -> None:
    """What a line sets; behind an ``.if`` it is not known whether it does."""
    if not each.words or each.missing:
        return
    if is_perhaps and each.words[0] in ("setenv", "presetenv", "unsetenv"):
        for name in each.words[1:]:
            around.pop(name, None)
    elif not is_perhaps:
        variables.apply(each.words, around)


def read(line: tree.Line, environment: Mapping[str, str]) -> Written:
    """The words of a line; a variable of which nobody here knows the value stands in them as a mark."""
    names = _variables(line)
    if not names and not line.opaque:
        return Written(line, tuple(map(str, line.words)))
    missing = {name: MARK + shape for name, shape in names.items() if name not in environment}
    because = f"the environment variable {next(iter(missing))}" if missing else ""
    around = {**environment, **missing} if missing else environment
    if not line.opaque:
        return Written(line, tuple(_expand(word, around) for word in line.words), because)
    try:
        return Written(line, lexer.split(str(line.words[0]), around), because)
    except ValueError as problem:
        return Written(line, (), str(problem))


def _variables(line: tree.Line) -> Mapping[str, str]:
    """The names of the variables, each with what is written behind its ``$``. One with a default counts too: it may be set after all."""
    if not line.opaque:
        return {word.name: f"{{{word.name}}}" for word in line.words if isinstance(word, tree.Env)}
    text = str(line.words[0])
    if "$" not in text:
        return {}
    parts = (part for word in scanning.scan(text).words for part in word.parts)
    found = (part for part in parts if isinstance(part, scanning.Variable))
    return {one.name: f"{{{one.name}}}" if one.default is None or one.splits else f"{{{one.name}-{one.default}}}" for one in found}


def _expand(word: tree.Word, environment: Mapping[str, str]) -> str:
    return word if isinstance(word, str) else word.before + environment.get(word.name, "") + word.after
