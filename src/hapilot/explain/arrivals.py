"""Where a connection may arrive: the target of a question against the addresses of the site's listeners.

In: a Build, once, and a Probe for each question. Out: the Connections to follow. Called by ``explain``. A host name does not say at
which address it arrives, so there may be several.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from hapilot.compile import build
from hapilot.explain import probe
from hapilot.languages.haproxy.evaluate import connection
from hapilot.model import values

CLIENT_PORT = 50000
"""Of the client's end: any will do."""


class Arrivals:
    """The addresses of one Build, by port and by listener."""

    def __init__(self, made: build.Build) -> None:
        self._listeners = {name: tuple(one.bind) for name, one in (made.site.spec.listeners or {}).items()}
        self._by_port: dict[int, list[values.BindAddress]] = {}
        self._portless: list[values.BindAddress] = []
        for bind in (bind for binds in self._listeners.values() for bind in binds):
            (self._by_port.setdefault(bind.port, []) if bind.kind == "tcp" else self._portless).append(bind)

    def of(self, asked: probe.Probe) -> Iterator[connection.Connection]:
        """``asked`` at each address where it may arrive: at those of the listener that it names; else at the target's own, or at those
        of its port; else, where no address of the site has the port, at sockets that have none."""
        if asked.listener:
            for bind in self._listeners.get(asked.listener, ()):
                yield _at_bind(asked, bind)
        elif asked.host and asked.address is not None:
            yield _at(asked, connection.Endpoint(asked.address, asked.port))
        else:
            for bind in self._by_port.get(asked.port) or self._portless:
                yield _at_bind(asked, bind)


def _at_bind(asked: probe.Probe, bind: values.BindAddress) -> connection.Connection:
    if bind.kind == "unix":
        # The client of a unix socket has no address, whoever it is.
        return connection.Connection(f"unix@{bind.path}", asked.first(), proxy=asked.proxy)
    source = ipaddress.ip_address(asked.source)
    address = source if bind.kind == "fd" or not bind.host else ipaddress.ip_address(bind.host)
    if address.is_unspecified:
        address = source if address.version == source.version else _loopback(address.version)
    if bind.kind == "fd":
        # What kind of socket it is nobody knows before it is there; most are TCP, and have the port that the target says.
        here = connection.Endpoint(address, asked.port)
        return connection.Connection(f"fd@{bind.fd}", asked.first(), _client(asked), here, asked.proxy)
    return _at(asked, connection.Endpoint(address, bind.port))


def _at(asked: probe.Probe, place: connection.Endpoint) -> connection.Connection:
    return connection.Connection(place, asked.first(), _client(asked), place, asked.proxy)


def _client(asked: probe.Probe) -> connection.Endpoint:
    return connection.Endpoint(ipaddress.ip_address(asked.source), CLIENT_PORT)


def _loopback(version: int) -> connection.Address:
    return ipaddress.ip_address("::1" if version == 6 else "127.0.0.1")
