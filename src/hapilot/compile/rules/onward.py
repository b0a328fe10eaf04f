"""The last rules of a frontend that sees requests: to the backend that was found, or for some clients to its canary."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from hapilot.compile import build, targets
from hapilot.languages.haproxy import quoting, tree
from hapilot.model import service

CLIENT = "src,ipmask(32,64)"
"""Who counts as one client: an IPv4 address, or the 64 bits of an IPv6 address that a network gives to one household or host."""

STAY = "never"
"""The value of a canary's header that keeps a request at the main service."""


def lines(plan: targets.Plan, routes: Iterable[build.Route], services: Mapping[str, service.Service]) -> Iterator[tree.Line]:
    """``use_backend`` and ``default_backend``. ``routes`` are those of the frontend, which say what has a canary."""
    canaries = {(route.backend, route.canary): services[route.service].canary for route in routes if route.canary}
    for (backend, canary), said in canaries.items():
        if said is not None:
            chosen = () if plan.only is not None else ("{", "var(txn.to)", "-m", "str", backend, "}")
            yield from (tree.line("use_backend", canary, "if", *chosen, *condition) for condition in _conditions(said))
    if plan.only is not None:
        yield tree.line("default_backend", plan.only.value)
    else:
        yield tree.line("use_backend", "%[var(txn.to)]")


def _conditions(said: service.Canary) -> Iterator[tuple[str, ...]]:
    """When a request goes to the canary."""
    stays: tuple[str, ...] = ()
    if said.header is not None:
        header = f"req.fhdr({quoting.argument(said.header)})"
        stays = ("!{", header, "-m", "str", STAY, "}")
        yield ("{", header, "-m", "found", "}", *stays)
    if said.percent is not None:
        # Not a random number: the same client gets the same answer, on every node and after every reload.
        yield ("{", f"{CLIENT},crc32,mod(100)", "lt", str(said.percent), "}", *stays)
