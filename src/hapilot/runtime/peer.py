"""Who is at the other end of a unix socket, as the kernel knows it: it can't be feigned.

In: a connected socket. Out: a :class:`Peer`. Called by ``control``, for what clients ask of us, and by ``client``, for who answers.
"""

from __future__ import annotations

import os
import pwd
import socket
import struct
from dataclasses import dataclass
from pathlib import Path

_NOBODY_LOGGED_IN = 2**32 - 1
"""What the kernel says of processes that come from no login (proc(5), loginuid)."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A process and its user, at the moment at which it connected or began to listen (SO_PEERCRED, unix(7))."""

    pid: int
    uid: int

    @property
    def may_order(self) -> bool:
        """Whether it is our own user or root. Others can't even connect, unless somebody has changed the socket's mode."""
        return self.uid in (0, os.geteuid())

    def described(self, processes: Path = Path("/proc")) -> str:
        """For logs and records: the user's name and the process, such as ``root (pid 123)``; with the one who logged in where that is
        somebody else: ``ann as root (pid 123)``."""
        user = _name(self.uid)
        login = self._login(processes)
        if login is not None and login != self.uid:
            user = f"{_name(login)} as {user}"
        # A process in another namespace, such as outside of our container, has no number here.
        return f"{user} (pid {self.pid})" if self.pid else user

    def _login(self, processes: Path) -> int | None:
        """The user who logged in, however often the user was changed since; None where that is not known."""
        try:
            login = int((processes / str(self.pid) / "loginuid").read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None
        return None if login == _NOBODY_LOGGED_IN else login


def of(connection: socket.socket) -> Peer:
    """The process at the other end of ``connection``."""
    said = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    pid, uid, _ = struct.unpack("iII", said)
    return Peer(int(pid), int(uid))


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
