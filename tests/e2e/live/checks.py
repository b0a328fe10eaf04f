"""What must be seen from outside once a change is effective, as values.

Pure. ``changes`` says them for one change, :func:`of_site` for a whole site; ``probing`` looks whether they hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from e2e.live import wanted


@dataclass(frozen=True, slots=True)
class Place:
    """Where a client asks: a port of 127.0.0.1, and over TLS if there is to be any."""

    port: int
    host: str
    path: str = "/"
    is_tls: bool = True


@dataclass(frozen=True, slots=True)
class Served:
    """The server on port ``by`` answers there, if not every time."""

    place: Place
    by: int


@dataclass(frozen=True, slots=True)
class Never:
    """The server on port ``by`` does not answer there, and others do."""

    place: Place
    by: int


@dataclass(frozen=True, slots=True)
class Unserved:
    """No server answers there."""

    place: Place


@dataclass(frozen=True, slots=True)
class Closed:
    """Nobody listens on the port."""

    port: int


@dataclass(frozen=True, slots=True)
class Shown:
    """The certificate that was last written to ``certs/STEM.pem`` is shown there."""

    place: Place
    stem: str


@dataclass(frozen=True, slots=True)
class Marked:
    """Answers there have this header X-Changed."""

    place: Place
    header: str


@dataclass(frozen=True, slots=True)
class Redirected:
    """Plain requests for the host are sent to https; with ``is_known`` false the host is not known there."""

    port: int
    host: str
    is_known: bool = True


Check = Served | Never | Unserved | Closed | Shown | Marked | Redirected


def place(site: wanted.Site, name: str, host: str = "", path: str = "") -> Place:
    """Where a service is asked for: under its first host and path, if none is given."""
    service = site.services[name]
    asked = host or (service.hosts[0] if service.hosts else "127.0.0.1")
    return Place(
        site.listeners[service.listener or "https"], asked, path or (service.paths[0] if service.paths else "/"), service.tls != "none"
    )


def redirected(site: wanted.Site, service: wanted.Service, host: str, *, is_known: bool = True) -> tuple[Check, ...]:
    """Plain requests for a host of a service that is reached by TLS."""
    return (Redirected(site.listeners["http"], host, is_known),) if service.tls != "none" else ()


def of_site(site: wanted.Site) -> Iterator[Check]:
    """Everything that is seen of a site: every host and path, every server, every certificate."""
    for name, service in site.services.items():
        if service.protocol == "http":
            yield from _of_service(site, name, service)
    for stem, names in site.certificates.items():
        if stem != wanted.WILDCARD:
            yield Shown(Place(site.listeners["https"], names[0]), stem)


def _of_service(site: wanted.Site, name: str, service: wanted.Service) -> Iterator[Check]:
    for server in service.servers:
        yield (Served if server.weight else Never)(place(site, name), server.port)
    for host in service.hosts:
        yield from redirected(site, service, host)
    for host in service.hosts[1:]:
        yield Served(place(site, name, host), service.serving[0].port)
    for path in service.paths[1:]:
        yield Served(place(site, name, path=path), service.serving[0].port)
    if service.header:
        yield Marked(place(site, name), service.header)
