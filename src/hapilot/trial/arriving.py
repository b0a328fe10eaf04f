"""At which door of the private copy a connection arrives, and how it is told there who the client is. Pure. ``run`` calls it."""

from __future__ import annotations

import ipaddress

from hapilot.compile import private
from hapilot.explain import arrivals, explanation, probe
from hapilot.languages.haproxy.evaluate import connection


def chosen(doors: tuple[private.Door, ...], asked: probe.Probe, said: explanation.Explanation) -> int | None:
    """The door at which the connection arrives: of those that fit, the explained listener's, for the client's IP version. Where no
    door has the port, one that has none."""
    version = ipaddress.ip_address(asked.source).version
    fitting = [number for number, door in enumerate(doors) if door.port == asked.port and _leads_to(door, asked)]
    if not any(door.port == asked.port for door in doors) and asked.address is None:
        fitting = [number for number, door in enumerate(doors) if door.port is None]
    return min(fitting, key=lambda number: _rank(doors[number], said.listener, version), default=None)


def _leads_to(door: private.Door, asked: probe.Probe) -> bool:
    if asked.address is None or not door.host:
        return True
    host = ipaddress.ip_address(door.host)
    return host == asked.address or (host.is_unspecified and host.version == asked.address.version)


def _rank(door: private.Door, listener: str | None, version: int) -> tuple[bool, bool]:
    return door.frontend != listener, (":" in door.host) != (version == 6)


def header(at: private.Door, asked: probe.Probe) -> connection.ProxyHeader:
    """Who the client is and where it believes it connects to. Both have one IP version in a header, and it is the client's that counts."""
    source = ipaddress.ip_address(asked.source)
    host = asked.address or (ipaddress.ip_address(at.host) if at.host else source)
    if host.is_unspecified or host.version != source.version:
        host = source
    there = connection.Endpoint(host, at.port or asked.port)
    return connection.ProxyHeader(2, "proxy", connection.Endpoint(source, arrivals.CLIENT_PORT), there)
