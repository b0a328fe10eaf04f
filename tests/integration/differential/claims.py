"""Who has what in a random site: routes, the ssh and tcp of listeners, and what each host asks of clients' certificates.

Comes in: one service after the other. Goes out: the service with what is still free, or that nothing is left of it. Called by
``random_sites``.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from integration.differential import papers

ANY = "*"
_RIVALS = {"tls": ("sni", "stream"), "sni": ("tls", "stream"), "stream": ("tls", "sni")}
"""TLS of one name ends in one way."""


class Claims:
    """What is taken so far. ``dice`` say what a host asks of clients, the same on every listener."""

    def __init__(self, dice: random.Random, listeners: Mapping[str, Any]) -> None:
        self._dice = dice
        self._listeners = listeners
        self._taken: set[tuple[str, ...]] = set()
        self._asks = dice.random() < 0.35
        self._policies: dict[str, dict[str, Any] | None] = {}

    def settle(self, service: dict[str, Any]) -> bool:
        """Takes out of a service what another one has already; False where nothing is left of it."""
        side = side_of(service)
        if side in ("ssh", "tcp"):
            service["listener"] = [name for name in service["listener"] if (name, side) not in self._taken]
            self._taken |= {(name, side) for name in service["listener"]}
            return bool(service["listener"])
        hosts = self._of_one_policy(service, service["host"] or [ANY])
        routes = [(path, str(service.get("match", ""))) for path in service.get("path") or ["/"]]
        hosts = [host for host in hosts if not self._clashes(service["listener"], side, host, routes)]
        for name in service["listener"]:
            self._taken |= {(name, side, host, *route) for host in hosts for route in routes}
        if not hosts:
            return False
        service["host"] = [host for host in hosts if host != ANY]
        return True

    def everyone(self) -> dict[str, Any]:
        """What is asked of clients that name no host of the site, as keys of a service."""
        policy = self._policy(ANY)
        return {} if policy is None else {"client_certificates": policy}

    def takes_default(self, listener: str, service: Mapping[str, Any]) -> bool:
        """Whether a service can have all that nothing else matches there, which it then has."""
        sides = ["tls", "plain", "sni", "stream"] if service["protocol"] == "http" else [side_of(service)]
        taken = [entry for entry in self._taken if entry[0] == listener]
        if not any(len(entry) > 2 for entry in taken) or any(entry[1] in sides and entry[2:4] == (ANY, "/") for entry in taken):
            return False
        if service["tls"] == "passthrough" or any(entry[1] in ("sni", "stream") and entry[2] == ANY for entry in taken):
            return False
        if self._policy(ANY) != service.get("client_certificates"):
            return False
        self._taken |= {(listener, side, ANY, "/", "") for side in ("tls", "plain")}
        return True

    def _clashes(self, listeners: Sequence[str], side: str, host: str, routes: Sequence[tuple[str, str]]) -> bool:
        return any(
            entry[0] in listeners
            and entry[2:3] == (host,)
            and (entry[1] in _RIVALS.get(side, ()) or (entry[1] == side and entry[3:] in routes))
            for entry in self._taken
        )

    def _of_one_policy(self, service: dict[str, Any], hosts: list[str]) -> list[str]:
        """The hosts that ask for the same client certificates as the first of them; the service does so too. Where a less exact name
        asks for others, the service takes all requests: what it left would fall to a service that asks for something else."""
        if service["tls"] not in ("edge", "reencrypt"):
            return hosts
        policies = {host: self._policy(host) for host in hosts}
        asked = policies[hosts[0]]
        if asked is not None:
            service["client_certificates"] = asked
        if any(self._policy(wider) != asked for host in hosts for wider in (f"*.{host.removeprefix('*.').partition('.')[2]}", ANY)):
            service.pop("path", None)
            service.pop("match", None)
        return [host for host in hosts if policies[host] == asked]

    def _policy(self, host: str) -> dict[str, Any] | None:
        if host not in self._policies:
            some = {"ca": papers.authority_file(self._dice.choice(papers.CLIENTS)), "require": self._dice.random() < 0.5}
            self._policies[host] = some if self._asks and self._dice.random() < 0.5 else None
        return self._policies[host]


def side_of(service: Mapping[str, Any]) -> str:
    """Where a listener decides about the service."""
    if service["tls"] == "passthrough":
        return "sni"
    if service["protocol"] == "http":
        return "plain" if service["tls"] == "none" else "tls"
    return "stream" if service["tls"] != "none" else str(service["protocol"])
