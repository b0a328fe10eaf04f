"""Connections that are aimed at what a site's services ask for: their hosts, paths and conditions, users, certificates and cookies.

Comes in: the dice, the site, and what was said of the connection so far. Goes out: more of it. Called by ``random_connections``.
"""

from __future__ import annotations

import base64
import ipaddress
import random
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote_plus

from hapilot.compile.rules import sticky
from integration.differential import papers
from integration.differential.words import Connection, Site

Headers = tuple[tuple[str, str], ...]


def aimed(dice: random.Random, site: Site, told: Mapping[str, Any]) -> dict[str, Any]:
    """A request for one of the services of the listener, with what it asks for, or nearly so."""
    here = _here(site, told)
    if not here:
        return {}
    one = dice.choice(here)
    found: dict[str, Any] = {}
    if one.get("host"):
        found["host"] = dice.choice(one["host"]).replace("*", "q")
    if one.get("path"):
        found["path"] = (dice.choice(one["path"]).rstrip("/") + dice.choice(("", "/", "/c", "/b/c?x=1"))) or "/"
    headers: list[tuple[str, str]] = []
    for match in one.get("match", ()):
        found |= _meeting(dice, match, found.get("path", told["path"]), told)
        for key, value in match.get("header", {}).items():
            headers += _lines(dice, key, "any" if value == "*" else value)
    headers += [*_authorization(dice, one), *_cookies(dice, one), *_canary(dice, one)]
    kept: Headers = told["headers"]
    return found | {"headers": (*kept, *headers)}


def _here(site: Site, told: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Services that a request of the kind may reach on the listener; those with conditions of their own come more often."""
    side = ("edge", "reencrypt") if told["kind"] == "https" else ("none",)
    default = site["listeners"][told["listener"]].get("default")
    every = [
        one
        for name, one in site["services"].items()
        if one["protocol"] == "http" and ((told["listener"] in one.get("listener", ()) and one["tls"] in side) or name == default)
    ]
    rare = ("match", "basic_auth", "sticky", "canary", "client_certificates")
    return every + [one for one in every if any(key in one for key in rare)]


def _lines(dice: random.Random, name: str, value: str) -> list[tuple[str, str]]:
    """The header as a condition wants it, mostly; or before or behind another line, in a list, or in another case."""
    ways: list[list[tuple[str, str]]] = [
        [(name, "other"), (name, value)],
        [(name, value), (name, "other")],
        [(name, f"{value}, other")],
        [(name, "")],
        [(name.upper(), value)],
        [(name, value.upper())],
        [],
    ]
    return dice.choice(ways) if dice.randint(0, 2) == 0 else [(name, value)]


def _meeting(dice: random.Random, match: Mapping[str, Any], path: str, told: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "method" in match:
        found["method"] = dice.choice(match["method"])
    if "query" in match:
        asked = "&".join(f"{key}={quote_plus('any' if value == '*' else value)}" for key, value in match["query"].items())
        front, behind = (
            dice.choice(("", "", "z=1&", "v=&", "V=1&", "&&", "q=1?", "v;")),
            dice.choice(("", "", "&y", "&v=3", "%00", "#x", "%")),
        )
        found["path"] = f"{path.partition('?')[0]}?{front}{asked}{behind}"
    near = [str(place).partition("/")[0] for place in match.get("client", ()) if str(place).startswith("127.")]
    if near and told.get("address", "127.0.0.1") in ("127.0.0.1", "fd"):
        found["source"] = str(ipaddress.ip_address(dice.choice(near)) + dice.randint(0, 1))
    return found


def _authorization(dice: random.Random, one: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """A user of the service with the right password; or another, or a wrong one, or something else."""
    if "basic_auth" not in one or dice.randint(0, 3) == 0:
        return
    user = dice.choice(sorted(one["basic_auth"]["users"]))
    match dice.randint(0, 9):
        case 0:
            yield "Authorization", _basic("ann", "wrong")
        case 1:
            yield "Authorization", dice.choice(("Bearer abc", "Basic !!!", "Basic", _basic("nobody", "x"), f"basic {_basic(user, '')[6:]}"))
        case 2:
            yield "Authorization", _basic("ann", papers.PASSWORDS["ann"])
        case 3:
            right = _basic(user, papers.PASSWORDS[user])
            yield "authorization", dice.choice((right.replace("Basic", "bASIC"), right.replace(" ", "  "), f"{right}, x", f"{right}="))
        case 4:
            yield "Authorization", _basic("ann", "wrong")
            yield "Authorization", _basic(user, papers.PASSWORDS[user])
        case _:
            yield "Authorization", _basic(user, papers.PASSWORDS[user])


def _basic(user: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


def _cookies(dice: random.Random, one: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The cookie that leads to a server, as a client has it that was there before, or a false one, among others."""
    if "sticky" not in one or not one["servers"] or dice.randint(0, 2) == 0:
        return
    marks = sticky.marks([server["name"] for server in one["servers"]])
    value = dice.choice((*marks.values(), *marks.values(), "0000", "", f"{next(iter(marks.values()))}x"))
    mine = f"{one['sticky']['cookie']}={value}"
    yield "Cookie", dice.choice((mine, f"a=b; {mine}", f"{mine}; who=me", f"x; {mine} ; y=1", f'q="a;b"; {mine}'))


def _canary(dice: random.Random, one: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    header = one.get("canary", {}).get("header")
    if header is not None and dice.randint(0, 2):
        yield header, dice.choice(("1", "never", "Never", "", "always"))


def identified(dice: random.Random, site: Site, told: Mapping[str, Any]) -> dict[str, Any]:
    """The client's certificate: often one of the authority that a service asks for."""
    asking = [one["client_certificates"]["ca"] for one in _here(site, told) if "client_certificates" in one]
    if not asking or dice.randint(0, 4) == 0:
        return {} if dice.randint(0, 9) else {"identity": papers.STRANGER}
    known = [name for name in papers.CLIENTS if papers.authority_file(name) in asking]
    return {"identity": dice.choice((*known, *known, *papers.CLIENTS, papers.STRANGER))}


def administrative(dice: random.Random, site: Site) -> Connection:
    """A request for an administrative page, by a user or not."""
    page = dice.choice(sorted(site["admin"]))
    path = dice.choice(("/stats", "/metrics", "/", "/a/statistics", "/metrics/hapilot"))
    user = dice.choice(sorted(site["admin"][page].get("users", papers.PASSWORDS)))
    headers: list[Headers] = [(), (("Authorization", _basic(user, papers.PASSWORDS[user])),), (("Authorization", _basic(user, "wrong")),)]
    return Connection(page, "http", path=path, headers=dice.choice(headers), host="127.0.0.1")
