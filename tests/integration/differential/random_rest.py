"""What a random site has beside listeners and services: certificates, defaults, logs, verbatim lines, administrative pages.

Comes in: the dice, and the site so far. Goes out: the site, completed. Called by ``random_sites``.
"""

from __future__ import annotations

import random
from typing import Any

from integration.differential import random_keys
from integration.differential.words import Site

LOGS: tuple[dict[str, str], ...] = (
    {}, {"format": "json"}, {"format": "text", "to": "stdout"}, {"format": "json", "to": "syslog:127.0.0.1:9"}, {"to": "syslog:/dev/null"},
)  # fmt: skip


def finish(dice: random.Random, made: Site) -> None:
    """Adds the rest."""
    made["certificates"] = _certificates(dice, made)
    made["defaults"] = _defaults(dice)
    made["raw"] = {"defaults": ["timeout http-request 1s"]}
    if dice.random() < 0.3:
        made["tls"] = {"profile": dice.choice(("modern", "intermediate", "old"))}
    if dice.random() < 0.5:
        made["log"] = dict(dice.choice(LOGS))
    if dice.random() < 0.15:
        _raw(dice, made)
    if dice.random() < 0.15:
        made["include"] = ["more.yaml"] if len(made["services"]) > 1 else []
    if dice.random() < 0.3:
        made["admin"] = _administration(dice)
    _client_timeouts(dice, made)


def _defaults(dice: random.Random) -> dict[str, Any]:
    made: dict[str, Any] = {"retries": 0, "timeouts": {"connect": "2s", "client": "2s"}}
    if dice.random() < 0.2:
        made["timeouts"] |= {"server": "6s", "tunnel": "30m", "queue": "5s"}
    if dice.random() < 0.1:
        made["max_connections"] = 500
    if dice.random() < 0.6:
        made["balance"] = random_keys.balance(dice, http=True)
    if dice.random() < 0.4:
        made["health"] = random_keys.health(dice, http=True)
    return made


def _raw(dice: random.Random, made: Site) -> None:
    """Lines that change something that can be seen."""
    raw = made["raw"]
    raw["global"] = ["tune.http.maxhdr 120"]
    requests = [name for name, one in made["services"].items() if one["protocol"] == "http" and one["tls"] != "passthrough"]
    if requests:
        raw["service"] = {dice.choice(requests): ["http-request set-header X-Raw %[src]"]}
    named = [one for one in made["listeners"] if not any(str(bind).startswith(("fd:", "unix:")) for bind in made["listeners"][one]["bind"])]
    if named:
        raw["listener"] = {dice.choice(named): ["tcp-request connection set-var(sess.raw) src"]}


def _administration(dice: random.Random) -> dict[str, Any]:
    pages: dict[str, Any] = {
        "stats": {"bind": "127.0.0.1:${PORT_stats}"} | dice.choice(({}, {"path": "/a/statistics"})),
        "metrics": {"bind": ["127.0.0.1:${PORT_metrics}"]},
    }
    for page in pages.values():
        if dice.random() < 0.7:
            page["users"] = random_keys.users(dice)
    return {name: pages[name] for name in dice.sample(sorted(pages), dice.randint(1, 2))}


def _client_timeouts(dice: random.Random, made: Site) -> None:
    """Where a service has its listeners to itself, it may have its own patience with clients."""
    for name, one in made["services"].items():
        shared = [
            other
            for key, other in made["services"].items()
            if key != name and set(other.get("listener", ())) & set(one.get("listener", ()))
        ]
        alone = one.get("listener") and not shared and not any("default" in made["listeners"][each] for each in one["listener"])
        if alone and "canary" not in one and dice.random() < 0.8:
            one.setdefault("timeouts", {})["client"] = "1500ms"


def _certificates(dice: random.Random, site: Site) -> list[dict[str, Any]]:
    """Certificates for what ends here: one for all names or one for each, and some more, also from files. A listener's default may take
    connections over TLS whatever it is itself."""
    ended = [one for one in site["services"].values() if one["tls"] in ("edge", "reencrypt")]
    names = sorted({host for one in ended for host in one.get("host", ())})
    made = [names] if dice.random() < 0.5 else [[name] for name in names]
    more: tuple[list[str], ...] = ([], ["*.test"], ["*.test", "*.a.test"], ["*.a.test", "a.test"], ["z.test"])
    needed = ended or any("default" in one for one in site["listeners"].values())
    extra = dice.choice(more) or (["*.test"] if needed and not names else [])
    signed: list[dict[str, Any]] = [{"self_signed": hosts} for hosts in (*made, extra) if hosts]
    files: list[dict[str, Any]] = [{"file": "certificate.pem"}, {"file": "split.pem", "key": "split.key"}, {"dir": "more"}]
    return signed + (dice.sample(files, dice.randint(1, 2)) if dice.random() < 0.3 else [])
