"""Tells systemd how we are (sd_notify(3)). In: our state. Out: one datagram, or nothing where systemd does not listen.

Called by ``up``, which is the service's main process (``MAINPID``) also where a shell or a wrapper has started it; HAProxy never sees
the socket. A message that can't be delivered is not worth a failure: False says so.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping


def ready(status: str, environment: Mapping[str, str] | None = None) -> bool:
    """The site is served; ``status`` is one line for ``systemctl status``."""
    return _send(["READY=1", f"MAINPID={os.getpid()}", f"STATUS={_line(status)}", *_alive(environment)], environment)


def reloading(status: str, environment: Mapping[str, str] | None = None) -> bool:
    """A change is being applied; follow with :func:`ready`. The time is what ``Type=notify-reload`` asks for."""
    now = f"MONOTONIC_USEC={time.monotonic_ns() // 1000}"
    return _send(["RELOADING=1", now, f"STATUS={_line(status)}", *_alive(environment)], environment)


def stopping(status: str, environment: Mapping[str, str] | None = None) -> bool:
    """The end has begun."""
    return _send(["STOPPING=1", f"STATUS={_line(status)}"], environment)


def status(text: str, environment: Mapping[str, str] | None = None) -> bool:
    """Only the line for ``systemctl status``."""
    return _send([f"STATUS={_line(text)}"], environment)


def watchdog(environment: Mapping[str, str] | None = None) -> bool:
    """We are alive. To be said by the loop itself and by nobody else, so that a loop that hangs is noticed; it comes around twice a
    second, and a change says it at its beginning and at its end."""
    alive = _alive(environment)
    return bool(alive) and _send(alive, environment)


def _alive(environment: Mapping[str, str] | None) -> list[str]:
    """The message, where somebody waits for it (sd_watchdog_enabled(3))."""
    given = os.environ if environment is None else environment
    limit = given.get("WATCHDOG_USEC", "")
    meant = given.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    return ["WATCHDOG=1"] if limit.isdecimal() and int(limit) and meant else []


def _send(lines: list[str], environment: Mapping[str, str] | None) -> bool:
    given = os.environ if environment is None else environment
    address = given.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return False
    # An at sign stands for the zero byte of an abstract socket (unix(7)).
    target = f"\0{address[1:]}" if address.startswith("@") else address
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as connection:
            connection.settimeout(1.0)
            connection.sendto("\n".join(lines).encode(), target)
    except OSError:
        return False
    return True


def _line(text: str) -> str:
    return " ".join(text.split())
