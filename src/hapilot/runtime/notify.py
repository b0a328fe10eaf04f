"""Tells systemd how we are (sd_notify(3)). In: our state. Out: one datagram, or nothing where systemd does not listen.

Called by ``up``. A message that can't be delivered is not worth a failure: False says so.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping


def ready(status: str, environment: Mapping[str, str] | None = None) -> bool:
    """The site is served; ``status`` is one line for ``systemctl status``."""
    return _send(["READY=1", f"STATUS={_line(status)}"], environment)


def reloading(status: str, environment: Mapping[str, str] | None = None) -> bool:
    """A change is being applied; follow with :func:`ready`. The time is what ``Type=notify-reload`` asks for."""
    return _send(["RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}", f"STATUS={_line(status)}"], environment)


def stopping(status: str, environment: Mapping[str, str] | None = None) -> bool:
    """The end has begun."""
    return _send(["STOPPING=1", f"STATUS={_line(status)}"], environment)


def status(text: str, environment: Mapping[str, str] | None = None) -> bool:
    """Only the line for ``systemctl status``."""
    return _send([f"STATUS={_line(text)}"], environment)


def watchdog(environment: Mapping[str, str] | None = None) -> bool:
    """We are alive; due at least every :func:`watchdog_seconds`."""
    return _send(["WATCHDOG=1"], environment)


def watchdog_seconds(environment: Mapping[str, str] | None = None) -> float | None:
    """How often to call :func:`watchdog`: half the limit (sd_watchdog_enabled(3)), or None if nobody waits for it."""
    given = os.environ if environment is None else environment
    limit = given.get("WATCHDOG_USEC", "")
    meant = given.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    return int(limit) / 2_000_000 if limit.isdecimal() and int(limit) and meant else None


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
