"""Who competes at changing a site while it serves: one file for each way, with a :class:`Way` that starts a proxy and changes its site.

All have the same three hosts: EDGE_HOST, which carries the load; :data:`CHANGED`, whose server alternates between two; and that of
:mod:`bench.long`. Called by :mod:`bench.harm`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass

from bench import long, probing, values

CHANGED = values.WILDCARD.replace("*", "changed")
"""The host whose service changes."""


@dataclass(frozen=True, slots=True)
class Arena:
    """What a way of changing gets: a stage, which HAProxy it is, and the port of the server for connections that last."""

    stage: values.Stage
    which: values.Which
    long_port: int

    def server(self, version: int) -> int:
        """The server behind CHANGED in a version of the site."""
        return self.stage.other_server_port if version % 2 else self.stage.server_port

    def hosts(self, version: int) -> dict[str, int]:
        """Every host with the port of its server."""
        return {values.EDGE_HOST: self.stage.server_port, CHANGED: self.server(version), long.HOST: self.long_port}


@dataclass(frozen=True, slots=True)
class Changing:
    """A proxy that runs. ``wish`` makes a version (1, 2, …) the wanted one, ``shows`` says whether an answer is from that version;
    ``how`` tells how the changes were made, as far as that is known."""

    port: int
    wish: Callable[[int], None]
    shows: Callable[[int, probing.Answer], bool]
    how: Callable[[], str] = lambda: ""


@dataclass(frozen=True, slots=True)
class Way:
    """A way of changing a site. ``begin`` runs the proxy with version 0 until the stack ends; it may raise NotMeasured."""

    name: str
    says: str
    begin: Callable[[contextlib.ExitStack, Arena], Changing]


def shows_server(arena: Arena) -> Callable[[int, probing.Answer], bool]:
    """Whether the server of a version answered."""
    return lambda version, answer: answer.body == str(arena.server(version))
