"""Whether the machine lets HAProxy have what a configuration needs, said before anything is changed.

In: a Build, its Budget and the machine's :class:`Limits` (``runtime.limits`` looks them up). Out: diagnostics ``limit-files`` and
``limit-memory``, which name the limit and the value to raise it to. Called before every change, and by ``check`` and ``doctor``. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hapilot.base import diagnostics
from hapilot.base.diagnostics import Diagnostic
from hapilot.base.origin import Origin
from hapilot.compile import build
from hapilot.compile.budget import LEAST_CONNECTIONS, Budget
from hapilot.model import service

CLIENTS = 10_000
"""As many as the advice for a limit leaves room for."""

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that HAProxy may have: open files, and bytes of memory with where that limit is; 0 where it is not known.

    ``files`` is what it may raise its limit to; ``files_found`` is the limit it is started with, from which it works out how many
    connections it takes where the configuration does not say. Only root has two different ones.
    """

    files: int
    files_found: int
    memory: int = 0
    memory_limit: str = "physical memory"


def check_limits(made: build.Build, needed: Budget, most: Limits) -> tuple[Diagnostic, ...]:
    """What does not fit, the errors being what keeps HAProxy from starting."""
    return (*_files(made, needed, most), *_memory(made, needed, most))


def advised_files(needed: Budget) -> int:
    """A limit that leaves room for :data:`CLIENTS`: a power of two, as administrators like them."""
    return 1 << (max(needed.files(CLIENTS * needed.layers), needed.least) - 1).bit_length()


def how_to_raise_files(wanted: int) -> str:
    """What to do for ``wanted`` open files."""
    return (
        f"raise the limit of open files (RLIMIT_NOFILE) to {wanted}: LimitNOFILE={wanted} in the systemd unit, `ulimit -n {wanted}` in a "
        f"shell, --ulimit nofile={wanted} for a container"
    )


def _files(made: build.Build, needed: Budget, most: Limits) -> Iterator[Diagnostic]:
    whole = Origin(made.site.name)
    if needed.least > most.files:
        connections = LEAST_CONNECTIONS if needed.connections is None else needed.connections
        message = (
            f"HAProxy needs {needed.least} open files for this site ({needed.checks} for health checks, {needed.listeners} for listeners, "
            f"{needed.least - needed.reserved} for {connections} connections), and may have {most.files}"
        )
        yield diagnostics.error("limit-files", message, whole, how_to_raise_files(max(needed.least, advised_files(needed))))
        return
    name, wanted = _most_wanted(made)
    room = needed.room(most.files_found) // needed.layers
    if wanted > room:
        message = f"service {name} may have {wanted} connections at once (max_connections), and open files are enough for {room}"
        origin = made.site.origins.at("services", name, "max_connections")
        yield diagnostics.warning("limit-files", message, origin, how_to_raise_files(needed.files(wanted * needed.layers)))


def _most_wanted(made: build.Build) -> tuple[str, int]:
    """The service that says it may have the most connections. The others need not have theirs at the same time."""
    said = ((name, _most_connections(one)) for name, one in made.site.spec.services.items())
    return max(said, key=lambda pair: pair[1], default=("", 0))


def _most_connections(one: service.Service) -> int:
    if one.max_connections is None and (not one.servers or one.servers[0].max_connections is None):
        return 0  # nearly all
    own = [server.max_connections or 0 for server in one.servers]
    servers = sum(own) if all(own) else 0
    return min((value for value in (one.max_connections or 0, servers) if value), default=0)


def _memory(made: build.Build, needed: Budget, most: Limits) -> Iterator[Diagnostic]:
    if not most.memory or needed.memory * 2 <= most.memory:
        return
    whole = Origin(made.site.name)
    hint = f"raise {most.memory_limit} to {_mib(2 * needed.memory)} or more, and what connections take beside it"
    about = f"HAProxy takes about {_mib(needed.memory)} for this site"
    if needed.memory > most.memory:
        yield diagnostics.error("limit-memory", f"{about}, and {most.memory_limit} is {_mib(most.memory)}", whole, hint)
        return
    message = f"{about}, a reload takes as much again while old connections end, and {most.memory_limit} is {_mib(most.memory)}"
    yield diagnostics.warning("limit-memory", message, whole, hint)


def _mib(size: int) -> str:
    return f"{-(-size // MIB)} MiB"
