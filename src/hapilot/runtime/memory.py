"""What was last seen in a worker's memory, so that a change need not wait for another look.

In: a HAProxy. Out: the :class:`Running` of the last look, for as long as the same worker runs; whoever goes by it looks afterwards
whether it came out. Kept by ``reconcile.loop.Operator``, which is the one that changes a worker; what others have changed since is found
by the look after the change, and every few seconds without one.
"""

from __future__ import annotations

from dataclasses import dataclass

from hapilot.base import errors
from hapilot.plan import running as states
from hapilot.render import bundle
from hapilot.runtime import process, reading


@dataclass(slots=True)
class Seen:
    """The last look. Empty at first, and for who never keeps one."""

    last: states.Running | None = None

    def look(self, running: process.Process, wanted: bundle.Bundle | None = None) -> states.Running:
        """Look now, as :func:`reading.read` does. Raises HaproxyFailed, and then nothing is known."""
        self.last = None
        self.last = reading.read(running, wanted)
        return self.last

    def recall(self, running: process.Process, wanted: bundle.Bundle) -> states.Running | None:
        """The last look, if it was at the worker that runs and saw all that counts for ``wanted``."""
        last = self.last
        if last is None or last.loaded is None:
            return None
        try:
            is_same = reading.worker(running) == last.worker
        except errors.HaproxyFailed:
            is_same = False
        return last if is_same and reading.is_enough(last, wanted) else None
