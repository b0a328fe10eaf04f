"""The further conditions of a route (``match``) as conditions of HAProxy rules."""

from __future__ import annotations

from collections.abc import Iterator

from hapilot.compile import build
from hapilot.compile.passes import tables
from hapilot.languages.haproxy import quoting

ANY = "*"
"""The value that stands for any."""

WORD_LIMIT = 48
"""Of the conditions of a route: a line of HAProxy 2.6 takes 64 (MAX_LINE_ARGS), and up to 15 come before them."""


def words(route: build.Route) -> tuple[str, ...]:
    """The conditions of a route behind ``if``; all must hold."""
    return tuple(word for one in route.conditions for word in ("{", *_test(route, one), "}"))


def _test(route: build.Route, one: build.Condition) -> Iterator[str]:
    match one.kind:
        case "method":
            yield from ("method", *_patterns(one.values))
        case "header":
            yield from _text(f"req.fhdr({quoting.argument(one.name)})", one.values[0])
        case "query":
            yield from _text(f"url_param({quoting.argument(one.name)}),url_dec(1)", one.values[0])
        case "client":
            yield from ("src", "-f", tables.clients_list(route, one))


def _text(sample: str, wanted: str) -> Iterator[str]:
    """A test for exactly this text. A lone brace would end the condition, and an empty pattern is none, so they are asked otherwise."""
    yield sample
    if wanted == ANY:
        yield from ("-m", "found")
    elif not wanted:
        yield from ("-m", "len", "0")
    elif wanted == "}":
        yield from ("-m", "bin", wanted.encode().hex())
    else:
        yield from ("-m", "str", *_patterns((wanted,)))


def _patterns(values: tuple[str, ...]) -> tuple[str, ...]:
    return ("--", *values) if any(value.startswith("-") for value in values) else values
