"""Where HAProxy listens, and how to reach it from this machine to see that it does.

In: an address as a listener has it. Out: an :class:`Endpoint`, and whether it is open. Called by ``process`` and ``preflight``.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from hapilot.runtime import listening


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address to listen on. ``host`` is an IP address, ``*`` or empty for all; or ``path`` is a unix socket; or ``descriptor`` is
    the number of a socket that was open before."""

    host: str = ""
    port: int = 0
    path: str = ""
    descriptor: int = -1

    def __str__(self) -> str:
        if self.descriptor >= 0:
            return f"fd:{self.descriptor}"
        if self.path:
            return self.path
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host or '*'}:{self.port}"

    @property
    def family(self) -> socket.AddressFamily:
        """AF_UNIX, AF_INET6 or AF_INET."""
        if self.path:
            return socket.AF_UNIX
        return socket.AF_INET6 if ":" in self.host else socket.AF_INET


def parse(text: str) -> Endpoint:
    """``127.0.0.1:80``, ``[::]:80``, ``*:80``, ``:80`` or an absolute path. Raises ValueError."""
    if text.startswith("/"):
        return Endpoint(path=text)
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError(f"{text!r} is not an address with a port, nor a path")
    if host not in ("", "*"):
        ipaddress.ip_address(host)
    return Endpoint(host, int(port))


def reachable(endpoint: Endpoint) -> str | tuple[str, int]:
    """Where to connect to: an address that stands for all is reached through loopback."""
    if endpoint.path:
        return endpoint.path
    if endpoint.host in ("", "*"):
        return ("127.0.0.1", endpoint.port)
    address = ipaddress.ip_address(endpoint.host)
    if address.is_unspecified:
        return ("::1" if address.version == 6 else "127.0.0.1", endpoint.port)
    return (endpoint.host, endpoint.port)


def closed(wanted: Iterable[Endpoint]) -> list[Endpoint]:
    """Those of ``wanted`` on which nobody listens yet.

    The kernel's tables tell it: a connection would reach the servers behind, and an address need not be reachable from here.
    Inherited sockets are open before HAProxy is.
    """
    left = [endpoint for endpoint in wanted if endpoint.descriptor < 0]
    if not left:
        return []
    sockets = listening.listening() if listening.is_known() else None
    return [endpoint for endpoint in left if not _is_open(endpoint, sockets)]


def _is_open(endpoint: Endpoint, sockets: tuple[listening.Listening, ...] | None) -> bool:
    if sockets is None:
        return accepts(endpoint)
    if endpoint.path:
        return listening.is_open_path(endpoint.path)
    host = "0.0.0.0" if endpoint.host in ("", "*") else endpoint.host  # noqa: S104 - compared, never bound
    return listening.is_open(host, endpoint.port, sockets)


def accepts(endpoint: Endpoint, timeout: float = 1.0) -> bool:
    """Whether a connection is accepted, within ``timeout`` seconds. It is closed at once."""
    with socket.socket(endpoint.family, socket.SOCK_STREAM) as probe:
        probe.settimeout(timeout)
        try:
            probe.connect(reachable(endpoint))
        except OSError:
            return False
    return True


def remove(paths: Iterable[str]) -> None:
    """Removes unix sockets that HAProxy has made and uses no more."""
    for path in map(Path, paths):
        with contextlib.suppress(OSError):
            if path.is_socket():
                path.unlink()


def remove_left(paths: Iterable[str]) -> None:
    """The same after an end that may be long ago: what somebody else listens on by now stays."""
    remove(path for path in paths if not accepts(Endpoint(path=path)))
