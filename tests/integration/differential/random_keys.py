"""The further keys of random services: who may use them, what they answer themselves, what they change, and their servers.

Comes in: the dice, and what the service is. Goes out: keys as data, that do not contradict each other. Called by ``random_services``.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from integration.differential import papers

NETWORKS = (
    ["127.0.0.0/30", "::1/128"], ["127.0.0.0/8", "10.0.0.0/8", "::1"], ["192.0.2.0/24", "127.0.0.1"], ["127.0.0.2"], ["::/0"],
    ["0.0.0.0/0"], ["127.0.0.8/29", "2001:db8::/32"], ["127.64.0.0/10", "203.0.113.0/24"],
)  # fmt: skip
NAMES = ("X-One", "x-two", "X-Three", "Strict-Transport-Security", "Accept", "Cache-Control", "X-Forwarded-Proto", "X-Custom")
ANSWERED = (*NAMES, "Content-Type", "X-Standin", "Server")
VALUES = (
    "1", "max-age=1", "100%", "%[src]", '"quoted" \\ \'single\'', "a, b;c=d", "$HOME $${x}", "# no comment", "für", "}", "%%", "x" * 300,
)  # fmt: skip
PREFIXES = ("/a", "/a/b", "/A", "/.well-known", "/(x)", "/a+b")
DESTINATIONS = (
    "https://new.test{path}",
    "https://{host}/n?x=1",
    "http://x.test/a%20b?u={host}&p={path}",
    "https://{host}{path}",
)
SAME_HOST = ("/moved{path}", "/100%25/$X#y", "/z")
"""Where only services with a path of their own may lead: others would redirect for ever."""
BODIES = ("", '<h1>Back at 5%</h1>\n<p>"soon" \\ $HOME</p>\n', "back soon: %[src]\nund schöner", " <p>")
METHODS = (["POST"], ["GET", "PROPFIND", "POST"], ["DELETE", "OPTIONS", "POST"])
HEADERS = ({"X-Beta": "1"}, {"X-Beta": "*"}, {"x-beta": "a b, c"}, {"X-Beta": "}", "Accept": "text/html"})
QUERIES = ({"v": "2"}, {"v": "*"}, {"q[x]": "a b/c"}, {"v": "-i"})
PLACES = (["127.0.0.2/31"], ["127.0.0.9", "::1"], ["192.0.2.0/24", "203.0.113.7"])


def conditions(dice: random.Random) -> list[dict[str, Any]]:
    """``match``: one entry or two."""
    return [_condition(dice) for _ in range(dice.choice((1, 1, 1, 2)))]


def _condition(dice: random.Random) -> dict[str, Any]:
    every: dict[str, Any] = {
        "method": dice.choice(METHODS),
        "header": dict(dice.choice(HEADERS)),
        "query": dict(dice.choice(QUERIES)),
        "client": dice.choice(PLACES),
    }
    return {key: every[key] for key in dice.sample(sorted(every), dice.choice((1, 1, 2)))}


def guards(dice: random.Random, *, http: bool) -> dict[str, Any]:
    """Who may use it. Client certificates are a matter of hosts, so they come from ``claims``."""
    made: dict[str, Any] = {}
    if dice.random() < 0.12:
        made["allow"] = dice.choice(NETWORKS)
    if dice.random() < 0.1:
        made["deny"] = dice.choice(NETWORKS)
    if http and dice.random() < 0.15:
        made["basic_auth"] = {"users": users(dice)}
    if http and dice.random() < 0.12:
        # Far more than are made: explain speaks of a client that was never there.
        made["rate_limit"] = {"requests": dice.choice((1000, 9_999_999)), "per": dice.choice(("10s", "1m", "1500ms"))}
        made["rate_limit"] |= dice.choice(({}, {"by": "client"}))
    return made


def users(dice: random.Random) -> dict[str, Any]:
    """One user or two, whose passwords come in any way."""
    return {user: _password(dice, user) for user in dice.sample(sorted(papers.PASSWORDS), dice.randint(1, 2))}


def _password(dice: random.Random, user: str) -> dict[str, str]:
    return dice.choice(
        (
            {"password": papers.PASSWORDS[user]},
            {"password_env": papers.variable(user)},
            {"password_file": papers.password_file(user)},
        )
    )


def about_requests(dice: random.Random, made: Mapping[str, Any]) -> dict[str, Any]:
    """What needs requests to be seen."""
    found: dict[str, Any] = {}
    if dice.random() < 0.1:
        found["maintenance"] = {} if dice.random() < 0.3 else {"status": dice.choice((503, 200, 410)), "body": dice.choice(BODIES)}
    if dice.random() < 0.05:
        found["maintenance"] = {"status": 204}
    errors = dice.sample((400, 401, 403, 429, 500, 502, 503, 504), dice.choice((0, 0, 0, 2, 5)))
    if errors:
        found["errors"] = {status: dice.choice(sorted(papers.PAGES)) for status in errors}
    changes = {side: _changes(dice, ANSWERED if side == "response" else NAMES) for side in ("request", "response") if dice.random() < 0.25}
    if dice.random() < 0.14:
        has_path = made.get("path") and "/" not in made["path"]
        to = dice.choice((*DESTINATIONS, *SAME_HOST, *SAME_HOST) if has_path else DESTINATIONS)
        found["redirect"] = {"to": to} | ({"code": dice.choice((301, 302, 303, 307, 308))} if dice.random() < 0.8 else {})
        changes.pop("request", None)
    else:
        if dice.random() < 0.25:
            found["rewrite"] = _rewriting(dice, made.get("path", ()))
        if dice.random() < 0.15:
            found["sticky"] = {"cookie": f"STICK-{dice.randrange(1 << 32):x}"}
    if changes:
        found["headers"] = changes
    return found


def _changes(dice: random.Random, names: tuple[str, ...]) -> dict[str, Any]:
    chosen = dice.sample(names, dice.randint(1, 4))
    made: dict[str, Any] = {}
    for one in chosen:
        match dice.randint(0, 3):
            case 0:
                made.setdefault("remove", []).append(one)
            case 1:
                made.setdefault("add", {})[one] = dice.choice(VALUES)
            case 2:
                made.setdefault("set", {})[one] = dice.choice(VALUES)
            case _:
                made.setdefault("set", {})[one] = dice.choice(VALUES)
                made.setdefault("add", {})[one] = dice.choice(VALUES)
    return made


def _rewriting(dice: random.Random, paths: tuple[str, ...]) -> dict[str, str]:
    near = [path for path in paths if path != "/"] if paths and "/" not in paths else list(PREFIXES)
    every = {
        "strip_prefix": dice.choice(near),
        "prefix": dice.choice(PREFIXES),
        "host": dice.choice(("inner.test", "inner.test:8080", "10.0.0.1")),
    }
    return {key: every[key] for key in dice.sample(sorted(every), dice.randint(1, 3))}


def about_servers(dice: random.Random, *, http: bool, sticky: bool) -> dict[str, Any]:
    """Servers and what concerns them. Where a cookie names them, they have names of their own: ports are not known yet."""
    made: dict[str, Any] = {} if dice.random() < 0.3 else {"health": health(dice, http=http)}
    if (count := dice.choice((1, 1, 2, 3))) > 1 or sticky:
        made["servers"] = [_server(dice, number, named=sticky) for number in range(count)]
    if dice.random() < 0.5:
        made["balance"] = balance(dice, http=http)
    if dice.random() < 0.15:
        limits = {"connect": "2s", "server": "6s", "tunnel": "1h", "queue": "5s"}
        made["timeouts"] = {key: limits[key] for key in dice.sample(sorted(limits), dice.randint(1, 4))}
    if dice.random() < 0.1:
        made["retries"] = dice.randint(0, 2)
    if dice.random() < 0.1:
        made["max_connections"] = dice.choice((60, 1000))
    return made


def health(dice: random.Random, *, http: bool) -> Any:
    """How servers are checked: never so often that a busy machine takes one for dead."""
    ways: list[Any] = ["off", "off", {"every": "2s"}, {"every": "1900ms", "fall": 3, "rise": 1}]
    more: list[Any] = [{"http": "/up?x", "every": "2s"}, {"http": "/up", "expect": [200, 204], "every": "3s"}]
    return dice.choice([*ways, *(more if http else ())])


def balance(dice: random.Random, *, http: bool) -> Any:
    """Which server is next."""
    more: list[Any] = [{"hash": {"header": "X-Beta"}}, {"hash": {"cookie": "who"}}, {"hash": "path"}]
    return dice.choice(["roundrobin", "leastconn", "source", "random", "first", *(more if http else ())])


def _server(dice: random.Random, number: int, *, named: bool) -> dict[str, Any]:
    made: dict[str, Any] = {"name": f"srv{number}"} if named or dice.random() < 0.3 else {}
    if dice.random() < 0.25:
        made["weight"] = dice.choice((0, 1, 100, 256))
    if dice.random() < 0.2:
        made["backup"] = True
    if dice.random() < 0.25:
        made["maintenance"] = True
    if dice.random() < 0.15:
        made["max_connections"] = 100
    return made
