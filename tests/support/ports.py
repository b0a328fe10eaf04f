"""Ports on loopback that no other test takes.

Ports come from blocks below the kernel's ephemeral range, so that no outgoing connection takes one between two uses.
A process holds its blocks by binding an abstract unix socket per block: that works between xdist workers and between
test runs that know nothing of each other, and the kernel frees the blocks of a process that dies. Called by the
stand-in servers and by tests that start programs.
"""

from __future__ import annotations

import os
import re
import socket
import threading
from dataclasses import dataclass, field

_FIRST, _LAST, _BLOCK = 12_000, 32_000, 50
_COUNT = (_LAST - _FIRST) // _BLOCK
_MOST = 20


@dataclass(slots=True)
class Allocator:
    """Hands out ports of its own blocks, in turn; used ports come round again after a thousand others."""

    blocks: list[int] = field(default_factory=list[int])
    next_index: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self) -> int:
        """A port on which nothing is bound now, on any address of either family."""
        with self.lock:
            for _ in range(_MOST * _BLOCK):
                port = self._next()
                if _is_free(port):
                    return port
        raise OSError("no free port left for the tests")

    def _next(self) -> int:
        block, offset = divmod(self.next_index, _BLOCK)
        if block == len(self.blocks):
            self.blocks.append(_claim_block())
        self.next_index = (self.next_index + 1) % (_MOST * _BLOCK)
        return _FIRST + self.blocks[block] * _BLOCK + offset


_allocator = Allocator()


def free_port() -> int:
    """A port that is free now and that no other test process will be given while this one lives."""
    return _allocator.take()


def _claim_block() -> int:
    worker = int(re.sub(r"\D", "", os.environ.get("PYTEST_XDIST_WORKER", "")) or 0)
    start = worker * _MOST
    for step in range(_COUNT):
        block = (start + step) % _COUNT
        holder = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            holder.bind(f"\0hapilot-tests-ports-{block}")
        except OSError:
            holder.close()
            continue
        # Kept open until the process ends, on purpose; detached so that it is not reported as forgotten.
        holder.detach()
        return block
    raise OSError("no free block of ports left for the tests")


def _is_free(port: int) -> bool:
    for family, address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
        try:
            probe = socket.socket(family, socket.SOCK_STREAM)
        except OSError:
            continue  # the machine does not have this family
        with probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            try:
                probe.bind((address, port))
            except OSError as problem:
                if problem.errno not in _NO_FAMILY:
                    return False
    return True


_NO_FAMILY = {97, 99}  # EAFNOSUPPORT, EADDRNOTAVAIL: a namespace without this family
