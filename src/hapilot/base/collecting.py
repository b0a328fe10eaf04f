"""The garbage collector out of the way while something large is made that stays.

Called by :mod:`hapilot.reconcile.pipeline` around the stages, which make hundreds of thousands of objects of a large site.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Generator

_LARGE = 100_000
"""Objects from which it is worth to keep them from the collector; small sites leave no trace."""


@contextlib.contextmanager
def paused() -> Generator[None]:
    """No collections in the block. Objects that stay are only walked through in vain, again and again: half of the time that
    ``check`` took for 10,000 services.

    Where the block leaves many objects they are frozen: later collections leave them out too. A site's objects refer to each
    other in one direction only, so they go without a collector when nobody refers to them any more.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            if gc.get_count()[0] > _LARGE:
                gc.freeze()
            gc.enable()
