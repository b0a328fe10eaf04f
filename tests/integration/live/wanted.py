"""The model: what a site says, as values, with its text and what must come of it.

Pure. ``editing`` makes one site of another, ``operating`` writes it where it is applied, ``looking`` compares HAProxy with it. Nothing
here asks hapilot: what a route leads to and which servers get requests is said once more, in a few lines of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import yaml

from hapilot.runtime import overrides

Mode = Literal["edge", "passthrough", "plain"]
SUFFIX: Mapping[Mode, str] = {"edge": "s.test", "passthrough": "p.test", "plain": "w.test"}
"""Names of each mode end so; one wildcard certificate covers all of the first."""
USUAL: Mapping[Mode, str] = {"edge": "tls", "passthrough": "tls", "plain": "web"}
"""The listener of a mode."""
HERE = "127.0.0.0/8"
"""Where the tests connect from."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server of a service, on 127.0.0.1."""

    name: str
    port: int
    weight: int = 1
    maintenance: bool = False
    limit: int = 0


@dataclass(frozen=True, slots=True)
class Service:
    """A service. Without ``paths`` it has all of its hosts. ``header`` is set on its answers, and ``allow`` are the networks that may use
    it, all where it is empty."""

    mode: Mode
    hosts: tuple[str, ...]
    servers: tuple[Server, ...]
    paths: tuple[str, ...] = ()
    listener: str = ""
    header: str = ""
    allow: tuple[str, ...] = ()
    balance: str = ""
    sticky: bool = False

    @property
    def at(self) -> str:
        """The name of its listener."""
        return self.listener or USUAL[self.mode]

    @property
    def routes(self) -> Iterator[tuple[str, str]]:
        """Each host with each path."""
        return ((host, path) for host in self.hosts for path in self.paths or ("/",))


@dataclass(frozen=True, slots=True)
class Certificate:
    """A file for these hosts. ``serial`` tells it from those that had its place before."""

    hosts: tuple[str, ...]
    serial: int


@dataclass(frozen=True, slots=True)
class Site:
    """A site. ``ports`` are those of its listeners, of which it has those that some service uses; ``certificates`` are files by stem,
    ``signed`` the names of a certificate that hapilot makes, and ``issued`` counts the files that were ever made."""

    ports: Mapping[str, int]
    services: Mapping[str, Service]
    certificates: Mapping[str, Certificate] = field(default_factory=dict[str, Certificate])
    signed: tuple[str, ...] = (f"*.{SUFFIX['edge']}",)
    issued: int = 0

    def with_service(self, name: str, service: Service) -> Site:
        """With one more, or with this one in the place of another."""
        return replace(self, services={**self.services, name: service})

    def without_service(self, name: str) -> Site:
        """With one less."""
        return replace(self, services={key: one for key, one in self.services.items() if key != name})

    @property
    def listeners(self) -> Mapping[str, int]:
        """Those that are open, with their ports."""
        used = {service.at for service in self.services.values()}
        return {name: port for name, port in self.ports.items() if name in used}

    @property
    def routes(self) -> Mapping[tuple[str, str, str], str]:
        """Listener, host and path, and the service that they lead to."""
        return {(one.at, host, path): name for name, one in self.services.items() for host, path in one.routes}

    def shown(self, host: str) -> Certificate | None:
        """The certificate that a client of ``host`` is shown; None for the one that hapilot makes."""
        return next((one for one in self.certificates.values() if host in one.hosts), None)


def text(site: Site) -> str:
    """The site file."""
    listeners = {name: {"bind": f"127.0.0.1:{port}"} for name, port in site.listeners.items()}
    services = {name: _service(service) for name, service in site.services.items()}
    certificates: list[dict[str, Any]] = [{"file": f"certs/{stem}.pem"} for stem in site.certificates]
    said = {"listeners": listeners, "services": services, "certificates": [*certificates, {"self_signed": list(site.signed)}]}
    return yaml.safe_dump(said, sort_keys=False)


def _service(service: Service) -> dict[str, Any]:
    said = {
        "tls": {"edge": "", "passthrough": "passthrough", "plain": "none"}[service.mode],
        "host": list(service.hosts),
        "path": list(service.paths),
        "listener": service.at,
        "servers": [_server(one) for one in service.servers],
        "headers": {"response": {"set": {"X-Changed": service.header}}} if service.header else {},
        "allow": list(service.allow),
        "balance": service.balance,
        "sticky": {"cookie": "at"} if service.sticky else {},
    }
    return {key: value for key, value in said.items() if value}


def _server(server: Server) -> dict[str, Any]:
    said = {"weight": server.weight, "maintenance": server.maintenance or None, "max_connections": server.limit or None}
    return {"address": f"127.0.0.1:{server.port}", "name": server.name, **{key: value for key, value in said.items() if value is not None}}


@dataclass(frozen=True, slots=True)
class Expected:
    """What a server must be in HAProxy."""

    address: str
    state: str
    weight: int


def servers(site: Site, known: overrides.Overrides) -> dict[tuple[str, str], Expected]:
    """Every server by its service and name, with what was said of it by hand."""
    return {(name, one.name): _expected(name, one, known) for name, service in site.services.items() for one in service.servers}


def _expected(service: str, server: Server, known: overrides.Overrides) -> Expected:
    states = [one.state for one in known if one.service == service and one.server in ("", server.name) and one.state]
    weights = [one.weight for one in known if (one.service, one.server) == (service, server.name) and one.weight is not None]
    own = "maint" if server.maintenance else "ready"
    state = "maint" if "maint" in states else "drain" if "drain" in states else own
    return Expected(f"127.0.0.1:{server.port}", state, weights[0] if weights else server.weight)


def eligible(site: Site, name: str, known: overrides.Overrides) -> frozenset[int]:
    """The ports of the servers of a service that get requests."""
    every = servers(site, known)
    used = (one for one in site.services[name].servers if every[name, one.name].state == "ready" and every[name, one.name].weight)
    return frozenset(one.port for one in used)
