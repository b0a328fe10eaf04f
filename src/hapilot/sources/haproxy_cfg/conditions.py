"""``use_backend`` lines as routes.

Comes in: the lines of a frontend. Goes out: routes, and the ``acl`` lines that nothing needs any more because the routes say what they
said. Called by ``frontends``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hapilot.languages.haproxy import document
from hapilot.languages.haproxy import words as haproxy_words
from hapilot.sources.haproxy_cfg import draft, verbatim

_NAME = re.compile(r"[A-Za-z0-9_.:-]{1,256}")
_TOKEN = re.compile(r"[A-Za-z0-9_.:-]+")
_HOST = frozenset({"hdr(host)", "req.hdr(host)"})
PREDEFINED = frozenset(
    {"FALSE", "HTTP", "HTTP_1.0", "HTTP_1.1", "HTTP_2.0", "HTTP_3.0", "HTTP_CONTENT", "HTTP_URL_ABS", "HTTP_URL_SLASH", "HTTP_URL_STAR"}
    | {"LOCALHOST", "METH_CONNECT", "METH_DELETE", "METH_GET", "METH_HEAD", "METH_OPTIONS", "METH_POST", "METH_PUT", "METH_TRACE"}
    | {"RDP_COOKIE", "REQ_CONTENT", "TRUE", "WAIT_END"}
)
"""Names of conditions that HAProxy has itself (configuration manual, section 7.4)."""


@dataclass(frozen=True, slots=True)
class Test:
    """A test that the model has: ``host`` or ``path``, one of the values."""

    key: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Route:
    """A route: its keys, its line, and the names of the ``acl`` lines whose values it has."""

    keys: Mapping[str, Any]
    line: document.Line
    acls: tuple[str, ...]


def routes(lines: Sequence[document.Line]) -> list[Route] | None:
    """The routes of all ``use_backend`` lines, or None if one of them is none: their order counts."""
    known = _tests(lines)
    found = [_route(line, known) for line in lines if line.keyword == "use_backend"]
    return None if None in found else [each for each in found if each is not None]


def needless(found: Sequence[Route], lines: Sequence[document.Line]) -> list[document.Line]:
    """The ``acl`` lines that only routes refer to which have their values."""
    inside = {name for route in found for name in route.acls}
    others = [str(route.keys["if"]) for route in found if "if" in route.keys]
    others += [line.text for line in lines if line.keyword != "use_backend" and not (line.keyword == "acl" and line.words[1] in inside)]
    used = {word for text in others for word in _TOKEN.findall(text)}
    return [line for line in lines if line.keyword == "acl" and line.words[1] in inside - used]


def _tests(lines: Sequence[document.Line]) -> dict[str, Test | None]:
    """What each name stands for, where the model has it."""
    said: dict[str, list[Test | None]] = defaultdict(list)
    for line in lines:
        if line.keyword == "acl" and len(line.words) > 1:
            said[line.words[1]].append(_test(line.words[2:]) if draft.is_plain(line) else None)
    return {name: _either(tests) for name, tests in said.items()}


def _either(tests: Sequence[Test | None]) -> Test | None:
    """Several lines of one name: any of them is enough."""
    known = [test for test in tests if test is not None]
    if len(known) < len(tests) or len({test.key for test in known}) != 1:
        return None
    return Test(known[0].key, tuple(value for test in known for value in test.values))


def _test(said: Sequence[str]) -> Test | None:
    """The criterion of an ``acl`` line or between braces."""
    key, values = ("path", said[1:]) if said[:1] == ("path_beg",) else ("", ())
    if said and said[0].lower() in _HOST and said[1:2] == ("-i",):
        key, values = "host", said[2:]
    is_usable = bool(values) and all(each not in ("{", "}") and not each.startswith("-") for each in values)
    return Test(key, tuple(values)) if is_usable else None


def _route(line: document.Line, known: Mapping[str, Test | None]) -> Route | None:
    scanned = haproxy_words.scan(line.text).words
    said = line.words
    if len(said) < 4 or said[2] != "if" or any(each.has_variables for each in scanned[:3]) or not _NAME.fullmatch(said[1]):
        return None
    tests = _parsed(said[3:], known) if draft.is_plain(line) else None
    if tests is None:
        if not all(each.raw.isprintable() for each in scanned):
            return None
        return Route({"service": said[1], "if": verbatim.rest(line, 3)}, line, ())
    keys = {test.key: list(test.values) for test, _ in tests}
    return Route({"service": said[1], **{key: keys[key] for key in ("host", "path") if key in keys}}, line, tuple(n for _, n in tests if n))


def _parsed(said: Sequence[str], known: Mapping[str, Test | None]) -> list[tuple[Test, str]] | None:
    """The tests that must all hold, each with its name if it has one; None if there is more to it."""
    found: list[tuple[Test, str]] = []
    rest = list(said)
    while rest:
        name = rest.pop(0)
        if name == "{" and "}" in rest:
            end = rest.index("}")
            test, name, rest = _test(tuple(rest[:end])), "", rest[end + 1 :]
        else:
            test = known.get(name) if name not in PREDEFINED else None
        if test is None or test.key in {each.key for each, _ in found}:
            return None
        found.append((test, name))
    return found
