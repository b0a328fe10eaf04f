"""What is compared: the state of a HAProxy that runs, as it was read from its sockets, and the state that is wanted. Values only.

``runtime.reading`` makes a :class:`Running`, ``reconcile`` a :class:`Wanted`; :mod:`hapilot.plan.plan` compares them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from hapilot.render import bundle

AdminState = Literal["ready", "drain", "maint"]
"""What somebody told HAProxy about a server (management manual, ``set server … state``)."""

ServerKey = tuple[str, str]
"""HAProxy's names of a backend and of one of its servers."""


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server as HAProxy has it. ``address`` is ``host:port`` with brackets around IPv6, empty where it is no IP address."""

    address: str
    state: AdminState
    weight: int


@dataclass(frozen=True, slots=True)
class ListLine:
    """An entry of a crt-list in memory: the certificate, its line number there, and its options and names as HAProxy prints them."""

    certificate: str
    number: int
    rest: str = ""


@dataclass(frozen=True, slots=True)
class Running:
    """One look at a worker.

    ``loaded`` are the files that it read when it started, None where that is not known; ``notes`` what hapilot wrote into its memory
    (``maps/live.map``); ``tables`` the maps and lists by their file; ``limits`` the ``maxconn`` of servers (0 for none) and ``sessions``
    their open sessions; ``fingerprints`` the SHA-1 of each certificate in a list, in upper-case hex.
    """

    version: tuple[int, ...]
    loaded: bundle.Bundle | None
    servers: Mapping[ServerKey, RunningServer]
    tables: Mapping[str, Mapping[str, str]]
    notes: Mapping[str, str] = field(default_factory=dict[str, str])
    limits: Mapping[ServerKey, int] = field(default_factory=dict[ServerKey, int])
    sessions: Mapping[ServerKey, int] = field(default_factory=dict[ServerKey, int])
    lists: Mapping[str, tuple[ListLine, ...]] = field(default_factory=dict[str, tuple[ListLine, ...]])
    fingerprints: Mapping[str, str] = field(default_factory=dict[str, str])
    connections: int = 0
    worker: tuple[str, str] = ("", "")
    """Process id, and the digest of the files that it has loaded."""


@dataclass(frozen=True, slots=True)
class Told:
    """What verbs said of a server; None leaves what the site says."""

    state: AdminState | None = None
    weight: int | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """The complete files, what verbs said of servers (by the backends' names in the files), and each backend's service for people."""

    files: bundle.Bundle
    told: Mapping[ServerKey, Told] = field(default_factory=dict[ServerKey, Told])
    services: Mapping[str, str] = field(default_factory=dict[str, str])


SPARE = ".spare-"
"""Names of spare backends start with it."""


def stands_for(notes: Mapping[str, str]) -> dict[str, str]:
    """Backends that a spare one stands for, and which.

    >>> stands_for({".spare-http-1": "blog", "blog/10.0.0.1:80": "5f2a"})
    {'blog': '.spare-http-1'}
    """
    return {backend: spare for spare, backend in notes.items() if spare.startswith(SPARE) and "/" not in spare}
