"""``frontend`` sections as listeners that are kept as written.

Comes in: a part, and the names of the services there are. Goes out: a :class:`~hapilot.sources.haproxy_cfg.draft.Draft`. Called by
``importing``. The rendered frontend has its addresses first, the other lines in their order, then the routes and the default.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection

from hapilot.languages.haproxy import document
from hapilot.sources.haproxy_cfg import conditions, draft, outline, verbatim

_PORT = re.compile(r"[1-9][0-9]{0,4}")
_NUMBERED = re.compile(r"\bso_(?:id|name)\b")
"""Fetches that see the number of an address among those of its frontend."""


def understand(part: outline.Part, services: Collection[str]) -> draft.Draft:
    """The listener. Raises MustStayWhole."""
    made = draft.Draft()
    lines = [line for line in part.below if not verbatim.is_blank(line)]
    if any(line.keyword == "acl" and line.words[1:2] and line.words[1] in conditions.PREDEFINED for line in lines):
        raise draft.MustStayWhole("it gives a condition of HAProxy's own a second meaning")
    taken = [*_binds(lines, made), *_routes(lines, made), *_default(lines, made, services)]
    known = {id(line) for line in taken}
    made.raw = [line for line in lines if id(line) not in known]
    return made


def _binds(lines: list[document.Line], made: draft.Draft) -> list[document.Line]:
    """Addresses without parameters. Those with some stay, and come behind them."""
    if any(_NUMBERED.search(line.text) for line in lines):
        return []
    taken: list[document.Line] = []
    found: list[str] = []
    for line in lines:
        if line.keyword != "bind" or len(line.words) != 2 or not draft.is_plain(line):
            continue
        addresses = [_address(each) for each in line.words[1].split(",")]
        if all(addresses):
            made.understand(("bind", len(found)), line)
            found += addresses
            taken.append(line)
    if found:
        made.keys["bind"] = found
    return taken


def _address(text: str) -> str:
    """An address of the model that means just the same, or nothing. Without a host HAProxy means IPv4 only."""
    host, _, port = text.rpartition(":")
    if not _PORT.fullmatch(port) or int(port) > 65535:
        return ""
    if host in ("", "*"):
        return f"0.0.0.0:{port}"
    try:
        return f"{host}:{port}" if str(ipaddress.IPv4Address(host)) == host else ""
    except ValueError:
        return ""


def _routes(lines: list[document.Line], made: draft.Draft) -> list[document.Line]:
    found = conditions.routes(lines)
    if not found:
        return []
    made.keys["routes"] = [dict(route.keys) for route in found]
    needless = conditions.needless(found, lines)
    first: dict[str, document.Line] = {}
    untold: dict[str, list[document.Line]] = {}
    for line in needless:
        first.setdefault(line.words[1], line)
        untold.setdefault(line.words[1], []).append(line)
    for index, route in enumerate(found):
        path = ("routes", index)
        if len(route.acls) == 1 and route.acls[0] in first:
            made.places |= {(*path, key): first[route.acls[0]].origin for key in ("host", "path") if key in route.keys}
        told = [line for name in route.acls for line in untold.pop(name, [])]
        made.understand(path, route.line, *told)
    return [*(route.line for route in found), *needless]


def _default(lines: list[document.Line], made: draft.Draft, services: Collection[str]) -> list[document.Line]:
    found = [line for line in lines if line.keyword == "default_backend"]
    if len(found) != 1 or not draft.is_plain(found[0]) or len(found[0].words) != 2 or found[0].words[1] not in services:
        return []
    made.keys["default"] = found[0].words[1]
    made.understand(("default",), found[0])
    return found
