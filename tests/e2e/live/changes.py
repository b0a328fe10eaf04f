"""Changes of the site, drawn at random, each with its kind and with what must be seen once it is effective.

Pure: the same seed gives the same changes. In: a site and a `random.Random`. Out: a `Change` with the site after it. What a kind does is
in the table `KINDS`; a kind that can't be had now (nothing left to remove) gives None, and another one is drawn. Called by both tests.

Services that carry load keep a server that gets requests, and their first host and path; what is added goes before that in nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import TypeVar

from e2e.live import checks, wanted

MOST_HOSTS, MOST_PATHS, MOST_CERTIFICATES, MOST_ADDED, MOST_PASSED = 5, 4, 8, 6, 5
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Change:
    """One change. ``object`` is what it is about, ``issue`` the certificate file to write (again) before the site, with its names."""

    kind: str
    object: str
    site: wanted.Site
    expected: tuple[checks.Check, ...]
    issue: tuple[str, tuple[str, ...]] | None = None


@dataclass(frozen=True, slots=True)
class Draw:
    """What a kind may use: the site as it is, a source of randomness, a number that no other change has, ports."""

    site: wanted.Site
    random: Random
    number: int
    ports: wanted.Ports

    def choice(self, among: Sequence[T]) -> T | None:
        """One of them, or None where there is none."""
        return self.random.choice(among) if among else None

    def service(self, fits: Callable[[str, wanted.Service], bool]) -> tuple[str, wanted.Service] | None:
        """Some service that fits."""
        return self.choice([(name, one) for name, one in self.site.services.items() if fits(name, one)])


def _name(given: Draw, prefix: str, used: Collection[str], suffix: str = "") -> str:
    """One of a few names, so that what was removed comes back under the same name before all of its connections have ended."""
    names = [f"{prefix}{number}{suffix}" for number in range(len(used) + 4)]
    return given.random.choice([name for name in names if name not in used])


def _domain(service: wanted.Service) -> str:
    return f".{wanted.ENDED if service.tls == 'edge' else wanted.PASSED}"


def _hosts(site: wanted.Site) -> set[str]:
    return {host for service in site.services.values() for host in service.hosts}


def draw(given: Draw, among: Collection[str] = ()) -> Change:
    """The next change, of one of the kinds in ``among``, which is of any kind where that is empty."""
    kinds = [kind for kind in KINDS if kind in among or not among]
    weights = [KINDS[kind][1] for kind in kinds]
    while True:
        kind = given.random.choices(kinds, weights)[0]
        made = KINDS[kind][0](given)
        if made is not None:
            return replace(made, kind=kind)


def _servers_changed(given: Draw, name: str, servers: tuple[wanted.Server, ...], *expected: checks.Check) -> Change:
    service = given.site.services[name]
    return Change("", name, given.site.with_service(name, replace(service, servers=servers)), expected)


def _add_server(given: Draw) -> Change | None:
    found = given.service(lambda _, one: one.protocol == "http" and bool(one.free))
    if found is None:
        return None
    name, service = found
    port = given.random.choice(service.free)
    new = wanted.Server(_name(given, "n", [one.name for one in service.servers]), port)
    return _servers_changed(given, name, (*service.servers, new), checks.Served(checks.place(given.site, name), port))


def _spare_server(given: Draw, name: str) -> wanted.Server | None:
    """A server without which others of the service still get requests."""
    servers = given.site.services[name].servers
    return given.choice([one for one in servers if any(other.weight for other in servers if other is not one)])


def _with_spare(given: Draw) -> tuple[str, wanted.Service, wanted.Server] | None:
    found = given.service(lambda name, one: one.protocol == "http" and _spare_server(given, name) is not None)
    if found is None:
        return None
    spare = _spare_server(given, found[0])
    return (*found, spare) if spare is not None else None


def _remove_server(given: Draw) -> Change | None:
    found = _with_spare(given)
    if found is None:
        return None
    name, service, gone = found
    left = tuple(one for one in service.servers if one is not gone)
    return _servers_changed(given, name, left, checks.Never(checks.place(given.site, name), gone.port))


def _move_server(given: Draw) -> Change | None:
    found = given.service(lambda _, one: one.protocol == "http" and bool(one.free) and bool(one.serving))
    if found is None:
        return None
    name, service = found
    old = given.random.choice(service.serving)
    new = replace(old, port=given.random.choice(service.free))
    where = checks.place(given.site, name)
    servers = tuple(new if one is old else one for one in service.servers)
    return _servers_changed(given, name, servers, checks.Served(where, new.port), checks.Never(where, old.port))


def _weigh_server(given: Draw) -> Change | None:
    found = _with_spare(given)
    if found is None:
        return None
    name, service, old = found
    new = replace(old, weight=given.random.choice([weight for weight in (0, 30, 60, wanted.WEIGHT) if weight != old.weight]))
    seen = (checks.Served if new.weight else checks.Never)(checks.place(given.site, name), new.port)
    return _servers_changed(given, name, tuple(new if one is old else one for one in service.servers), seen)


def _add_host(given: Draw) -> Change | None:
    found = given.service(lambda _, one: one.tls != "none" and not one.paths and len(one.hosts) < MOST_HOSTS)
    if found is None:
        return None
    name, service = found
    host = _name(given, "h", _hosts(given.site), _domain(service))
    after = given.site.with_service(name, replace(service, hosts=(*service.hosts, host)))
    served = checks.Served(checks.place(after, name, host), service.serving[0].port)
    return Change("", f"{host} to {name}", after, (served, *checks.redirected(after, service, host)))


def _remove_host(given: Draw) -> Change | None:
    found = given.service(lambda _, one: len(one.hosts) > 1)
    if found is None:
        return None
    name, service = found
    host = given.random.choice(service.hosts[1:])
    after = given.site.with_service(name, replace(service, hosts=tuple(one for one in service.hosts if one != host)))
    kept = {stem: names for stem, names in given.site.certificates.items() if host not in names}
    gone = (checks.Unserved(checks.place(after, name, host)), *checks.redirected(after, service, host, is_known=False))
    return Change("", f"{host} from {name}", replace(after, certificates=kept), gone)


def _add_path(given: Draw) -> Change | None:
    service = given.site.services["api"]
    if len(service.paths) >= MOST_PATHS:
        return None
    path = _name(given, "/p", service.paths)
    after = given.site.with_service("api", replace(service, paths=(*service.paths, path)))
    return Change("", f"{path} to api", after, (checks.Served(checks.place(after, "api", path=path), service.serving[0].port),))


def _remove_path(given: Draw) -> Change | None:
    """What lies under it belongs to the shop again."""
    service = given.site.services["api"]
    path = given.choice(service.paths[1:])
    if path is None:
        return None
    after = given.site.with_service("api", replace(service, paths=tuple(one for one in service.paths if one != path)))
    served = checks.Served(checks.place(after, "api", path=path), given.site.services["shop"].serving[0].port)
    return Change("", f"{path} from api", after, (served,))


def _certificate(given: Draw, stem: str, host: str) -> Change:
    after = replace(given.site, certificates={**given.site.certificates, stem: (host,)})
    shown = checks.Shown(checks.Place(given.site.listeners["https"], host), stem)
    return Change("", f"{stem}.pem for {host}", after, (shown,), (stem, (host,)))


def _add_certificate(given: Draw) -> Change | None:
    """A host that the wildcard covers gets one of its own."""
    own = {name for names in given.site.certificates.values() for name in names}
    hosts = [host for one in given.site.services.values() if one.tls == "edge" for host in one.hosts if host not in own]
    host = given.choice(sorted(set(hosts)))
    is_full = len(given.site.certificates) > MOST_CERTIFICATES
    return None if host is None or is_full else _certificate(given, _name(given, "c", given.site.certificates), host)


def _replace_certificate(given: Draw) -> Change | None:
    """The same file with another certificate; the wildcard's too, which hosts without their own show."""
    stem = given.random.choice(list(given.site.certificates))
    if stem != wanted.WILDCARD:
        return _certificate(given, stem, given.site.certificates[stem][0])
    names = given.site.certificates[stem]
    shown = checks.Shown(checks.Place(given.site.listeners["https"], f"nobody.{wanted.ENDED}"), stem)
    return Change("", f"{stem}.pem", given.site, (shown,), (stem, names))


