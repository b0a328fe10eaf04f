"""The site that changes under load, as values, and its text.

Pure. In: the ports of what listens and of what stands behind (`Ports`). Out: the `Site` at the start, and any site as YAML. ``changes``
derives one site from another, ``driving`` writes it where ``up`` finds it.

Services that carry load are there from start to end (`LOADED`); their servers, hosts and paths change all the same. Names under
`ENDED` have a certificate of ours, names under `PASSED` are only passed through.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import yaml

ENDED, PASSED = "live.test", "pass.test"
SHOP, CHAT = f"shop.{ENDED}", f"chat.{ENDED}"
VAULT, TUNNEL = f"vault.{PASSED}", f"tunnel.{PASSED}"
LOADED = ("shop", "api", "chat", "vault", "tunnel", "git")
WILDCARD = "wildcard"
WEIGHT = 100


@dataclass(frozen=True, slots=True)
class Ports:
    """Of 127.0.0.1. ``http`` and ``https`` are the listeners that stay, ``extra`` those that come and go; the others are of what stands
    behind, each named for what may be led there."""

    http: int
    https: int
    extra: tuple[int, ...]
    shop: tuple[int, ...]
    api: tuple[int, ...]
    added: tuple[int, ...]
    vault: tuple[int, ...]
    passed: tuple[int, ...]
    chat: tuple[int, ...]
    tunnel: tuple[int, ...]
    ssh: int


@dataclass(frozen=True, slots=True)
class Server:
    """A server of a service."""

    name: str
    port: int
    weight: int = WEIGHT


@dataclass(frozen=True, slots=True)
class Service:
    """A service. ``pool`` are the ports its servers may have, ``listener`` is empty for the usual one, ``header`` is set on its answers."""

    tls: Literal["edge", "passthrough", "none"]
    servers: tuple[Server, ...]
    pool: tuple[int, ...]
    hosts: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    listener: str = ""
    header: str = ""
    protocol: Literal["http", "ssh"] = "http"

    @property
    def free(self) -> tuple[int, ...]:
        """The ports of its pool that no server of it has."""
        used = {server.port for server in self.servers}
        return tuple(port for port in self.pool if port not in used)

    @property
    def serving(self) -> tuple[Server, ...]:
        """The servers that get requests."""
        return tuple(server for server in self.servers if server.weight)


@dataclass(frozen=True, slots=True)
class Site:
    """A site. ``listeners`` are ports by name, ``certificates`` the names that each file in ``certs/`` is for."""

    listeners: Mapping[str, int]
    services: Mapping[str, Service]
    certificates: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])

    def with_service(self, name: str, service: Service) -> Site:
        """With one more service, or with this one in the place of another."""
        return replace(self, services={**self.services, name: service})

    def without_service(self, name: str) -> Site:
        """With one service less."""
        return replace(self, services={key: one for key, one in self.services.items() if key != name})


def at_start(ports: Ports) -> Site:
    """What is served when the load begins."""
    services = {
        "shop": Service("edge", _servers(ports.shop[:2]), ports.shop, (SHOP,)),
        "api": Service("edge", _servers(ports.api[:1]), ports.api, (SHOP,), ("/api",)),
        "chat": Service("edge", _servers(ports.chat[:2]), ports.chat, (CHAT,)),
        "vault": Service("passthrough", _servers(ports.vault[:2]), ports.vault, (VAULT,)),
        "tunnel": Service("passthrough", _servers(ports.tunnel[:1]), ports.tunnel, (TUNNEL,)),
        "git": Service("none", _servers((ports.ssh,)), (ports.ssh,), listener="https", protocol="ssh"),
    }
    return Site({"http": ports.http, "https": ports.https}, services, {WILDCARD: (f"*.{ENDED}",)})


def _servers(ports: tuple[int, ...]) -> tuple[Server, ...]:
    return tuple(Server(f"s{port}", port) for port in ports)


def as_text(site: Site) -> str:
    """The site file."""
    listeners: dict[str, Any] = {name: {"bind": f"127.0.0.1:{port}"} for name, port in site.listeners.items()}
    listeners["http"]["redirect"] = "https"
    services = {name: _service(service) for name, service in site.services.items()}
    certificates = [{"file": f"certs/{stem}.pem"} for stem in site.certificates]
    return yaml.safe_dump({"listeners": listeners, "services": services, "certificates": certificates}, sort_keys=False)


def _service(service: Service) -> dict[str, Any]:
    said = {
        "protocol": service.protocol if service.protocol != "http" else "",
        "tls": service.tls if service.tls != "edge" and service.protocol == "http" else "",
        "host": list(service.hosts),
        "path": list(service.paths),
        "listener": service.listener,
        "servers": [{"address": f"127.0.0.1:{one.port}", "name": one.name, "weight": one.weight} for one in service.servers],
        "headers": {"response": {"set": {"X-Changed": service.header}}} if service.header else {},
    }
    return {key: value for key, value in said.items() if value}
