"""The value that passes hand on: a Build in the making. Each pass returns a new one with its part filled in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar

from hapilot.base.diagnostics import Diagnostic
from hapilot.base.memory import Memory
from hapilot.compile import build
from hapilot.compile.target import Target
from hapilot.languages.haproxy import tree
from hapilot.model import values
from hapilot.model.listener import Listener
from hapilot.model.service import Service
from hapilot.model.site import Site

_One = TypeVar("_One", Service, Listener)

Inner = Literal["tls", "plain", "ssh", "tcp"]
"""The kinds of connection that a listener tells apart by their first bytes."""


@dataclass(frozen=True, slots=True)
class Redirect:
    """Plain HTTP for ``host`` (None: every host) is sent to https on ``port``."""

    host: values.HostPattern | None
    port: int
    route: build.Route


@dataclass(frozen=True, slots=True)
class Policy:
    """What a listener asks of clients' certificates for some hosts. ``name`` is a number that tables can hold."""

    name: str
    ca: str
    """The CA file as the site file calls it."""
    require: bool


@dataclass(frozen=True, slots=True)
class Entrance:
    """What a listener has to do, worked out from its routes; the frontends follow from it."""

    name: str
    listener: Listener
    terminated: tuple[build.Route, ...]
    passed: tuple[build.Route, ...]
    streams: tuple[build.Route, ...]
    plain: tuple[build.Route, ...]
    ssh: tuple[build.Route, ...]
    tcp: tuple[build.Route, ...]
    redirects: tuple[Redirect, ...]
    answers_plain: bool
    """Whether plain HTTP is spoken at all: routes or redirects."""
    policies: Mapping[str, Policy | None] = field(default_factory=dict[str, "Policy | None"])
    """What is asked of clients' certificates, by each name that a certificate or a route here has; empty if it is nothing anywhere."""

    @property
    def default_hosts(self) -> tuple[str, ...]:
        """The hosts of the service for what nothing else matches, where its TLS ends here: who says another name, or none, is
        shown its certificate."""
        if self.listener.default is None:
            return ()
        ended = (*self.terminated, *self.streams)
        if not any(route.service == self.listener.default and route.host is None for route in ended):
            return ()
        return tuple(route.host_key for route in ended if route.service == self.listener.default and route.host is not None)

    @property
    def looks_at_sni(self) -> bool:
        """Whether the ClientHello decides: a host is passed through, or one is while others end here."""
        return any(route.host for route in self.passed) or self._ways_for_tls > 1

    @property
    def _ways_for_tls(self) -> int:
        """Among how many places TLS is divided: requests, streams, and what is passed through."""
        return sum(bool(routes) for routes in (self.terminated, self.streams, self.passed))

    @property
    def inner(self) -> tuple[Inner, ...]:
        """The kinds of connection that share the listener."""
        present: list[Inner] = []
        if self._ways_for_tls:
            present.append("tls")
        if self.answers_plain:
            present.append("plain")
        if self.ssh:
            present.append("ssh")
        if self.tcp:
            present.append("tcp")
        return tuple(present)

    @property
    def sniffs(self) -> bool:
        """Whether a TCP layer has to look at the first bytes before anything else."""
        mixed = len(self.inner) > 1 or self.listener.accept_proxy == "optional"
        return mixed or self._ways_for_tls > 1

    @property
    def tls_frontend(self) -> str:
        """The frontend that terminates TLS: the listener's own where it is the only layer."""
        return f"{self.name}.tls" if self.sniffs else self.name

    @property
    def stream_frontend(self) -> str:
        """The frontend that ends TLS of what is no HTTP: the listener's own where it is the only layer."""
        return f"{self.name}.streams" if self.sniffs else self.name

    @property
    def routes(self) -> tuple[build.Route, ...]:
        """Everything that it leads to, without redirects."""
        return (*self.terminated, *self.passed, *self.streams, *self.plain, *self.ssh, *self.tcp)

    @property
    def plain_frontend(self) -> str:
        """The frontend that speaks plain HTTP: the listener's own where it is the only layer."""
        return f"{self.name}.plain" if self.sniffs else self.name


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A service with its places. One that says the same at the same places as the last time is the same object, so what follows from it
    alone need not be worked out again."""

    name: str
    service: Service
    places: object
    """What stands for all of them, None where nobody knows."""


@dataclass(frozen=True, slots=True)
class BackendPlan:
    """One HAProxy backend to make: a service, and the port for its servers that say none."""

    name: str
    service: str
    port: int | None


@dataclass(frozen=True, slots=True)
class Draft:
    """A Build in the making."""

    site: Site
    target: Target
    routes: tuple[build.Route, ...] = ()
    by_listener: Mapping[str, tuple[build.Route, ...]] = field(default_factory=dict[str, tuple[build.Route, ...]])
    entrances: tuple[Entrance, ...] = ()
    plans: tuple[BackendPlan, ...] = ()
    policies: Mapping[tuple[str, bool], Policy] = field(default_factory=dict[tuple[str, bool], Policy])
    """What services ask of clients' certificates: by CA file and whether one is required."""
    unaddressed: frozenset[str] = frozenset()
    """The services some of whose clients may have no address that is known."""
    counted_in: Mapping[str, str] = field(default_factory=dict[str, str])
    """The backend where a service's clients are counted, by the service."""
    tables: tuple[build.Table, ...] = ()
    scripts: tuple[build.Script, ...] = ()
    pages: Mapping[tuple[str, str], build.Page] = field(default_factory=dict[tuple[str, str], build.Page])
    """By service, and status or ``maintenance``."""
    layers: tuple[build.Layer, ...] = ()
    backends: tuple[build.BackendUse, ...] = ()
    sections: tuple[tree.Section, ...] = ()
    spares: tuple[tree.Section, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    memory: Memory = field(default_factory=Memory, compare=False)
    """What passes have worked out before."""
    services: Mapping[str, Service] = field(init=False)
    """The site's services, but for those that are kept as written."""
    listeners: Mapping[str, Listener] = field(init=False)
    """The site's listeners, but for those that are kept as written; expansion has filled them in."""

    def __post_init__(self) -> None:
        said = self.site.spec
        object.__setattr__(self, "services", self.memory.once("our services", (said.services,), lambda: _ours(said.services)))
        object.__setattr__(self, "listeners", _ours(said.listeners or {}))

    @property
    def parts(self) -> tuple[Part, ...]:
        """The site's services with their places, in order."""
        return self.memory.once("parts", (self.site,), self._parts)

    def _parts(self) -> tuple[Part, ...]:
        before: Mapping[str, Part] = self.memory.former("parts by name", {})
        places = self.site.origins.of_services
        made: dict[str, Part] = {}
        for name, one in self.services.items():
            part, place = before.get(name), places.get(name)
            is_same = part is not None and place is not None and part.service is one and part.places is place
            made[name] = part if is_same and part is not None else Part(name, one, place)
        return tuple(self.memory.keep("parts by name", made).values())

    def those(self, what: str, holds: Callable[[str, Service], bool]) -> list[tuple[str, Service]]:
        """The services for which something holds, whatever else there is and wherever they are said."""
        services = list(self.services.items())
        return [services[index] for index in self.memory.those(what, (self.services.keys(), self.services.values()), holds)]

    def routes_on(self, listener: str) -> tuple[build.Route, ...]:
        """The routes of one listener, in their order."""
        return self.by_listener.get(listener, ())

    def routing(self, routes: Iterable[build.Route]) -> Draft:
        """With these routes, which are in order already."""
        ordered = self.memory.row("routes", routes)
        return replace(self, routes=ordered, by_listener=self.memory.once("routes by listener", (ordered,), lambda: _grouped(ordered)))

    def noting(self, found: Iterable[Diagnostic]) -> Draft:
        """With further diagnostics."""
        return replace(self, diagnostics=(*self.diagnostics, *found))

    def adding(self, *sections: tree.Section) -> Draft:
        """With further sections of the configuration."""
        return replace(self, sections=(*self.sections, *sections))


def _ours(every: Mapping[str, _One]) -> Mapping[str, _One]:
    """Those in which hapilot decides what HAProxy is told."""
    return every if all(one.from_ is None for one in every.values()) else {name: one for name, one in every.items() if one.from_ is None}


def _grouped(routes: tuple[build.Route, ...]) -> dict[str, tuple[build.Route, ...]]:
    grouped: dict[str, list[build.Route]] = {}
    for route in routes:
        grouped.setdefault(route.listener, []).append(route)
    return {name: tuple(group) for name, group in grouped.items()}
