"""What the kernel knows of a process's sockets, read from /proc. Called by tests that look for loopback hops."""

from __future__ import annotations

import socket
from pathlib import Path

from support.client import Address

_ESTABLISHED = "01"


def established(pid: int) -> list[tuple[Address, Address]]:
    """Own and far end of each established IPv4 connection of the process (proc(5), /proc/net/tcp)."""
    own = {_inode(link) for link in Path(f"/proc/{pid}/fd").iterdir()}
    rows = [line.split() for line in Path(f"/proc/{pid}/net/tcp").read_text(encoding="ascii").splitlines()[1:]]
    return [(_end(row[1]), _end(row[2])) for row in rows if row[3] == _ESTABLISHED and row[9] in own]


def _inode(link: Path) -> str:
    try:
        return str(link.readlink()).removeprefix("socket:[").removesuffix("]")
    except OSError:
        return ""  # closed in between


def _end(text: str) -> Address:
    host, _, port = text.partition(":")
    return socket.inet_ntoa(bytes.fromhex(host)[::-1]), int(port, 16)
