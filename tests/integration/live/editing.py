"""Edits of a site, each by its kind and a number that chooses whom it is about. Pure: the same number makes the same edit.

In: a `wanted.Site`, and the ports of what stands behind. Out: another one, or the same where an edit has nothing to be about. Names that
came free are used again, so that what was removed and what comes in its place meet. Called by the stateful test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from . import wanted

T = TypeVar("T")
_MOST_SERVICES, _MOST_SERVERS, _MOST_HOSTS, _MOST_CERTIFICATES = 9, 4, 3, 4
_NETWORKS = ((wanted.HERE,), (wanted.HERE, "10.0.0.0/8"), ("10.0.0.0/8",))


@dataclass(frozen=True, slots=True)
class Pool:
    """The ports of stand-ins: those of plain HTTP, and those that end TLS themselves."""

    web: tuple[int, ...]
    tls: tuple[int, ...]

    def behind(self, mode: wanted.Mode) -> tuple[int, ...]:
        """What a service of this mode leads to."""
        return self.tls if mode == "passthrough" else self.web


@dataclass(frozen=True, slots=True)
class Edit:
    """A kind and the number that chooses."""

    kind: str
    number: int


@dataclass(frozen=True, slots=True)
class _Given:
    site: wanted.Site
    number: int
    pool: Pool

    def pick(self, among: Iterable[T], step: int = 1) -> T | None:
        """One of them; another ``step`` chooses independently."""
        every = list(among)
        return every[self.number // step % len(every)] if every else None

    def service(self, fits: Callable[[wanted.Service], bool] = lambda _: True) -> tuple[str, wanted.Service] | None:
        """A service."""
        return self.pick((name, one) for name, one in self.site.services.items() if fits(one))


_Make = Callable[[_Given], wanted.Site | None]


def edit(site: wanted.Site, asked: Edit, pool: Pool) -> wanted.Site:
    """``site`` after an edit."""
    return KINDS[asked.kind](_Given(site, asked.number, pool)) or site


def _unused(names: Iterable[str], prefix: str, suffix: str = "") -> str:
    taken = set(names)
    return next(name for number in range(1000) if (name := f"{prefix}{number}{suffix}") not in taken)


def _hosts(site: wanted.Site) -> list[str]:
    return [host for service in site.services.values() for host in service.hosts]


def _new_host(site: wanted.Site, mode: wanted.Mode) -> str:
    return _unused(_hosts(site), "h", f".{wanted.SUFFIX[mode]}")


def _server(given: _Given, servers: Sequence[wanted.Server], mode: wanted.Mode) -> wanted.Server | None:
    """A new one, at a port that no other of them has."""
    used = {one.port for one in servers}
    port = given.pick([port for port in given.pool.behind(mode) if port not in used], 7)
    return None if port is None else wanted.Server(_unused((one.name for one in servers), "s"), port, 1 + given.number % 3)


def _add_service(mode: wanted.Mode) -> _Make:
    def make(given: _Given) -> wanted.Site | None:
        first = _server(given, (), mode)
        if first is None or len(given.site.services) >= _MOST_SERVICES:
            return None
        second = _server(replace(given, number=given.number // 2), (first,), mode) if given.number % 2 else None
        hosts = (_new_host(given.site, mode),)
        service = wanted.Service(mode, hosts, (first, second) if second else (first,))
        return given.site.with_service(_unused(given.site.services, "v"), service)

    return make


def _remove_service(given: _Given) -> wanted.Site | None:
    found = given.service()
    return given.site.without_service(found[0]) if found and len(given.site.services) > 1 else None


def _change_mode(given: _Given) -> wanted.Site | None:
    """Another service of the same name: other hosts, other servers, another kind of backend."""
    found = given.service()
    if found is None:
        return None
    mode: wanted.Mode = "edge" if found[1].mode == "passthrough" else "passthrough"
    first = _server(given, (), mode)
    if first is None:
        return None
    left = given.site.without_service(found[0])
    return given.site.with_service(found[0], wanted.Service(mode, (_new_host(left, mode),), (first,)))


def _with_servers(given: _Given, change: Callable[[_Given, wanted.Service], tuple[wanted.Server, ...] | None]) -> wanted.Site | None:
    found = given.service()
    if found is None:
        return None
    servers = change(replace(given, number=given.number // len(given.site.services)), found[1])
    return given.site.with_service(found[0], replace(found[1], servers=servers)) if servers else None


def _add_server(given: _Given, service: wanted.Service) -> tuple[wanted.Server, ...] | None:
    new = _server(given, service.servers, service.mode)
    return (*service.servers, new) if new is not None and len(service.servers) < _MOST_SERVERS else None


def _remove_server(given: _Given, service: wanted.Service) -> tuple[wanted.Server, ...] | None:
    gone = given.pick(service.servers)
    return tuple(one for one in service.servers if one is not gone)


def _changed(change: Callable[[_Given, wanted.Server], wanted.Server]) -> _Make:
    def each(given: _Given, service: wanted.Service) -> tuple[wanted.Server, ...] | None:
        old = given.pick(service.servers)
        further = replace(given, number=given.number // len(service.servers))
        return tuple(change(further, one) if one is old else one for one in service.servers)

    return lambda given: _with_servers(given, each)


def _move(given: _Given, service: wanted.Service) -> tuple[wanted.Server, ...] | None:
    old, new = given.pick(service.servers), _server(given, service.servers, service.mode)
    return None if old is None or new is None else tuple(replace(one, port=new.port) if one is old else one for one in service.servers)


def _rename(given: _Given, service: wanted.Service) -> tuple[wanted.Server, ...] | None:
    """The same servers with their names changed round: each name stands for another address."""
    names = [one.name for one in service.servers]
    return tuple(replace(one, name=name) for one, name in zip(service.servers, [*names[1:], *names[:1]], strict=True))


def _add_host(given: _Given) -> wanted.Site | None:
    found = given.service(lambda one: len(one.hosts) < _MOST_HOSTS)
    if found is None:
        return None
    host = _new_host(given.site, found[1].mode)
    return given.site.with_service(found[0], replace(found[1], hosts=(*found[1].hosts, host)))


def _remove_host(given: _Given) -> wanted.Site | None:
    found = given.service(lambda one: len(one.hosts) > 1)
    if found is None:
        return None
    return given.site.with_service(found[0], replace(found[1], hosts=_without(found[1].hosts, given.number)))


def _without(every: tuple[T, ...], number: int) -> tuple[T, ...]:
    gone = number // 3 % len(every)
    return every[:gone] + every[gone + 1 :]


def _give_host(given: _Given) -> wanted.Site | None:
    """A host goes from a service to another."""
    one = given.service(lambda one: len(one.hosts) > 1 and not one.paths)
    if one is None:
        return None
    other = given.pick(
        [(name, o) for name, o in given.site.services.items() if name != one[0] and o.mode == one[1].mode and not o.paths], 5
    )
    if other is None:
        return None
    host, *left = one[1].hosts
    site = given.site.with_service(one[0], replace(one[1], hosts=tuple(left)))
    return site.with_service(other[0], replace(other[1], hosts=(*other[1].hosts, host)))


def _add_path(given: _Given) -> wanted.Site | None:
    found = given.service(lambda one: one.mode != "passthrough" and len(one.paths) < _MOST_HOSTS)
    if found is None:
        return None
    return given.site.with_service(found[0], replace(found[1], paths=(*found[1].paths, _unused(found[1].paths, "/p"))))


def _remove_path(given: _Given) -> wanted.Site | None:
    found = given.service(lambda one: bool(one.paths))
    if found is None:
        return None
    return given.site.with_service(found[0], replace(found[1], paths=_without(found[1].paths, given.number)))


def _certificate(given: _Given, stem: str, hosts: tuple[str, ...]) -> wanted.Site:
    issued = given.site.issued + 1
    return replace(given.site, certificates={**given.site.certificates, stem: wanted.Certificate(hosts, issued)}, issued=issued)


def _add_certificate(given: _Given) -> wanted.Site | None:
    """A host gets a certificate of its own."""
    own = {host for one in given.site.certificates.values() for host in one.hosts}
    host = given.pick(sorted({host for one in given.site.services.values() if one.mode == "edge" for host in one.hosts} - own))
    if host is None or len(given.site.certificates) >= _MOST_CERTIFICATES:
        return None
    return _certificate(given, _unused(given.site.certificates, "c"), (host,))


def _replace_certificate(given: _Given) -> wanted.Site | None:
    stem = given.pick(given.site.certificates)
    return None if stem is None else _certificate(given, stem, given.site.certificates[stem].hosts)


def _remove_certificate(given: _Given) -> wanted.Site | None:
    gone = given.pick(given.site.certificates)
    if gone is None:
        return None
    return replace(given.site, certificates={stem: one for stem, one in given.site.certificates.items() if stem != gone})


def _sign(given: _Given) -> wanted.Site | None:
    """The certificate that hapilot makes gets another name, or loses one."""
    usual, *more = given.site.signed
    return replace(given.site, signed=(usual, *(() if more else (f"n{given.number % 3}.other.test",))))


def _allow(given: _Given) -> wanted.Site | None:
    found = given.service(lambda one: one.mode != "passthrough" and bool(one.allow))
    if found is None:
        return None
    networks = given.pick([one for one in _NETWORKS if one != found[1].allow], 5) or ()
    return given.site.with_service(found[0], replace(found[1], allow=networks))


def _toggled(change: Callable[[wanted.Service], wanted.Service]) -> _Make:
    def make(given: _Given) -> wanted.Site | None:
        found = given.service(lambda one: one.mode != "passthrough")
        return given.site.with_service(found[0], change(found[1])) if found else None

    return make


def _listener(given: _Given) -> wanted.Site | None:
    """A service moves to a listener of its own, or back."""
    found = given.service(lambda one: one.mode != "passthrough")
    if found is None:
        return None
    used = {one.listener for one in given.site.services.values()}
    free = next((name for name in given.site.ports if name.startswith("extra") and name not in used), "")
    return given.site.with_service(found[0], replace(found[1], listener="" if found[1].listener else free))


def _weigh(given: _Given, one: wanted.Server) -> wanted.Server:
    return replace(one, weight=[weight for weight in (0, 1, 7, 256) if weight != one.weight][given.number % 3])


RUNTIME: Mapping[str, _Make] = {
    "edge service added": _add_service("edge"),
    "passthrough service added": _add_service("passthrough"),
    "plain service added": _add_service("plain"),
    "service removed": _remove_service,
    "server added": lambda given: _with_servers(given, _add_server),
    "server removed": lambda given: _with_servers(given, _remove_server),
    "server moved": lambda given: _with_servers(given, _move),
    "servers renamed": lambda given: _with_servers(given, _rename),
    "server weighed": _changed(_weigh),
    "server limited": _changed(lambda given, one: replace(one, limit=0 if one.limit else 50 + given.number % 9)),
    "server maintained": _changed(lambda _, one: replace(one, maintenance=not one.maintenance)),
    "host added": _add_host,
    "host removed": _remove_host,
    "host given": _give_host,
    "path added": _add_path,
    "path removed": _remove_path,
    "certificate added": _add_certificate,
    "certificate replaced": _replace_certificate,
    "certificate removed": _remove_certificate,
    "networks changed": _allow,
}
"""Kinds that HAProxy can follow while it runs."""

RELOADING: Mapping[str, _Make] = {
    "mode changed": _change_mode,
    "names signed": _sign,
    "header changed": _toggled(lambda one: replace(one, header=f"{one.header}x" if len(one.header) < 3 else "")),
    "networks limited": _toggled(lambda one: replace(one, allow=() if one.allow else (wanted.HERE,))),
    "balance changed": _toggled(lambda one: replace(one, balance="" if one.balance else "source")),
    "sticky changed": _toggled(lambda one: replace(one, sticky=not one.sticky)),
    "listener changed": _listener,
}
"""Kinds that may take a reload."""

KINDS: Mapping[str, _Make] = {**RUNTIME, **RELOADING}
