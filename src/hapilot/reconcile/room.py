"""Whether this machine has room for a site: what HAProxy needs for it against what it may have.

In: a Build. Out: diagnostics, or the two sides of the comparison. ``loop`` asks before every change, ``check`` and ``doctor`` to tell.
"""

from __future__ import annotations

from dataclasses import replace

from hapilot.base import diagnostics
from hapilot.base.diagnostics import Diagnostic
from hapilot.base.memory import Memory
from hapilot.compile import budget, build
from hapilot.compile import limits as allowed
from hapilot.runtime import limits


def check_room(made: build.Build, before: Memory | None = None) -> tuple[Diagnostic, ...]:
    """What does not fit; errors are what keeps HAProxy from starting. ``before``: what is known of a former site."""
    return allowed.check_limits(made, *compare(made, before))


def check_room_here(made: build.Build) -> tuple[Diagnostic, ...]:
    """The same for a command that only looks: it may run on another machine, or with other limits, than the site is going to."""
    return tuple(replace(one, severity=diagnostics.Severity.WARNING, message=f"{one.message} here") for one in check_room(made))


def compare(made: build.Build, before: Memory | None = None) -> tuple[budget.Budget, allowed.Limits]:
    """What the site needs, and what there is."""
    return budget.budget(made, limits.cpus(), before), limits.look()