def _remove_certificate(given: Draw) -> Change | None:
    stem = given.choice([stem for stem in given.site.certificates if stem != wanted.WILDCARD])
    if stem is None:
        return None
    left = {name: names for name, names in given.site.certificates.items() if name != stem}
    host = given.site.certificates[stem][0]
    shown = checks.Shown(checks.Place(given.site.listeners["https"], host), wanted.WILDCARD)
    return Change("", f"{stem}.pem", replace(given.site, certificates=left), (shown,))


def _new_service(given: Draw, service: wanted.Service, most: int) -> Change | None:
    there = [one for name, one in given.site.services.items() if name not in wanted.LOADED and one.tls == service.tls]
    if len(there) >= most:
        return None
    name = _name(given, service.tls, given.site.services)
    service = replace(service, hosts=(_name(given, "h", _hosts(given.site), _domain(service)),))
    count = given.random.randint(1, 2)
    servers = tuple(wanted.Server(f"s{port}", port) for port in given.random.sample(service.pool, count))
    after = given.site.with_service(name, replace(service, servers=servers))
    served = tuple(checks.Served(checks.place(after, name), one.port) for one in servers)
    return Change("", name, after, (*served, *checks.redirected(after, service, service.hosts[0])))


def _add_service(given: Draw) -> Change | None:
    return _new_service(given, wanted.Service("edge", (), given.ports.added), MOST_ADDED)


