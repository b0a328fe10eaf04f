"""CPU time: of a program and its children, and of everything that runs on the measurement's cores.

In: process ids and cores. Out: seconds. The difference between the two is what other programs did meanwhile. Called by
:mod:`bench.measure`. Source: proc(5), ``/proc/PID/stat`` and ``/proc/stat``, both in clock ticks.
"""

from __future__ import annotations

import contextlib
import os
import resource
from pathlib import Path

_TICK = 1 / os.sysconf("SC_CLK_TCK")

_BUSY = (1, 2, 3, 6, 7, 8)
"""Fields of a line of /proc/stat: user, nice, system, irq, softirq, steal."""


def of_process(pid: int) -> float:
    """User and system time of a process and its living children so far."""
    return sum(_fields(pid)[11:13]) * _TICK + sum(of_process(child) for child in _children(pid))


def of_family(pid: int) -> float:
    """The same with the children that have ended, and theirs."""
    return sum(_fields(pid)[11:15]) * _TICK + sum(of_family(child) for child in _children(pid))


def _fields(pid: int) -> tuple[int, ...]:
    """The numbers of a process. utime, stime, cutime and cstime are fields 14 to 17 of the line, of which the first here is field 3."""
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    # The program's name, in parentheses, may have spaces; the letter behind it is the state.
    return (0, *(int(word) for word in stat.rpartition(")")[2].split()[1:]))


def of_ended_children() -> float:
    """User and system time of the programs that this process ran and waited for: the load tool."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def of_cores(cores: tuple[int, ...]) -> float:
    """What was done on these cores so far: user, nice, system, interrupts, and what the hypervisor took (steal). Interrupts
    belong to it because the kernel charges them to the process they met as well, and loopback traffic is made of them."""
    return parse_cores(Path("/proc/stat").read_text(encoding="ascii"), cores)


def parse_cores(text: str, cores: tuple[int, ...]) -> float:
    """The sum in the text of /proc/stat. Pure."""
    wanted = {f"cpu{core}" for core in cores}
    lines = (line.split() for line in text.splitlines() if line.split(maxsplit=1)[:1] and line.split(maxsplit=1)[0] in wanted)
    return sum(sum(int(line[field]) for field in _BUSY) * _TICK for line in lines)


def _children(pid: int) -> list[int]:
    """The living children of a process. A thread that ends meanwhile has none."""
    found: list[int] = []
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            found += [int(child) for child in (thread / "children").read_text(encoding="ascii").split()]
    return found
