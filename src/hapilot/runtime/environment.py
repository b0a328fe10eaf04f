"""The environment that HAProxy is run with. In: ours, what the caller adds and what it withholds. Out: a mapping for one process."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from pathlib import Path

RUN = "HAPILOT_RUN"
"""Names the directory of the sockets; the rendered configuration refers to it."""

SERVERS = "HAPILOT_SERVERS"
"""Names the file with the states of servers; the rendered configuration reads it where this is set."""

_OURS = ("NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES")
"""What systemd gave to hapilot and HAProxy must not answer to."""


def for_haproxy(added: Mapping[str, str] | None = None, withheld: Collection[str] = ()) -> dict[str, str]:
    """Our environment, for configurations that use it, without HAProxy's own ``HAPROXY_…``: those would tell a fresh
    master that it is a reloaded one (management manual, section 3, of master-worker).

    ``withheld`` names variables that hold secrets: the worker's user can read its /proc/PID/environ (proc(5)).
    """
    left_out = {*_OURS, *withheld}
    kept = {name: value for name, value in os.environ.items() if name not in left_out and not name.startswith("HAPROXY_")}
    return {**kept, **(added or {})}


def of_process(pid: int) -> dict[str, str] | None:
    """The variables that process ``pid`` was started with (proc(5)), or None where we may not look."""
    try:
        content = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return None
    pairs = (os.fsdecode(one).partition("=") for one in content.split(b"\0") if one)
    return {name: value for name, _, value in pairs}
