"""``server`` lines: name, address, and of the options those that the model has.

Comes in: the lines of a backend in their order. Goes out: ``servers`` of a service. Called by ``backends``. What the model lacks stays
as it is written, in ``raw`` of the server.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pydantic_core import PydanticCustomError

from hapilot.languages.haproxy import document
from hapilot.languages.haproxy import words as haproxy_words
from hapilot.languages.haproxy.keywords import table
from hapilot.model import values
from hapilot.sources.haproxy_cfg import draft, verbatim

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,127}")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,6}")
_KEYS = {"weight": "weight", "maxconn": "max_connections", "backup": "backup"}
_LEAST = {"weight": 0, "maxconn": 1}
_MOST = {"weight": 256, "maxconn": 10_000_000}


def understand(lines: Sequence[document.Line], made: draft.Draft) -> bool:
    """Put the servers into ``made``, all or none. Their order is that of load balancing, so none can stay behind."""
    servers = [_server(line) for line in lines]
    names = {line.words[1] for line in lines if len(line.words) > 1}
    if not servers or None in servers or len(names) < len(servers):
        return False
    made.keys["servers"] = servers
    for index, line in enumerate(lines):
        made.understand(("servers", index), line)
    return True


def _server(line: document.Line) -> dict[str, Any] | None:
    """One server, or None if the model can't say it."""
    scanned = haproxy_words.scan(line.text).words
    if len(scanned) < 3 or any(each.has_variables for each in scanned[:3]) or not all(line.words):
        return None
    name, address = line.words[1:3]
    if not _NAME.fullmatch(name) or not _is_exact(address):
        return None
    found, taken = _options(line.words)
    rest = " ".join(verbatim.word(each) for place, each in enumerate(scanned) if place > 2 and place not in taken)
    return {"name": name, "address": address, **found, **({"raw": rest} if rest else {})}


def _is_exact(address: str) -> bool:
    """Whether the model prints just this address, with its port."""
    try:
        parsed = values.parse_server_address(address)
    except PydanticCustomError:
        return False
    return parsed.port is not None and str(parsed) == address


def _options(said: Sequence[str]) -> tuple[dict[str, Any], set[int]]:
    """Keys of the model, and the indexes of the words they are taken from. Behind a word that HAProxy's manuals do not know, or one that
    takes any number of arguments, nothing can be told."""
    found: dict[str, Any] = {}
    taken: set[int] = set()
    place = 3
    while place < len(said):
        known = table.option(table.Scope.SERVERS, said[place])
        if known is None or known.least is None or known.least != known.most:
            break
        behind = place + 1 + known.least
        value = _value(said[place:behind])
        if value is not None and _is_clear(said[place], said[3:]):
            found[_KEYS[said[place]]] = value
            taken |= set(range(place, behind))
        place = behind
    return found, taken


def _value(option: Sequence[str]) -> int | bool | None:
    """The value of an option that the model has."""
    if option[0] == "backup":
        return True
    if option[0] not in _KEYS or len(option) < 2 or not _NUMBER.fullmatch(option[1]):
        return None
    return int(option[1]) if _LEAST[option[0]] <= int(option[1]) <= _MOST[option[0]] else None


def _is_clear(word: str, options: Sequence[str]) -> bool:
    """Whether the option is there once, and nothing takes it back. A word that is an argument of another option counts too."""
    return list(options).count(word) == 1 and f"no-{word}" not in options
