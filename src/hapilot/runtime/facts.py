"""What this machine is and allows. In: /proc, /etc and the limits of this process. Out: :class:`Machine`.

Every command that compiles looks, so nothing is read here that takes long; /proc/net/tcp does (see ``listening``).
Called by ``doctor``, and to build the compile stage's target: decisions take these as values and look at nothing themselves.
"""

from __future__ import annotations

import contextlib
import os
import platform
import pwd
import resource
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_NET_BIND_SERVICE = 10
"""CAP_NET_BIND_SERVICE, capabilities(7)."""

_FIRST_FREE_PORT = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")


@dataclass(frozen=True, slots=True)
class Machine:
    """``lowest_port`` is the first port this process may open; ``host_names`` what /etc/hosts knows, in lower case."""

    uid: int
    lowest_port: int
    open_files: int
    open_files_most: int
    host_names: Mapping[str, tuple[str, ...]]
    has_haproxy_user: bool
    ipv6: bool
    cpus: int
    system: str


def look() -> Machine:
    """Looks once."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return Machine(
        uid=os.geteuid(),
        lowest_port=lowest_port(_text("/proc/self/status"), _text(str(_FIRST_FREE_PORT))),
        open_files=soft,
        open_files_most=hard,
        host_names=parse_hosts(_text("/etc/hosts")),
        has_haproxy_user=_has_user("haproxy"),
        ipv6=Path("/proc/net/if_inet6").exists() and bool(_text("/proc/net/if_inet6").strip()),
        cpus=len(os.sched_getaffinity(0)),
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
    )


def lowest_port(status: str, first_free: str) -> int:
    """The first port a process with this /proc/self/status may open. Pure."""
    for line in status.splitlines():
        name, _, value = line.partition(":")
        if name == "CapEff" and int(value, 16) >> _NET_BIND_SERVICE & 1:
            return 1
    # The kernel's own default, where the setting can't be read.
    return int(first_free) if first_free.strip().isdecimal() else 1024


def parse_hosts(text: str) -> dict[str, tuple[str, ...]]:
    """hosts(5) as name to addresses. Pure."""
    found: dict[str, tuple[str, ...]] = {}
    for line in text.splitlines():
        address, *names = line.partition("#")[0].split() or [""]
        for name in names:
            known = found.get(name.lower(), ())
            found[name.lower()] = known if address in known else (*known, address)
    return found


def _text(path: str) -> str:
    with contextlib.suppress(OSError):
        return Path(path).read_text(encoding="utf-8", errors="replace")
    return ""


def _has_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True
