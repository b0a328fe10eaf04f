"""What HAProxy itself objects to, left out like what the compiler refuses: by the places that HAProxy names, else by bisection.

In: a site that compiles, and a way to ask HAProxy. Out: the site without the services and certificates that it refuses, or None where it is
none of them. Bisection is over the services that are new or have changed since they were good: each step asks HAProxy about half of
those that are left. Called by ``pipeline``; pure but for the asking.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from hapilot.base.diagnostics import Diagnostic
from hapilot.compile import build
from hapilot.reconcile.quarantine import isolating, parts, reducing

Ask = Callable[[build.Build], tuple[Diagnostic, ...]]
"""What HAProxy says of a build; errors are refusals."""

MOST_BISECTED = 8
"""Services that are found by bisection in one change: each costs as many checks as the number of candidates has binary digits."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What HAProxy takes, and what it has to say of it."""

    isolated: isolating.Isolated
    said: tuple[Diagnostic, ...]


def accept(begun: isolating.Isolated, refused: tuple[Diagnostic, ...], ask: Ask) -> Accepted | None:
    """What is left of a site that HAProxy refuses with the errors among ``refused``."""
    one, said = begun, refused
    bisected = 0
    for _ in range(isolating.ROUNDS):
        errors = _errors(said)
        following = isolating.blame(one, errors)
        if following is None:
            bisected += 1
            following = _found(one, errors, ask) if bisected <= MOST_BISECTED else None
        settled = isolating.settle(following) if following is not None else None
        if settled is None or settled.build is None:
            return None
        one, said = settled, ask(settled.build)
        if not _errors(said):
            return Accepted(one, said)
    return None


def _errors(said: Sequence[Diagnostic]) -> tuple[Diagnostic, ...]:
    return tuple(one for one in said if one.severity == "error")


def _found(one: isolating.Isolated, errors: Sequence[Diagnostic], ask: Ask) -> isolating.Isolated | None:
    """One step further for the one service without which HAProxy takes what was taken with it refused; None if there is none."""
    candidates = isolating.unproven(one)

    def passes(number: int) -> bool:
        """With the first so many of the candidates."""
        left = isolating.settle(isolating.without_services(one, candidates[number:], errors))
        return left is not None and left.build is not None and not _errors(ask(left.build))

    if not candidates or not passes(0):
        return None
    good, bad = 0, len(candidates)
    while bad - good > 1:
        middle = (good + bad) // 2
        good, bad = (middle, bad) if passes(middle) else (good, middle)
    culprit = candidates[bad - 1]
    place = reducing.place(one.ground.said.root, culprit) or errors[0].origin
    named = [replace(each, origin=place, about=(str(parts.service(culprit)),)) for each in errors]
    return isolating.blame(one, named)