def _add_passthrough(given: Draw) -> Change | None:
    return _new_service(given, wanted.Service("passthrough", (), given.ports.passed), MOST_PASSED)


def _removes(tls: str) -> Callable[[Draw], Change | None]:
    def remove(given: Draw) -> Change | None:
        found = given.service(lambda name, one: one.tls == tls and name not in wanted.LOADED)
        if found is None:
            return None
        name, service = found
        kept = {stem: names for stem, names in given.site.certificates.items() if not set(names) & set(service.hosts)}
        after = replace(given.site.without_service(name), certificates=kept)
        gone = tuple(checks.Unserved(checks.place(given.site, name, host)) for host in service.hosts)
        return Change("", name, after, gone)

    return remove


def _change_header(given: Draw) -> Change | None:
    found = given.service(lambda _, one: one.tls == "edge")
    if found is None:
        return None
    name, service = found
    after = given.site.with_service(name, replace(service, header=f"v{given.number}"))
    return Change("", name, after, (checks.Marked(checks.place(after, name), f"v{given.number}"),))


def _add_listener(given: Draw) -> Change | None:
    """With a service of its own, in plain HTTP."""
    port = given.choice([port for port in given.ports.extra if port not in given.site.listeners.values()])
    if port is None:
        return None
    name = _name(given, "extra", given.site.listeners)
    plain = _name(given, "plain", given.site.services)
    behind = given.random.choice(given.ports.added)
    service = wanted.Service("none", (wanted.Server(f"s{behind}", behind),), given.ports.added, listener=name)
    after = replace(given.site, listeners={**given.site.listeners, name: port}).with_service(plain, service)
    return Change("", f"{name} on {port}", after, (checks.Served(checks.place(after, plain), behind),))


def _remove_listener(given: Draw) -> Change | None:
    found = given.service(lambda _, one: one.listener.startswith("extra"))
    if found is None:
        return None
    name, service = found
    left = {key: port for key, port in given.site.listeners.items() if key != service.listener}
    after = replace(given.site.without_service(name), listeners=left)
    return Change("", service.listener, after, (checks.Closed(given.site.listeners[service.listener]),))


KINDS: Mapping[str, tuple[Callable[[Draw], Change | None], int]] = {
    "server added": (_add_server, 8),
    "server removed": (_remove_server, 8),
    "server moved": (_move_server, 8),
    "server weighed": (_weigh_server, 8),
    "host added": (_add_host, 8),
    "host removed": (_remove_host, 7),
    "path added": (_add_path, 7),
    "path removed": (_remove_path, 7),
    "certificate added": (_add_certificate, 6),
    "certificate replaced": (_replace_certificate, 7),
    "certificate removed": (_remove_certificate, 3),
    "http service added": (_add_service, 7),
    "http service removed": (_removes("edge"), 6),
    "passthrough service added": (_add_passthrough, 6),
    "passthrough service removed": (_removes("passthrough"), 5),
    "header changed": (_change_header, 3),
    "listener added": (_add_listener, 3),
    "listener removed": (_remove_listener, 4),
}
"""How each kind is made, and how often it comes, compared to others."""

RELOADS = frozenset({"certificate removed", "header changed", "listener added", "listener removed"})
"""Kinds that may need a reload; all others must not."""
