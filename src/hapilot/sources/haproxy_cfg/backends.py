"""``backend`` sections as services that are kept as written.

Comes in: a part. Goes out: a :class:`~hapilot.sources.haproxy_cfg.draft.Draft`. Called by ``importing``. The rendered backend has the
keys first, the other lines in their order, then the servers; what would mean something else in that order stays whole.
"""

from __future__ import annotations

import re
from collections import defaultdict

from pydantic_core import PydanticCustomError

from hapilot.languages.haproxy import document
from hapilot.model import values
from hapilot.sources.haproxy_cfg import draft, outline, server_lines, verbatim

_BALANCE = frozenset({"roundrobin", "leastconn", "source", "random", "first"})
_TIMEOUTS = frozenset({"connect", "server", "queue", "tunnel"})
_DURATION = re.compile(r"([1-9][0-9]{0,11})(ms|s|m|h|d)?")
_SERVERS = frozenset({"server", "server-template", "default-server"})
_MODES = {"http": "http", "tcp": "tcp"}
Key = tuple[str, ...]
"""The path of a key below the service."""
_RETRIES = re.compile(r"[0-9]|[1-9][0-9]|100")


def understand(part: outline.Part) -> draft.Draft:
    """The service. Raises MustStayWhole."""
    made = draft.Draft()
    lines = [line for line in part.below if not verbatim.is_blank(line)]
    servers = _servers(lines)
    keyed: dict[Key, list[document.Line]] = defaultdict(list)
    for line in lines:
        if (key := _key(line)) is not None:
            keyed[key].append(line)
    made.keys["protocol"] = _mode(part, keyed.get(("mode",), []))
    taken = {id(line) for line in servers} if server_lines.understand(servers, made) else set[int]()
    for key, found in keyed.items():
        if len(found) == 1 and _take(key, found[0], made):
            taken.add(id(found[0]))
    made.raw = [line for line in lines if id(line) not in taken]
    return made


def _key(line: document.Line) -> Key | None:
    """What a line is about, if the model may have a key for that."""
    if line.keyword == "timeout" and line.words[1:2] and line.words[1] in _TIMEOUTS:
        return "timeouts", line.words[1]
    return (line.keyword,) if line.keyword in ("mode", "balance", "retries") else None


def _take(key: Key, line: document.Line, made: draft.Draft) -> bool:
    """Put the value of a line into ``made``, unless the model has no such value."""
    said = line.words
    if not draft.is_plain(line) or len(said) != len(key) + 1:
        return False
    value = said[-1]
    if key == ("mode",):
        made.understand(("protocol",), line)
        return True
    if key == ("balance",) and value in _BALANCE:
        made.keys["balance"] = value
    elif key == ("retries",) and _RETRIES.fullmatch(value):
        made.keys["retries"] = int(value)
    elif key[0] == "timeouts" and (duration := _duration(value)):
        made.keys.setdefault("timeouts", {})[key[1]] = duration
    else:
        return False
    made.understand(key, line)
    return True


def _duration(text: str) -> str:
    """A time in the model's words; HAProxy counts milliseconds where there is no unit. Nothing if the model has none that long."""
    found = _DURATION.fullmatch(text)
    try:
        return values.print_duration(values.parse_duration(f"{found[1]}{found[2] or 'ms'}")) if found else ""
    except PydanticCustomError:
        return ""


def _mode(part: outline.Part, here: list[document.Line]) -> str:
    """What is spoken: its own word, else that of the ``defaults`` it starts from, and of those that they start from."""
    around: outline.Part | None = part
    lines = here
    seen: list[outline.Part] = []
    while not lines and around is not None and around.base not in seen:
        around = around.base
        seen += [around] if around is not None else []
        lines = [line for line in around.below if line.keyword == "mode"] if around is not None else []
        if around is not None and lines and any(line.kind is document.Kind.MACRO for line in around.below):
            raise draft.MustStayWhole("its mode depends on circumstances")
    if not lines:
        return "tcp"
    words = lines[-1].words
    if not draft.is_plain(lines[-1]) or len(words) != 2 or words[1] not in _MODES or len(here) > 1:
        raise draft.MustStayWhole("its mode is none that the model has")
    return _MODES[words[1]]


def _servers(lines: list[document.Line]) -> list[document.Line]:
    """The servers. What else says something about servers has to stand before them."""
    about = [line for line in lines if line.keyword in _SERVERS]
    servers = [line for line in about if line.keyword == "server"]
    if servers and about[-len(servers) :] != servers:
        others = [line.keyword for line in about if line.keyword != "server"]
        raise draft.MustStayWhole(f"there is a {others[-1]} behind a server")
    return servers
