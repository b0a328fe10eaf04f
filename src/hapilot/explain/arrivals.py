"""Where a connection may arrive, and from whom: the target of a question against the addresses of the site's listeners, and those of
``bind`` lines that a user wrote.

In: a Build, once, and a Probe for each question. Out: the Connections to follow. Called by ``explain``; ``trial`` takes the load
balancer's address and words from here too. A host name does not say at which address it arrives, so there may be several.

Where a listener requires a PROXY header, its clients are behind a load balancer: the connection comes from there.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from hapilot.compile import build
from hapilot.explain import own_binds, probe
from hapilot.languages.haproxy.evaluate import connection
from hapilot.model import listener, values

CLIENT_PORT = 50000
"""Of the client's end: any will do."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """One address of a listener."""

    bind: values.BindAddress
    accept_proxy: str
    trusted: Sequence[values.IPNetwork]
    ports: range
    socket: str = ""
    """The address of a user's own line, where it is a socket's name."""

    def specificity(self, address: connection.Address) -> int:
        """How exactly it covers ``address``: 2 for the address itself, 1 for all of its family, 0 for not at all."""
        host = ipaddress.ip_address(self.bind.host) if self.bind.host else None
        if host == address:
            return 2
        return int(host is None or (host.is_unspecified and host.version == address.version))


class Arrivals:
    """The addresses of one Build, by port and by listener."""

    def __init__(self, made: build.Build) -> None:
        listeners = made.site.spec.listeners or {}
        self._listeners = {name: [_entry(bind, one) for bind in one.bind] for name, one in listeners.items() if one.from_ is None}
        for own in own_binds.find(made):
            self._listeners.setdefault(own.listener, []).append(_written(own))
        self._by_port: dict[int, list[_Entry]] = {}
        self._wide: list[_Entry] = []
        self._portless: list[_Entry] = []
        for entry in (entry for entries in self._listeners.values() for entry in entries):
            if len(entry.ports) == 1:
                self._by_port.setdefault(entry.bind.port, []).append(entry)
            else:
                (self._wide if entry.ports else self._portless).append(entry)

    @property
    def names(self) -> tuple[str, ...]:
        """The listeners, and the frontends of a user's own."""
        return tuple(self._listeners)

    def _at_port(self, port: int) -> list[_Entry]:
        wide = (replace(entry, bind=replace(entry.bind, port=port)) for entry in self._wide if port in entry.ports)
        return [*self._by_port.get(port, ()), *wide]

    def of(self, asked: probe.Probe) -> Iterator[connection.Connection]:
        """``asked`` at each address where it may arrive: at those of the listener that it names; else at the target's own, or at those
        of its port; else, where no address of the site has the port, at sockets that have none."""
        if asked.listener:
            entries: Sequence[_Entry] = self._listeners.get(asked.listener, ())
        elif asked.host and asked.address is not None:
            yield from self._at_address(asked, asked.address)
            return
        else:
            entries = self._at_port(asked.port) or self._portless
        for entry in entries:
            yield from _at_entry(asked, entry)

    def _at_address(self, asked: probe.Probe, address: connection.Address) -> Iterator[connection.Connection]:
        """At the target's own address, whoever has it: a user's own lines may."""
        having = max(self._at_port(asked.port), key=lambda entry: entry.specificity(address), default=None)
        if having is not None and having.specificity(address) and _is_announced(asked, having):
            yield from _at_entry(asked, replace(having, bind=replace(having.bind, host=str(address))))
        else:
            place = connection.Endpoint(address, asked.port)
            yield connection.Connection(place, asked.first(), _client(asked), place, asked.proxy)


def balancer(trusted: Sequence[values.IPNetwork], version: int | None) -> connection.Address | None:
    """Where the load balancer is that may connect: the first trusted address, of an IP version if it must be one. None if nobody's is."""
    network = next((one for one in trusted if version in (None, one.version)), None)
    if network is None:
        return None
    first = network.network_address
    # Where everyone is trusted, the first address is nobody's.
    return _loopback(first.version) if first.is_unspecified and _loopback(first.version) in network else first


