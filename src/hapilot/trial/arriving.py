"""At which door of the private copy a connection arrives, and how it is told there who the client is. Pure. ``run`` calls it."""

from __future__ import annotations

import ipaddress

from hapilot.compile import private
from hapilot.explain import arrivals, explanation, probe
from hapilot.languages.haproxy.evaluate import connection


def chosen(doors: tuple[private.Door, ...], asked: probe.Probe, said: explanation.Explanation) -> int | None:
    """The door at which the connection arrives: of those that fit, the explained listener's, for the IP version of whoever connects.
    Where no door has the port, one that has none."""
    comes_from = said.proxy.peer if said.proxy and said.proxy.peer else asked.source
    version = ipaddress.ip_address(comes_from).version
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


def header(at: private.Door, asked: probe.Probe, said: explanation.Explanation) -> connection.ProxyHeader | None:
    """Who the client is and where it believes it connects to, where that is said in front. A load balancer says it only where
    ``explain`` has one that can come to the door."""
    if at.bare or (at.balanced and said.proxy is None):
        return None
    return arrivals.header(asked, ipaddress.ip_address(at.host) if at.host else None)
