"""What signals ask of ``up``: to end (SIGTERM, SIGINT), at once if they come twice, to end without HAProxy, which serves on for the next
``up`` (SIGUSR2), and to read the site again (SIGHUP).

Called by ``cli.up``, before HAProxy can be started, and by ``serve``, which does what they ask.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Generator
from dataclasses import dataclass, field


class HurryUp(Exception):
    """A second signal to end: connections get no more time."""


@dataclass(slots=True)
class Signals:
    """What signals have asked for. ``wake`` ends the wait for changes."""

    wake: threading.Event = field(default_factory=threading.Event)
    stopping: bool = False
    draining: bool = False
    rereading: bool = False
    leaving: bool = False

    def stop(self, *_: object) -> None:
        """End. Raises HurryUp where connections are being given time already."""
        if self.draining:
            self.draining = False
            raise HurryUp
        self.stopping = True
        self.wake.set()

    def leave(self, *_: object) -> None:
        """End, and leave HAProxy as it is, whatever else is asked for from now on."""
        self.leaving = True
        self.stopping = True
        self.wake.set()

    def reread(self, *_: object) -> None:
        """Read the site again."""
        self.rereading = True
        self.wake.set()


@contextlib.contextmanager
def handled() -> Generator[Signals]:
    """Signals are noted for as long as it lasts."""
    asked = Signals()
    wanted = {signal.SIGTERM: asked.stop, signal.SIGINT: asked.stop, signal.SIGHUP: asked.reread, signal.SIGUSR2: asked.leave}
    before = {number: signal.signal(number, handler) for number, handler in wanted.items()}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