def header(asked: probe.Probe, at: connection.Address | None) -> connection.ProxyHeader:
    """Who the client is and where it believes it connects to: at the target's address, else at that of the bind. Both have one IP version
    in a header, and it is the client's that counts."""
    source = ipaddress.ip_address(asked.source)
    host = asked.address or at or source
    if host.is_unspecified or host.version != source.version:
        host = source
    return connection.ProxyHeader(2, "proxy", _client(asked), connection.Endpoint(host, asked.port))


def _entry(bind: values.BindAddress, one: listener.Listener) -> _Entry:
    return _Entry(bind, one.accept_proxy, one.trusted, range(bind.port, bind.port + 1) if bind.kind == "tcp" else range(0))


def _written(own: own_binds.OwnBind) -> _Entry:
    """Whoever connects to a socket that takes a PROXY header is trusted: what else a configuration asks for, it decides itself."""
    return _Entry(own.address, "required" if own.takes_header else "never", (), own.ports, own.socket)


def _is_announced(asked: probe.Probe, by: _Entry) -> bool:
    """Whether the load balancer in front of the listener sends a header that says who the client is."""
    return asked.behind_balancer and asked.proxy is None and by.accept_proxy == "required"


def _at_entry(asked: probe.Probe, entry: _Entry) -> Iterator[connection.Connection]:
    bind = entry.bind
    if entry.socket:
        yield connection.Connection(entry.socket, asked.first(), proxy=_announced(asked, entry).proxy)
        return
    if not _is_announced(asked, entry):
        yield _arriving(asked, bind, _client(asked))
        return
    told = _announced(asked, entry)
    if bind.kind == "unix":
        yield _arriving(told, bind, _client(asked))
        return
    peers = [peer for version in _versions(asked, bind) if (peer := balancer(entry.trusted, version)) is not None]
    for peer in peers:
        yield _arriving(told, bind, connection.Endpoint(peer, CLIENT_PORT))
    if not peers and not entry.trusted and entry.accept_proxy == "required":
        yield _arriving(told, bind, _client(asked))
    elif not peers:
        # No load balancer can reach the address. Whoever does is a stranger, and hears so.
        yield _arriving(asked, bind, _client(asked))


def _announced(asked: probe.Probe, entry: _Entry) -> probe.Probe:
    """The question with the header that says who the client is, where one is sent."""
    if not _is_announced(asked, entry):
        return asked
    return replace(asked, proxy=header(asked, ipaddress.ip_address(entry.bind.host) if entry.bind.host else None))


def _versions(asked: probe.Probe, bind: values.BindAddress) -> tuple[int | None, ...]:
    """The IP versions in which a load balancer may connect to the address, that of the client first."""
    if bind.kind == "fd":
        return (None,)
    if bind.host:
        return (ipaddress.ip_address(bind.host).version,)
    return (4, 6) if ipaddress.ip_address(asked.source).version == 4 else (6, 4)


def _arriving(asked: probe.Probe, bind: values.BindAddress, source: connection.Endpoint) -> connection.Connection:
    """The connection of ``source``, which has the client's words."""
    if bind.kind == "unix":
        # The client of a unix socket has no address, whoever it is.
        return connection.Connection(f"unix@{bind.path}", asked.first(), proxy=asked.proxy)
    address = source.ip if bind.kind == "fd" or not bind.host else ipaddress.ip_address(bind.host)
    if address.is_unspecified:
        address = source.ip if address.version == source.ip.version else _loopback(address.version)
    if bind.kind == "fd":
        # What kind of socket it is nobody knows before it is there; most are TCP, and have the port that the target says.
        here = connection.Endpoint(address, asked.port)
        return connection.Connection(f"fd@{bind.fd}", asked.first(), source, here, asked.proxy)
    place = connection.Endpoint(address, bind.port)
    return connection.Connection(place, asked.first(), source, place, asked.proxy)


def _client(asked: probe.Probe) -> connection.Endpoint:
    return connection.Endpoint(ipaddress.ip_address(asked.source), CLIENT_PORT)


def _loopback(version: int) -> connection.Address:
    return ipaddress.ip_address("::1" if version == 6 else "127.0.0.1")
