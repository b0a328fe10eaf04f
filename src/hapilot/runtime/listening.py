"""Which ports and unix sockets are taken on this machine, and by whom, from /proc (proc(5)).

In: nothing. Out: :class:`Listening` and :class:`ListeningPath` values. Called by ``preflight``, ``endpoints``, ``descriptors`` and
``facts``. The parsers are pure.
"""

from __future__ import annotations

import ipaddress
import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_LISTEN = "0A"
"""TCP_LISTEN, in include/net/tcp_states.h of Linux."""

_TABLES = ("/proc/net/tcp", "/proc/net/tcp6")
_PATHS = "/proc/net/unix"

_ACCEPTS = 1 << 16
"""__SO_ACCEPTCON, in include/uapi/linux/net.h."""

_BEFORE_RENAME = re.compile(r"\.\d+\.tmp$")
"""HAProxy binds to PATH.PID.tmp and renames the file; the kernel's table keeps the first name."""

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Listening:
    """A listening TCP socket; ``inode`` leads to its process."""

    host: str
    port: int
    inode: int


@dataclass(frozen=True, slots=True)
class ListeningPath:
    """A listening unix socket; ``path`` is where it was bound, an abstract one starts with ``@``."""

    path: str
    inode: int


@dataclass(frozen=True, slots=True)
class Owner:
    """The process that has a socket open."""

    pid: int
    name: str

    def __str__(self) -> str:
        return f"{self.name} (process {self.pid})"


def listening() -> tuple[Listening, ...]:
    """Every listening TCP socket of our network namespace."""
    found: list[Listening] = []
    for table in _TABLES:
        path = Path(table)
        if path.exists():
            found += parse_table(path.read_text(encoding="ascii"))
    return tuple(found)


def parse_table(text: str) -> tuple[Listening, ...]:
    """The listening sockets in the text of /proc/net/tcp or tcp6."""
    rows = (line.split() for line in text.splitlines()[1:])
    return tuple(_row(row) for row in rows if len(row) > 9 and row[3] == _LISTEN)


def paths() -> tuple[ListeningPath, ...]:
    """Every listening unix socket that has a name."""
    table = Path(_PATHS)
    return parse_paths(table.read_text(encoding="utf-8", errors="surrogateescape")) if table.exists() else ()


def parse_paths(text: str) -> tuple[ListeningPath, ...]:
    """The listening sockets with a name in the text of /proc/net/unix."""
    rows = (line.split(None, 7) for line in text.split("\n")[1:])
    return tuple(ListeningPath(row[7], int(row[6])) for row in rows if len(row) > 7 and int(row[3], 16) & _ACCEPTS)


def is_open_path(path: str) -> bool:
    """Whether ``path`` is a unix socket and a socket of this name listens."""
    try:
        is_socket = stat.S_ISSOCK(Path(path).stat().st_mode)
    except OSError:
        return False
    return is_socket and any(path in (one.path, _BEFORE_RENAME.sub("", one.path)) for one in paths())


def _row(row: list[str]) -> Listening:
    address, _, port = row[1].partition(":")
    # Groups of four bytes in the byte order of the machine; all that HAProxy's wheel runs on are little-endian.
    raw = b"".join(bytes.fromhex(address[start : start + 8])[::-1] for start in range(0, len(address), 8))
    return Listening(str(ipaddress.ip_address(raw)), int(port, 16), int(row[9]))


def on_port(host: str, port: int) -> tuple[Listening, ...]:
    """The listening sockets that a new one on ``host`` (an IP address) and ``port`` collides with."""
    wanted = _address(host)
    return tuple(socket for socket in listening() if socket.port == port and _collide(wanted, _address(socket.host)))


def is_open(host: str, port: int, sockets: Iterable[Listening]) -> bool:
    """Whether one of ``sockets`` takes connections to ``host`` (an IP address; an unspecified one stands for all) and ``port``. Pure."""
    wanted = _address(host)
    return any(socket.port == port and _covers(_address(socket.host), wanted) for socket in sockets)


def is_known() -> bool:
    """Whether this machine tells which ports are open."""
    return Path(_TABLES[0]).exists()


def _address(host: str) -> _Address:
    """Without the interface of a link-local address, which /proc does not show."""
    return ipaddress.ip_address(host.partition("%")[0])


def _covers(socket: _Address, wanted: _Address) -> bool:
    return socket == wanted or (socket.is_unspecified and (socket.version == wanted.version or socket.version == 6))


def _collide(one: _Address, other: _Address) -> bool:
    if one == other or (one.version == other.version and (one.is_unspecified or other.is_unspecified)):
        return True
    # A socket on :: takes IPv4 as well unless it was told not to, which /proc does not show.
    return one.version != other.version and (other.is_unspecified if other.version == 6 else one.is_unspecified)


def owners(sockets: Iterable[Listening | ListeningPath]) -> tuple[Owner, ...]:
    """The processes that have these sockets open, as far as we may look (others' need root)."""
    wanted = {f"socket:[{socket.inode}]" for socket in sockets}
    if not wanted:
        return ()
    found: list[Owner] = []
    for process in Path("/proc").iterdir():
        if process.name.isdecimal() and _has_open(process, wanted):
            found.append(Owner(int(process.name), name_of(int(process.name))))
    return tuple(sorted(found, key=lambda owner: owner.pid))


def _has_open(process: Path, wanted: set[str]) -> bool:
    try:
        return any(str(link.readlink()) in wanted for link in (process / "fd").iterdir())
    except OSError:
        return False


def name_of(pid: int) -> str:
    """What process ``pid`` is called."""
    try:
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return "a process"
