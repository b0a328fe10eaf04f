"""Where a server is a ``bind`` of the same configuration, reached over TCP: the way goes on there.

Comes in: a server line and all binds. Goes out: the socket that takes the connection, and both ends as it sees them. Used by ``servers``.
What hapilot makes goes on over unix sockets, which are found by their names; configurations of others often go on over 127.0.0.1.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

from hapilot.languages.haproxy.evaluate.binds import Bind, Server
from hapilot.languages.haproxy.evaluate.connection import Endpoint
from hapilot.languages.haproxy.evaluate.proxies import Proxy
from hapilot.languages.haproxy.evaluate.values import Unknown

Find = Callable[[Endpoint], "tuple[Proxy, Bind] | None"]


def target(server: Server, find: Find) -> tuple[tuple[Proxy, Bind], Endpoint] | None:
    """The socket of the same configuration that a server is, with its address; None for another one. Raises Unknown where the address
    that the connection comes from is said, which is not followed."""
    host, colon, port = server.address.removeprefix("ipv4@").removeprefix("ipv6@").rpartition(":")
    if not colon or not port.isdigit():
        return None
    try:
        at = Endpoint(ipaddress.ip_address(host.strip("[]")), int(port))
    except ValueError:
        return None
    found = find(at)
    is_here = at.ip.is_loopback or (found is not None and found[1].specificity(at) == 2)
    if found is None or not is_here:
        return None
    if server.has("source") or server.has("namespace"):
        raise Unknown(f"from where the connection to {server.address} comes")
    return found, at


def client(at: Endpoint) -> Endpoint:
    """Who connects to an address of this machine: the address itself, from a port that nobody knows."""
    return Endpoint(at.ip, 0)
