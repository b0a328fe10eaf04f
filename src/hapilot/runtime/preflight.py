"""Tries every address that HAProxy is going to open, so that a busy or forbidden one is said before anything changes.

In: the wanted binds with their origins. Out: diagnostics ``port-in-use``, ``address-not-local``, ``port-privileged``. Called
before a start, and before a reload for the binds that are new.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from hapilot.base import diagnostics
from hapilot.base.origin import Origin
from hapilot.runtime import endpoints, listening


@dataclass(frozen=True, slots=True)
class WantedBind:
    """An address that the site wants to listen on: ``host`` an IP address, empty or ``*``; where the site says so."""

    host: str
    port: int
    origin: Origin

    def __str__(self) -> str:
        return str(endpoints.Endpoint(self.host, self.port))


def check_binds(wanted: Iterable[WantedBind], *, ours: Collection[int] = ()) -> tuple[diagnostics.Diagnostic, ...]:
    """What stands in the way of each bind. Ports held by the processes ``ours`` (a running HAProxy) are not in the way."""
    found = (_check(bind, ours) for bind in wanted)
    return tuple(diagnostic for diagnostic in found if diagnostic is not None)


def _check(bind: WantedBind, ours: Collection[int]) -> diagnostics.Diagnostic | None:
    problem = _try(bind)
    if problem is None:
        return None
    match problem.errno:
        case errno.EADDRINUSE:
            return _in_use(bind, ours)
        case errno.EADDRNOTAVAIL | errno.EAFNOSUPPORT:
            return _not_local(bind)
        case errno.EACCES | errno.EPERM:
            return _privileged(bind)
        case _:
            return diagnostics.error("port-in-use", f"{bind} can't be opened: {problem.strerror}", bind.origin)


def _try(bind: WantedBind) -> OSError | None:
    host = "0.0.0.0" if bind.host in ("", "*") else bind.host  # noqa: S104 - what the site asks for
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            # As HAProxy does; without it, connections that just ended would count as a user of the port.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            probe.bind((host, bind.port))
            # Two sockets with SO_REUSEADDR may both be bound; only one may listen.
            probe.listen(1)
    except OSError as problem:
        return problem
    return None


def _in_use(bind: WantedBind, ours: Collection[int]) -> diagnostics.Diagnostic | None:
    host = "0.0.0.0" if bind.host in ("", "*") else bind.host  # noqa: S104 - what the site asks for
    found = listening.owners(listening.on_port(host, bind.port))
    if found and all(owner.pid in ours for owner in found):
        return None
    others = [owner for owner in found if owner.pid not in ours]
    who = " and ".join(str(owner) for owner in others) or "another program"
    hint = "stop it, or give the listener another port or address"
    if not others:
        hint = f"{hint}; `ss -ltnp sport = :{bind.port}` as root shows which one it is"
    return diagnostics.error("port-in-use", f"{bind} is in use by {who}", bind.origin, hint)


def _not_local(bind: WantedBind) -> diagnostics.Diagnostic:
    return diagnostics.error(
        "address-not-local",
        f"no interface of this machine has the address {bind.host}",
        bind.origin,
        "correct it, or add it to an interface; for an address that moves between machines, `sysctl -w "
        f"net.ipv{6 if ':' in bind.host else 4}.ip_nonlocal_bind=1`",
    )


def _privileged(bind: WantedBind) -> diagnostics.Diagnostic:
    return diagnostics.error(
        "port-privileged",
        f"this user may not open port {bind.port}",
        bind.origin,
        "use a port from 1024 on, or run hapilot as root, or `setcap cap_net_bind_service=+ep` on the haproxy program, "
        f"or `sysctl -w net.ipv4.ip_unprivileged_port_start={bind.port}`",
    )
