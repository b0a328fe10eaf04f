"""One experiment: a site runs, connections are predicted and made, and every disagreement is told.

Comes in: a site, connections, a HAProxy. Goes out: how many connections were compared, and the disagreements. Called by the random test,
by shrinking, and by the golden cases.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import yaml

from integration.differential import lab, making, predicting
from integration.differential.pool import Pool
from integration.differential.words import Connection, Site, View, as_data, differences
from support import haproxy

_AT_ONCE = 8
"""Connections at the same time: enough that waiting clients do not hold up the others."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A connection of which the product says something else than what happens."""

    binary: haproxy.Binary
    site: Site
    connection: Connection
    predicted: View
    seen: View | str
    config: str = ""

    @property
    def fields(self) -> frozenset[str]:
        """In what the two differ."""
        return frozenset({"puzzling"} if isinstance(self.seen, str) else differences(self.predicted, self.seen))

    def report(self) -> str:
        """All that is needed to try it again, as YAML: the shape of a golden case, with what was predicted and seen."""
        told: dict[str, Any] = {
            "differs": sorted(self.fields),
            "connection": as_data(self.connection),
            "predicted": as_data(self.predicted),
            "seen": self.seen if isinstance(self.seen, str) else as_data(self.seen),
            "site": self.site,
        }
        return f"--- on {self.binary.id}\n{yaml.safe_dump(told, sort_keys=False, width=140)}"


@dataclass(frozen=True, slots=True)
class Compared:
    """A connection that was predicted and made, in agreement or not."""

    connection: Connection
    prediction: predicting.Prediction
    seen: View | str


def run(
    site: Site, connections: Sequence[Connection], binary: haproxy.Binary, stands: Pool, tally: Callable[[Compared], None] | None = None
) -> list[Disagreement]:
    """Compares every connection, and has each counted by ``tally``. Raises lab.Refused where the site is not valid."""
    with lab.running(site, binary, stands) as running:
        predicted = [predicting.predict(running, each) for each in connections]
        telling = [place for place, each in enumerate(connections) if _tells(running, each, predicted[place].view)]
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            views = threads.map(functools.partial(_make, running), [connections[place] for place in telling])
            seen = dict(zip(telling, views, strict=True))
        for place, each in enumerate(connections):
            if place not in seen:
                seen[place] = _make_mute(running, each, predicted[place])
        compared = [Compared(each, predicted[place], seen[place]) for place, each in enumerate(connections)]
        if tally is not None:
            for each in compared:
                tally(each)
        pairs = [(each, expected(each.prediction, each.seen)) for each in compared]
        return [
            Disagreement(binary, site, each.connection, view, each.seen, running.config)
            for each, view in pairs
            if not agree(each.connection, view, each.seen)
        ]


def see(running: lab.Running, wanted: Connection, predicted: predicting.Prediction) -> View | str:
    """What came of one connection. ``predicted`` only says which server to watch where none can answer the client."""
    return _make(running, wanted) if _tells(running, wanted, predicted.view) else _make_mute(running, wanted, predicted)


def expected(predicted: predicting.Prediction, seen: View | str) -> View:
    """The prediction for the server that was seen."""
    return predicted.view_for(None if isinstance(seen, str) else seen.server)


def agree(asked: Connection, predicted: View, seen: View | str) -> bool:
    """Whether what was seen is what was predicted. One difference between releases is let through: for a forbidden character in the host,
    or ``#`` in the path, newer ones answer 400 themselves, or reset the HTTP/2 stream, before our rule does."""
    if isinstance(seen, str):
        return False
    found = differences(predicted, seen)
    if predicted.status == 400 and (any(odd in (asked.host or "") for odd in ",#/?@\\") or "#" in asked.path):
        return found.keys() <= {"answer", "body"} or (asked.version == "2" and seen == View("reject"))
    return not found


def _make(running: lab.Running, wanted: Connection) -> View | str:
    try:
        return making.make(running, wanted)
    except making.Puzzling as puzzle:
        return str(puzzle)


def _tells(running: lab.Running, wanted: Connection, predicted: View) -> bool:
    """Whether the server that is predicted could answer such a client: it must speak the same protocol."""
    if predicted.outcome != "forward" or predicted.service is None:
        return True
    match running.kinds[predicted.service]:
        case "passed":
            return wanted.kind == "https" and not predicting.in_front(running, wanted)
        case "ssh":
            return wanted.kind in ("ssh", "silent") and not predicting.in_front(running, wanted)
        case "tcp":
            return wanted.kind in ("ssh", "silent", "bytes")
        case _:
            return True


def _make_mute(running: lab.Running, wanted: Connection, predicted: predicting.Prediction) -> View | str:
    """For a server that can't answer this client: the view is as predicted if just this server was connected to."""
    before = {place: server.connections for place, server in running.servers.items()}
    seen = _make(running, wanted)
    reached = {place for place, server in running.servers.items() if server.connections > before[place]}
    number = next((number for service, number in reached if service == predicted.view.service and number in predicted.servers), None)
    if number is not None:
        return predicted.view_for(number)
    return f"reached {sorted(reached) or 'no server'}; the client saw {seen}"
