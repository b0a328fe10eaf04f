"""Listening sockets that somebody else opened and that are handed on by their number: from systemd (sd_listen_fds(3)) or another
parent to ``up``, and from ``up`` to HAProxy.

In: the open descriptors of this process, or of HAProxy's master. Out: endpoints by number. Called by ``preflight``, ``process``
(what HAProxy inherits), ``check`` (a stand-in for what is not there) and the commands that show where a listener is.
"""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import sys
from collections.abc import Collection, Generator, Iterable
from pathlib import Path

from hapilot.base import errors
from hapilot.runtime import endpoints, listening

FIRST = 3
"""Behind stdin, stdout and stderr; where sd_listen_fds(3) starts."""

_PUT = "import os, sys\nfor number in sys.argv[2].split(','): os.dup2(int(sys.argv[1]), int(number))\nos.execv(sys.argv[3], sys.argv[3:])"
"""Gives one open descriptor further numbers, then becomes another program. In a process of its own, since a number may be in use here."""


def inherited() -> dict[int, endpoints.Endpoint]:
    """The listening stream sockets that this process was started with. Python's own are never inheritable (PEP 446)."""
    return {number: found for number in _inheritable() if (found := _listening_at(number)) is not None}


def held_by(pid: int, number: int) -> endpoints.Endpoint | None:
    """The listening socket that process ``pid`` has at ``number``; None also where we may not look."""
    try:
        target = str((Path("/proc") / str(pid) / "fd" / str(number)).readlink())
    except OSError:
        return None
    for tcp in listening.listening():
        if target == f"socket:[{tcp.inode}]":
            return endpoints.Endpoint(tcp.host, tcp.port)
    return next((endpoints.Endpoint(path=one.path) for one in listening.paths() if target == f"socket:[{one.inode}]"), None)


def require(wanted: Iterable[int]) -> None:
    """Raises HaproxyFailed unless all the ``wanted`` numbers are listening sockets here."""
    there = inherited()
    for number in sorted(wanted):
        if number not in there:
            raise errors.HaproxyFailed(missing(number), HINT)


def missing(number: int) -> str:
    """What to say of a number at which there is no listening socket."""
    return f"fd:{number} is not an open listening socket"


HINT = "start hapilot by the systemd socket unit that opens it (its first socket is fd:3), or use an address or unix:/path"


def stand_in_command(number: int, wanted: Collection[int], command: list[str]) -> list[str]:
    """``command``, with the open descriptor ``number`` at all the ``wanted`` numbers too."""
    return [sys.executable, "-I", "-S", "-c", _PUT, str(number), ",".join(map(str, sorted(wanted))), *command]


@contextlib.contextmanager
def stand_in() -> Generator[socket.socket]:
    """A listening socket to show to a program that only looks what kind of socket it gets. Nobody can know its name."""
    with socket.socket(socket.AF_UNIX) as made:
        # An empty name makes the kernel choose a free abstract one (unix(7), "Autobind feature").
        made.bind("")
        made.listen(1)
        yield made


def _inheritable() -> list[int]:
    numbers: list[int] = []
    for entry in os.listdir("/proc/self/fd"):  # noqa: PTH208 - numbers, not paths
        # The descriptor that lists them is among them, and closed by now.
        with contextlib.suppress(OSError):
            if int(entry) >= FIRST and os.get_inheritable(int(entry)):
                numbers.append(int(entry))
    return sorted(numbers)


def _listening_at(number: int) -> endpoints.Endpoint | None:
    try:
        if not stat.S_ISSOCK(os.fstat(number).st_mode):
            return None
        # The copy is closed at the end; the original stays as it is.
        with socket.socket(fileno=os.dup(number)) as copy:
            is_stream = copy.type == socket.SOCK_STREAM
            if not is_stream or not copy.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                return None
            name = copy.getsockname()
    except OSError:
        return None
    return _endpoint(name)


def _endpoint(name: str | bytes | tuple[str, int]) -> endpoints.Endpoint:
    """From what getsockname() says: a path, the bytes of an abstract name, or address and port."""
    if isinstance(name, bytes):
        return endpoints.Endpoint(path="@" + name[1:].decode("utf-8", "replace"))
    return endpoints.Endpoint(path=name) if isinstance(name, str) else endpoints.Endpoint(name[0], name[1])
