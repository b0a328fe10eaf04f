"""Tries every address that HAProxy is going to open, so that a busy or forbidden one is said before anything changes.

In: the wanted binds with their origins. Out: diagnostics ``port-in-use``, ``address-not-local``, ``port-privileged``,
``socket-path`` and ``socket-not-passed``. Called before a start, and before a reload for the binds that are new.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from hapilot.base import diagnostics
from hapilot.base.origin import Origin
from hapilot.runtime import descriptors, endpoints, listening

_LEAVING_SECONDS = 0.5
"""A killed program with several threads has its sockets until the last of them has ended, while its process is seen no more."""
_STEP = 0.01


@dataclass(frozen=True, slots=True)
class WantedBind:
    """An address that the site wants to listen on: ``host`` an IP address, empty or ``*``; or the ``path`` of a unix socket; or the
    number of an inherited ``descriptor``. ``origin`` is where the site says so."""

    host: str
    port: int
    origin: Origin
    path: str = ""
    descriptor: int = -1

    def __str__(self) -> str:
        return f"unix:{self.path}" if self.path else str(endpoints.Endpoint(self.host, self.port, descriptor=self.descriptor))


@dataclass(frozen=True, slots=True)
class Ours:
    """The HAProxy that runs: its ``master``, and all its processes. Sockets that they hold are not in the way."""

    master: int
    processes: frozenset[int]


def check_binds(wanted: Iterable[WantedBind], ours: Ours | None = None) -> tuple[diagnostics.Diagnostic, ...]:
    """What stands in the way of each bind, where ``ours`` runs, or nothing does."""
    found = (_check(bind, ours) for bind in wanted)
    return tuple(diagnostic for diagnostic in found if diagnostic is not None)


def _check(bind: WantedBind, ours: Ours | None) -> diagnostics.Diagnostic | None:
    if bind.descriptor >= 0:
        return _not_passed(bind, ours)
    if bind.path:
        return _path(bind)
    problem = _try_patiently(bind)
    if problem is None:
        return None
    match problem.errno:
        case errno.EADDRINUSE:
            return _in_use(bind, ours.processes if ours is not None else ())
        case errno.EADDRNOTAVAIL | errno.EAFNOSUPPORT:
            return _not_local(bind)
        case errno.EACCES | errno.EPERM:
            return _privileged(bind)
        case _:
            return diagnostics.error("port-in-use", f"{bind} can't be opened: {problem.strerror}", bind.origin)


def _try_patiently(bind: WantedBind) -> OSError | None:
    """A port that nobody seems to have may be that of a program on its way out."""
    deadline = time.monotonic() + _LEAVING_SECONDS
    while (problem := _try(bind)) is not None and problem.errno == errno.EADDRINUSE and time.monotonic() < deadline:
        if _owners(bind):
            break
        time.sleep(_STEP)
    return problem


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
    found = _owners(bind)
    if found and all(owner.pid in ours for owner in found):
        return None
    others = [owner for owner in found if owner.pid not in ours]
    who = " and ".join(str(owner) for owner in others) or "another program"
    hint = "stop it, or give the listener another port or address"
    if not others:
        hint = f"{hint}; `ss -ltnp sport = :{bind.port}` as root shows which one it is"
    return diagnostics.error("port-in-use", f"{bind} is in use by {who}", bind.origin, hint)


def _owners(bind: WantedBind) -> tuple[listening.Owner, ...]:
    """Who listens there, as far as this user may see."""
    host = "0.0.0.0" if bind.host in ("", "*") else bind.host  # noqa: S104 - what the site asks for
    return listening.owners(listening.on_port(host, bind.port))


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


def _not_passed(bind: WantedBind, ours: Ours | None) -> diagnostics.Diagnostic | None:
    """A running HAProxy has what it was started with; nothing can be added to it."""
    if ours is not None:
        if descriptors.held_by(ours.master, bind.descriptor) is not None:
            return None
        hint = "HAProxy gets such sockets when it starts: end this hapilot with SIGTERM and start it again by the unit that opens them"
        return diagnostics.error("socket-not-passed", f"{bind} is not an open listening socket of the running HAProxy", bind.origin, hint)
    if bind.descriptor in descriptors.inherited():
        return None
    return diagnostics.error("socket-not-passed", descriptors.missing(bind.descriptor), bind.origin, descriptors.HINT)


def _path(bind: WantedBind) -> diagnostics.Diagnostic | None:
    """HAProxy puts its socket in the place of whatever has the name, in use or not, a socket or not."""
    path = Path(bind.path)
    if not path.parent.is_dir():
        message, hint = f"{bind} can't be made: there is no folder {path.parent}", "make it; under systemd, RuntimeDirectory= does"
    elif not os.access(path.parent, os.W_OK | os.X_OK, effective_ids=True):
        message, hint = f"{bind} can't be made: this user may not write to {path.parent}", "give it the folder, or name another path"
    elif not os.path.lexists(path):
        return None
    elif not path.is_socket():
        message, hint = f"{bind} can't be made: {path} is there and is no socket", "remove it, or name another path"
    else:
        return _lives(bind)
    return diagnostics.error("socket-path", message, bind.origin, hint)


def _lives(bind: WantedBind) -> diagnostics.Diagnostic | None:
    """Whether somebody accepts on the path; the socket of a process that is gone is in nobody's way."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(0)
        try:
            probe.connect(bind.path)
        except (ConnectionRefusedError, FileNotFoundError):
            return None
        except OSError:
            # A full queue, or one that is not for us: somebody listens all the same.
            who = "another program"
        else:
            who = _peer(probe)
    return diagnostics.error("port-in-use", f"{bind} is in use by {who}", bind.origin, "stop it, or give the listener another path")


def _peer(connected: socket.socket) -> str:
    """Who made the socket at the other end (unix(7), SO_PEERCRED)."""
    pid, _, _ = struct.unpack("3i", connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
    return str(listening.Owner(pid, listening.name_of(pid))) if pid else "another program"
