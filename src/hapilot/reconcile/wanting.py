"""What should run, put together for comparing: the files of a generation, what verbs said of servers, and the services' own names.

In: files, their summary, and the state directory. Out: a ``plan.running.Wanted``. Called by ``bringing`` and by ``hapilot plan``.
"""

from __future__ import annotations

from hapilot.plan import running as states
from hapilot.render import bundle, summary
from hapilot.runtime import overrides


def wanted(known: overrides.Overrides, files: bundle.Bundle, kept: summary.Summary) -> states.Wanted:
    """``files`` with what is recorded of servers laid over them. Pure."""
    by_service = overrides.by_service(known)
    told: dict[states.ServerKey, states.Told] = {}
    for use in kept.services:
        mine = by_service.get(use.name, ())
        for server in use.servers if mine else ():
            state, weight = overrides.wanted(mine, use.name, server)
            if state or weight is not None:
                told[use.backend, server] = states.Told(state or None, weight)
    return states.Wanted(files, told, {use.backend: use.name for use in kept.services})
