"""Random sites that are mostly valid: few hosts and paths, so that exact names, wildcards and nested paths collide often.

Comes in: nothing but the dice. Goes out: a `words.Site`. What two services may not both have (a route, the ssh or tcp
of a listener, a host that is terminated and passed through) is dropped from the later one. Called by the random test.
"""

from __future__ import annotations

import random
from typing import Any

from integration.differential import random_rest, random_services
from integration.differential.claims import Claims
from integration.differential.words import Site

LISTENERS = ("one", "two", "three")
TRUSTED = (
    ["127.0.0.0/8"], ["127.0.0.0/8", "::1/128"], ["127.0.0.2/32"], ["127.0.0.2/31", "::1/128", "10.0.0.0/8"], ["0.0.0.0/0", "::/0"],
    ["192.0.2.0/24"],
)  # fmt: skip
BINDS = (
    ["127.0.0.1:{port}"], [":{port}"], ["127.0.0.1:{port}", "[::1]:{port}"], ["0.0.0.0:{port}"], ["127.0.0.1:{port}", "[::1]:{port}"],
    ["unix:${{DIR}}/{name}.sock"], ["fd:${{FD_{name}}}"],
)  # fmt: skip


def site(dice: random.Random) -> Site:
    """One site."""
    names = LISTENERS[: dice.randint(1, 3)]
    listeners = {name: _listener(dice, name, alone=len(names) == 1) for name in names}
    made: Site = {"listeners": listeners, "services": {}}
    claims = Claims(dice, listeners)
    for number in range(1, dice.randint(1, 12) + 1):
        name = f"s{number}"
        service = random_services.service(dice, listeners)
        if claims.settle(service):
            made["services"][name] = service
    _canaries(dice, made)
    _defaults(dice, made, claims)
    _open_idle(made)
    _without_addresses(made)
    random_rest.finish(dice, made)
    for one in made["services"].values():
        for key in ("host", "path"):
            if not one.get(key, True):
                del one[key]
    return made


def _listener(dice: random.Random, name: str, *, alone: bool) -> dict[str, Any]:
    binds = [bind.format(port=f"${{PORT_{name}}}", name=name) for bind in dice.choice(BINDS)]
    made: dict[str, Any] = {"bind": binds, "sniff_timeout": "400ms"}
    if not alone and name == "one" and dice.random() < 0.5:
        made["redirect"] = "https"
    trusted = dice.choice((None, None, *TRUSTED))
    accept = dice.choice(("never", "never", "optional", "optional", "required"))
    if accept != "never" or dice.random() < 0.3:
        made["accept_proxy"] = accept
    if trusted or accept != "never":
        made["trusted"] = trusted or dice.choice((["127.0.0.0/8"], ["0.0.0.0/0", "::/0"]))
    plain = dice.choice((None, None, "refuse", "redirect"))
    if plain:
        made["plain_http"] = plain
    return made


def _open_idle(made: Site) -> None:
    """A listener without a service has a port: at an inherited socket that nobody serves connections just wait, and a unix socket is not
    even there."""
    used = {name for one in made["services"].values() for name in one.get("listener", ())}
    for name, listener in made["listeners"].items():
        if name not in used and "default" not in listener:
            listener["bind"] = [f"127.0.0.1:${{PORT_{name}}}"]


def _without_addresses(made: Site) -> None:
    """Where no client has an address there are no limits and shares by it."""
    services = made["services"]
    for name, listener in made["listeners"].items():
        if listener.get("accept_proxy", "never") != "never" or not all(bind.startswith("unix:") for bind in listener["bind"]):
            continue
        for one in [services[key] for key in services if name in services[key].get("listener", ()) or key == listener.get("default")]:
            canary = one.get("canary", {})
            for guarded in (one, services.get(canary.get("service"), {})):
                guarded.pop("rate_limit", None)
            if canary.pop("percent", None) is not None:
                canary["header"] = "X-Canary"


def _canaries(dice: random.Random, made: Site) -> None:
    """For some services another one that nothing else leads to, as well guarded."""
    for name, one in list(made["services"].items()):
        if one["protocol"] != "http" or one["tls"] == "passthrough" or dice.random() < 0.75:
            continue
        way = dice.choice(({"percent": dice.choice((0, 20, 50, 100))}, {"header": "X-Canary"}, {"percent": 50, "header": "X-Canary"}))
        one["canary"] = {"service": f"{name}-canary"} | way
        made["services"][f"{name}-canary"] = random_services.canary(dice, one)


def _defaults(dice: random.Random, made: Site, claims: Claims) -> None:
    """For some listeners a service that takes what nothing else matches: one of its own, or one that is there anyway."""
    for name, listener in made["listeners"].items():
        if dice.random() < 0.4:
            continue
        others = [key for key, one in made["services"].items() if one["protocol"] == "http" and not key.endswith("-canary")]
        chosen = dice.choice((f"default-{name}", f"default-{name}", *others[:1]))
        service = made["services"].get(chosen) or random_services.default(dice, claims.everyone())
        if listener.get("redirect") and service["tls"] != "none" and service.get("servers") != []:
            continue
        if claims.takes_default(name, service):
            made["services"][chosen] = service
            listener["default"] = chosen
