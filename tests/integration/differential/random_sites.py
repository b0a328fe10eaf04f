"""Random sites that are mostly valid: few hosts and paths, so that exact names, wildcards and nested paths collide often.

Comes in: nothing but the dice. Goes out: a `words.Site`. What two services may not both have (a route, the ssh or tcp
of a listener, a host that is terminated and passed through) is dropped from the later one. Called by the random test.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import Any

from integration.differential.words import Site

LISTENERS = ("one", "two", "three")
HOSTS = ("a.test", "b.test", "x.a.test", "y.a.test", "*.a.test", "*.test", "*.x.a.test")
PATHS = ("/a", "/a/b", "/ab", "/a/b/c", "/", "/.well-known/acme-challenge", "/A")
TRUSTED = (
    ["127.0.0.0/8"], ["127.0.0.0/8", "::1/128"], ["127.0.0.2/32"], ["127.0.0.2/31", "::1/128", "10.0.0.0/8"], ["0.0.0.0/0", "::/0"],
    ["192.0.2.0/24"],
)  # fmt: skip
BINDS = (["127.0.0.1:{}"], [":{}"], ["127.0.0.1:{}", "[::1]:{}"], ["0.0.0.0:{}"])


def site(dice: random.Random) -> Site:
    """One site."""
    names = LISTENERS[: dice.randint(1, 3)]
    listeners = {name: _listener(dice, name, alone=len(names) == 1) for name in names}
    made: Site = {"listeners": listeners, "services": {}}
    taken: set[tuple[str, ...]] = set()
    for number in range(1, dice.randint(1, 12) + 1):
        service = _service(dice, listeners)
        if _settle(service, taken):
            made["services"][f"s{number}"] = service
    made["certificates"] = [{"self_signed": hosts} for hosts in _certificates(dice, made)]
    made["defaults"] = {"retries": 0, "timeouts": {"connect": "2s", "client": "2s"}}
    made["raw"] = {"defaults": ["timeout http-request 1s"]}
    return made


def _listener(dice: random.Random, name: str, *, alone: bool) -> dict[str, Any]:
    made: dict[str, Any] = {"bind": [bind.format(f"${{PORT_{name}}}") for bind in dice.choice(BINDS)], "sniff_timeout": "400ms"}
    if not alone and name == "one" and dice.random() < 0.5:
        made["redirect"] = "https"
    trusted = dice.choice((None, None, *TRUSTED))
    accept = dice.choice(("never", "never", "optional", "optional", "required"))
    if accept != "never":
        made["accept_proxy"] = accept
    if trusted or accept != "never":
        made["trusted"] = trusted or dice.choice((["127.0.0.0/8"], ["0.0.0.0/0", "::/0"]))
    plain = dice.choice((None, None, "refuse", "redirect"))
    if plain:
        made["plain_http"] = plain
    return made


def _service(dice: random.Random, listeners: dict[str, Any]) -> dict[str, Any]:
    protocol, tls = dice.choice(
        [("http", "edge")] * 5 + [("http", "reencrypt")] * 4 + [("http", "passthrough")] * 4 + [("http", "none")] * 3
        + [("tcp", "passthrough"), ("tcp", "none"), ("ssh", "none"), ("ssh", "none")]
    )  # fmt: skip
    made: dict[str, Any] = {"protocol": protocol, "tls": tls}
    possible = [name for name, one in listeners.items() if not (one.get("redirect") and tls != "none")]
    made["listener"] = dice.sample(possible, min(len(possible), dice.randint(1, 2)))
    if protocol == "http" or tls == "passthrough":
        made["host"] = dice.sample(HOSTS, dice.randint(0, 3))
    if protocol == "http" and tls != "passthrough":
        made["path"] = dice.sample(PATHS, dice.choice((0, 0, 0, 1, 2)))
    if tls == "reencrypt":
        made["verify"] = {"ca": "ca.pem", "name": dice.choice(("host", "host", "fixed.test"))}
    if (header := dice.choice((None, None, "v1", "v2"))) is not None:
        made["send_proxy"] = header
    made["health"] = dice.choice(("off", "off", {"every": "200ms"}))
    return made


def _settle(service: dict[str, Any], taken: set[tuple[str, ...]]) -> bool:
    """Takes out of a service what another one has already; False where nothing is left of it."""
    side = _side(service)
    if side in ("ssh", "tcp"):
        service["listener"] = [name for name in service["listener"] if (name, side) not in taken]
        taken |= {(name, side) for name in service["listener"]}
        return bool(service["listener"])
    paths = service.get("path") or ["/"]
    hosts = [host for host in service["host"] or ["*"] if not _clash(service["listener"], side, (host, *paths), taken)]
    for name in service["listener"]:
        taken |= {(name, side, host, path) for host in hosts for path in paths}
    if not hosts:
        return False
    service["host"] = [host for host in hosts if host != "*"]
    return True


def _clash(listeners: Sequence[str], side: str, host_and_paths: tuple[str, ...], taken: Iterable[tuple[str, ...]]) -> bool:
    host, *paths = host_and_paths
    rival = {"tls": "sni", "sni": "tls"}.get(side)
    return any(
        entry[0] in listeners and entry[2:3] == (host,) and (entry[1] == rival or (entry[1] == side and entry[3] in paths))
        for entry in taken
    )


def _side(service: dict[str, Any]) -> str:
    if service["tls"] == "passthrough":
        return "sni"
    if service["protocol"] != "http":
        return str(service["protocol"])
    return "plain" if service["tls"] == "none" else "tls"


def _certificates(dice: random.Random, site: Site) -> list[list[str]]:
    """Certificates for what ends here: one for all names or one for each, and some more."""
    ended = [one for one in site["services"].values() if one["tls"] in ("edge", "reencrypt")]
    names = sorted({host for one in ended for host in one["host"]})
    made = [names] if dice.random() < 0.5 else [[name] for name in names]
    more: tuple[list[str], ...] = ([], ["*.test"], ["*.test", "*.a.test"], ["*.a.test", "a.test"], ["z.test"])
    extra = dice.choice(more) or (["*.test"] if ended and not names else [])
    return [hosts for hosts in (*made, extra) if hosts]
