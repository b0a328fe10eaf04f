"""Which process is meant, so that no signal ever reaches another one that got the same number.

In: a process id. Out: an :class:`Identity` with its start time, which the kernel never gives twice to the same id. Called by
``process``. References: proc(5), pidfd_open(2).
"""

from __future__ import annotations

import contextlib
import os
import signal
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Identity:
    """A process: ``started`` in clock ticks since the boot."""

    pid: int
    started: int


def of(pid: int) -> Identity | None:
    """The process that has ``pid`` now, or None; one that has ended and was not waited for is none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The name, in parentheses, may hold anything, also parentheses and blanks.
    fields = text.rpartition(")")[2].split()
    if len(fields) < 20 or fields[0] in ("Z", "X"):
        return None
    return Identity(pid, int(fields[19]))


def is_alive(identity: Identity) -> bool:
    """Whether that very process still runs. Takes note of its end if it is our child."""
    # Not our child after an adoption: then whoever is its parent waits for it.
    with contextlib.suppress(ChildProcessError):
        os.waitpid(identity.pid, os.WNOHANG)
    return of(identity.pid) == identity


def send(identity: Identity, number: signal.Signals) -> bool:
    """Signals that very process; False if it is gone."""
    try:
        descriptor = os.pidfd_open(identity.pid)
    except ProcessLookupError:
        return False
    try:
        # The descriptor is bound to one process; looked at after it was opened, it can't turn into another one.
        if of(identity.pid) != identity:
            return False
        signal.pidfd_send_signal(descriptor, number)
    except ProcessLookupError:
        return False
    finally:
        os.close(descriptor)
    return True


def command_line(pid: int) -> tuple[str, ...]:
    """The arguments it was started with, or nothing if it is gone."""
    try:
        return tuple(part for part in Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace").split("\0") if part)
    except OSError:
        return ()


def group_members(group: int) -> tuple[Identity, ...]:
    """Every living process of process group ``group``."""
    found: list[Identity] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                identity = of(int(entry.name))
                if identity is not None and os.getpgid(identity.pid) == group:
                    found.append(identity)
    return tuple(found)
