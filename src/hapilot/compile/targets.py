"""What requests at a place of a listener lead to: by host and path, and where routes have further conditions, by those.

The routes of an entrance go in as targets; table entries and choices come out. A table gives one value for a host and path; where
conditions decide, that value names a :class:`Choice`, whose alternatives are rules. Used by ``passes.tables`` for the entries and by
``rules.requests`` for the rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from hapilot.compile import build


@dataclass(frozen=True, slots=True)
class Target:
    """One host and path prefix, what they lead to (a backend, or one of the values of ``build`` that start with a dot), and the route
    that asked for it."""

    host: str
    path: str
    value: str
    route: build.Route
    conditions: tuple[build.Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """Several targets of one host and path. The first whose conditions hold wins; ``otherwise`` is what holds if none does: the value
    without conditions, that of the next shorter path, or "" to ask the next less exact host."""

    value: str
    host: str
    path: str
    alternatives: tuple[Target, ...]
    otherwise: str
    otherwise_name: str = ""
    """The name of the route without conditions, where it is that one."""


@dataclass(frozen=True, slots=True)
class Plan:
    """All targets of one place: the table's, one for each host and path, and the choices that their values name."""

    targets: tuple[Target, ...]
    choices: tuple[Choice, ...]
    values: frozenset[str]
    """Every value that a request may end with."""
    answers: frozenset[str]
    """Those that are no backend."""
    forwards: bool
    """Whether any value is a backend."""
    with_paths: bool
    """Whether keys have a path, as they do wherever the path may come to matter: then a service that comes or goes changes entries and no
    rule. Only what is the same for all paths, redirects and refusals, does without."""

    @property
    def only(self) -> Target | None:
        """The one target for everything, where nothing has to be looked up."""
        first = self.targets[0] if len(self.targets) == 1 else None
        anything = first is not None and first.host == build.ANY_HOST and first.path == "/" and not first.value.startswith(".")
        return first if anything else None


def plan(targets: Iterable[Target]) -> Plan:
    """One target for each host and path. Of several without conditions the last one counts."""
    plain: dict[tuple[str, str], Target] = {}
    conditional: dict[tuple[str, str], list[Target]] = {}
    for target in targets:
        where = target.host, target.path
        if target.conditions:
            conditional.setdefault(where, []).append(target)
        else:
            plain[where] = target
    numbers = {where: f"{build.CHOICE}:{number}" for number, where in enumerate(sorted(conditional), 1)}
    choices = [
        Choice(numbers[where], *where, tuple(_in_order(conditional[where])), *_otherwise(where, plain, numbers))
        for where in sorted(conditional, key=lambda where: (-len(where[1]), where))
    ]
    leading = {where: Target(*where, numbers[where], several[0].route) for where, several in conditional.items()}
    all_of_it = tuple((plain | leading).values())
    values = _values(all_of_it, choices)
    answers = frozenset(value for value in values if value.startswith("."))
    forwards = len(answers) < len(values)
    with_paths = forwards or any(target.path != "/" for target in all_of_it)
    return Plan(all_of_it, tuple(choices), values, answers, forwards, with_paths)


def _values(all_of_it: Iterable[Target], choices: Iterable[Choice]) -> frozenset[str]:
    """Every value that a request may end with."""
    said = {target.value for target in all_of_it}
    said.update(value for choice in choices for value in (*(one.value for one in choice.alternatives), choice.otherwise) if value)
    return frozenset(value for value in said if not value.startswith(build.CHOICE))


def _in_order(alternatives: Sequence[Target]) -> list[Target]:
    """Most conditions first, else in the order of the file."""
    return sorted(alternatives, key=lambda one: -len(one.conditions))


def _otherwise(where: tuple[str, str], plain: dict[tuple[str, str], Target], numbers: dict[tuple[str, str], str]) -> tuple[str, str]:
    """What holds if no alternative does, and the name of the route that it is."""
    host, path = where
    for place in ((host, shorter) for shorter in (path, *shorter_paths(path))):
        if place in numbers and place != where:
            return numbers[place], ""
        if place in plain:
            return plain[place].value, plain[place].route.shown
    return "", ""


def shorter_paths(path: str) -> Iterator[str]:
    """The paths that cover ``path`` too, the longest first: there are as many as it has segments, however many routes there are.

    >>> list(shorter_paths("/a/b")), list(shorter_paths("/"))
    (['/a', '/'], [])
    """
    while path != "/":
        path = path.rpartition("/")[0] or "/"
        yield path


def key(host: str, path: str, *, with_paths: bool) -> str:
    """The key of a host and path prefix in a table: ``HOST``, or ``HOST/PATH/`` where the table has paths.

    >>> key("shop.test", "/a", with_paths=True), key("*", "/", with_paths=True), key("*.test", "/", with_paths=False)
    ('shop.test/a/', '*/', '*.test')
    """
    if not with_paths:
        return host
    return f"{host}/" if path == "/" else f"{host}{path}/"
