"""What the machine allows HAProxy to have. In: the limits of this process, its control groups, /proc. Out: ``compile.limits.Limits``.

Called before every change, by ``check`` and by ``doctor``.
"""

from __future__ import annotations

import contextlib
import os
import resource
from collections.abc import Iterator
from pathlib import Path

from hapilot.compile import limits

_MOST_OPEN = Path("/proc/sys/fs/nr_open")
_GROUPS = Path("/sys/fs/cgroup")


def look() -> limits.Limits:
    """Looks once."""
    memory = min(_memory(), default=(0, ""))
    return limits.Limits(*open_files(), *memory)


def cpus() -> int:
    """The processors that HAProxy may use, which is as many threads as it starts."""
    return len(os.sched_getaffinity(0))


def open_files() -> tuple[int, int]:
    """The most open files that a program started by this process can have, and the limit that it finds: a program raises its soft limit
    to the hard one, and root may raise that as well, up to what the kernel allows (setrlimit(2))."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    kernel = _number(_MOST_OPEN)
    if hard == resource.RLIM_INFINITY:
        # HAProxy takes the soft limit where there is no other.
        return max(kernel, soft), soft
    with contextlib.suppress(OSError, ValueError):
        if kernel > hard and os.geteuid() == 0:
            # Only trying tells: a container's root may lack the right.
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, kernel))
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            return kernel, hard
    return hard, hard


def _number(path: Path) -> int:
    """0 where it can't be read."""
    with contextlib.suppress(OSError, ValueError):
        return int(path.read_text(encoding="ascii"))
    return 0


def _memory() -> Iterator[tuple[int, str]]:
    """Every limit of memory that there is, in bytes, with its name."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemTotal:"):
                yield int(line.split()[1]) * 1024, "physical memory"
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines():
            yield from _of_group(line)


def _of_group(line: str) -> Iterator[tuple[int, str]]:
    """The limits of a control group and of those around it; ``line`` is one of /proc/self/cgroup (cgroups(7))."""
    number, controllers, path = line.split(":", 2)
    if number == "0":
        root, file = _GROUPS, "memory.max"
    elif "memory" in controllers.split(","):
        root, file = _GROUPS / "memory", "memory.limit_in_bytes"
    else:
        return
    here = root / path.lstrip("/")
    for folder in (here, *(parent for parent in here.parents if parent.is_relative_to(root))):
        # "max", or a path of another mount namespace: no limit that can be known.
        with contextlib.suppress(OSError, ValueError):
            yield int((folder / file).read_text(encoding="ascii")), f"the control group's {file}"
