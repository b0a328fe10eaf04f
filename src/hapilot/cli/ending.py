"""Commands that start processes and servers end them whatever ends the command."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Generator


@contextlib.contextmanager
def in_order() -> Generator[None]:
    """A terminal that closes and SIGTERM count as Ctrl-C while it lasts.

    Only the first of them counts: another one must not interrupt the clearing up.
    """
    ending = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def interrupt(*_: object) -> None:
        for number in ending:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in ending}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
