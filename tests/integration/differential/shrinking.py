"""Makes a disagreement small: leaves out whatever it does not need.

Comes in: a disagreement. Goes out: the smallest found within a time limit, or None where it does not happen again. Called by the
random test, before it reports.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator
from dataclasses import fields, replace

from integration.differential import experiment, lab
from integration.differential.pool import Pool
from integration.differential.words import Connection, Site

_KEYS = {"services": ("path", "send_proxy", "health", "host", "verify"), "listeners": ("plain_http", "accept_proxy", "trusted", "redirect")}
"""What may be left out of a service and of a listener."""


def shrink(found: experiment.Disagreement, stands: Pool, seconds: float = 30.0) -> experiment.Disagreement | None:
    """The same disagreement (in one of the same fields), with less around it."""
    end = time.monotonic() + seconds
    best = _again(found, found.site, found.connection, stands)
    progress = best is not None
    while best is not None and progress and time.monotonic() < end:
        progress = False
        for site, connection in _smaller(best.site, best.connection):
            if time.monotonic() > end:
                break
            if (less := _again(best, site, connection, stands)) is not None:
                best, progress = less, True
                break
    return best


def _again(found: experiment.Disagreement, site: Site, connection: Connection, stands: Pool) -> experiment.Disagreement | None:
    try:
        same = experiment.run(site, [connection], found.binary, stands)
    except (lab.Refused, KeyError, RuntimeError):
        return None
    return next((each for each in same if each.fields & found.fields), None)


def _smaller(site: Site, connection: Connection) -> Iterator[tuple[Site, Connection]]:
    """Everything that is one step smaller, the largest steps first."""
    for kind in ("services", "listeners"):
        for name in site[kind]:
            yield _without(site, kind, name), connection
    for each in _plainer(connection):
        yield site, each
    for kind, keys in _KEYS.items():
        found = [(name, key) for name, one in site[kind].items() for key in keys if one.get(key)]
        for path in found:
            yield _without(site, kind, *path), connection
    for number in range(len(site["certificates"])):
        certificates = [each for place, each in enumerate(site["certificates"]) if place != number]
        yield site | {"certificates": certificates}, connection


def _without(site: Site, *path: str) -> Site:
    less = copy.deepcopy(site)
    place = less
    for name in path[:-1]:
        place = place[name]
    del place[path[-1]]
    if path[0] == "listeners" and len(path) == 2:
        for one in less["services"].values():
            one["listener"] = [name for name in one["listener"] if name != path[1]]
        less["services"] = {name: one for name, one in less["services"].items() if one["listener"]}
    return less


def _plainer(connection: Connection) -> Iterator[Connection]:
    for each in fields(connection):
        if each.name not in ("listener", "kind", "data", "sni") and getattr(connection, each.name) != each.default:
            yield replace(connection, **{each.name: each.default})
    for number in range(len(connection.headers)):
        yield replace(connection, headers=connection.headers[:number] + connection.headers[number + 1 :])
