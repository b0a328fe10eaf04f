"""Random services: what leads to them, and how they speak to their servers. Their further keys are in ``random_keys``.

Comes in: the dice, and the listeners. Goes out: a service as data. Called by ``random_sites``.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Mapping
from typing import Any

from integration.differential import papers, random_keys

HOSTS = ("a.test", "b.test", "x.a.test", "y.a.test", "*.a.test", "*.test", "*.x.a.test")
PATHS = ("/a", "/a/b", "/ab", "/a/b/c", "/", "/.well-known/acme-challenge", "/A")
GUARDS = ("allow", "deny", "basic_auth", "client_certificates", "rate_limit")
"""What a canary has just as its main service."""


def service(dice: random.Random, listeners: Mapping[str, Any]) -> dict[str, Any]:
    """One service."""
    protocol, tls = dice.choice(
        [("http", "edge")] * 6 + [("http", "reencrypt")] * 4 + [("http", "passthrough")] * 3 + [("http", "none")] * 4
        + [("tcp", "passthrough"), ("tcp", "none"), ("tcp", "edge"), ("tcp", "edge"), ("tcp", "reencrypt")] + [("ssh", "none")] * 2
    )  # fmt: skip
    made: dict[str, Any] = {"protocol": protocol, "tls": tls}
    possible = [key for key, one in listeners.items() if not (one.get("redirect") and tls != "none")]
    made["listener"] = dice.sample(possible, min(len(possible), dice.randint(1, 2)))
    if protocol == "http" or tls != "none":
        made["host"] = dice.sample(HOSTS, dice.randint(0, 3))
    if _speaks_http(made):
        made["path"] = dice.sample(PATHS, dice.choice((0, 0, 0, 1, 2)))
        if dice.random() < 0.35:
            made["match"] = random_keys.conditions(dice)
    return made | _inside(dice, made)


def canary(dice: random.Random, main: Mapping[str, Any]) -> dict[str, Any]:
    """A service that some requests to ``main`` go to."""
    ends_tls = "client_certificates" in main
    made: dict[str, Any] = {"protocol": "http", "tls": dice.choice(("edge", "reencrypt") if ends_tls else ("edge", "reencrypt", "none"))}
    made |= _inside(dice, made)
    return {key: one for key, one in made.items() if key not in GUARDS} | {key: copy.deepcopy(main[key]) for key in GUARDS if key in main}


def default(dice: random.Random, asked: Mapping[str, Any]) -> dict[str, Any]:
    """A service for what nothing else matches; ``asked`` is what it asks of clients."""
    made: dict[str, Any] = {
        "protocol": "http",
        "tls": dice.choice(("edge", "edge", "reencrypt") if asked else ("edge", "reencrypt", "none")),
    }
    return made | dict(asked) | _inside(dice, made)


def _speaks_http(made: Mapping[str, Any]) -> bool:
    return made["protocol"] == "http" and made["tls"] != "passthrough"


def _inside(dice: random.Random, made: Mapping[str, Any]) -> dict[str, Any]:
    """All but what leads to it."""
    http = _speaks_http(made)
    found: dict[str, Any] = random_keys.guards(dice, http=http)
    if made["tls"] == "reencrypt":
        found["verify"] = {"ca": papers.CA} | dice.choice(({}, {"name": "host"}, {"name": "fixed.test"}))
    if (header := dice.choice((None, None, "v1", "v2"))) is not None:
        found["send_proxy"] = header
    if http:
        found |= random_keys.about_requests(dice, made)
        if dice.random() < 0.3 and "redirect" not in found:
            found["http2"] = "h2" if made["tls"] == "reencrypt" else "h2c"
    elif dice.random() < 0.06:
        found["maintenance"] = {}
    found |= random_keys.about_servers(dice, http=http, sticky="sticky" in found)
    if ("redirect" in found or "maintenance" in found) and dice.random() < 0.5:
        found["servers"] = []
    return found
