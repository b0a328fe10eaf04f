"""Makes a disagreement small: leaves out whatever it does not need.

Comes in: a disagreement. Goes out: the smallest found within a time limit, or None where it does not happen again. Called by the
random test, before it reports.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

from integration.differential import experiment, lab
from integration.differential.pool import Pool
from integration.differential.words import Connection, Site

_NEEDED = {"services": ("protocol", "tls", "listener"), "listeners": ("bind",)}
"""What may not be left out of a service and of a listener."""
_REST = ("admin", "log", "tls", "include", "raw")
"""What may be left out of a site."""


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
    return next((each for each in same if each.fields & found.fields and _outcomes(each) == _outcomes(found)), None)


def _outcomes(one: experiment.Disagreement) -> tuple[object, ...]:
    """What was foretold and what happened: a smaller site may have another disagreement, which is none of the product's making."""
    seen = one.seen
    told = (one.predicted.outcome, one.predicted.status)
    return (*told, "puzzling") if isinstance(seen, str) else (*told, seen.outcome, seen.status)


def _smaller(site: Site, connection: Connection) -> Iterator[tuple[Site, Connection]]:
    """Everything that is one step smaller, the largest steps first."""
    for kind in ("services", "listeners"):
        for name in site[kind]:
            yield _without(site, kind, name), connection
    for each in _plainer(connection):
        yield site, each
    for each in _sparser(site):
        yield each, connection


def _sparser(site: Site) -> Iterator[Site]:
    """The site without one of its keys."""
    for key in _REST:
        if key in site:
            yield {name: one for name, one in site.items() if name != key}
    for kind, needed in _NEEDED.items():
        paths = [(name, *path) for name, one in site[kind].items() for path in _keys(one) if path[0] not in needed]
        yield from (_without(site, kind, *path) for path in paths)
    for number in range(len(site["certificates"])):
        certificates = [each for place, each in enumerate(site["certificates"]) if place != number]
        yield site | {"certificates": certificates}


def _keys(one: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """The keys of a service or listener, then those inside of them."""
    yield from ((key,) for key in one)
    inside: dict[str, dict[str, Any]] = {key: value for key, value in one.items() if isinstance(value, dict)}
    yield from ((key, inner) for key, value in inside.items() if len(value) > 1 for inner in value)


def _without(site: Site, *path: str) -> Site:
    less = copy.deepcopy(site)
    place = less
    for name in path[:-1]:
        place = place[name]
    del place[path[-1]]
    if len(path) == 2:
        _forget(less, path[0], path[1])
    return less


def _forget(site: Site, kind: str, name: str) -> None:
    """Takes out what refers to a listener or service that is gone."""
    listeners, services = site["listeners"], site["services"]
    if kind == "listeners":
        for one in services.values():
            if "listener" in one:
                one["listener"] = [other for other in one["listener"] if other != name]
        site["services"] = {key: one for key, one in services.items() if one.get("listener", True)}
    for one in listeners.values():
        if one.get("default") == name:
            del one["default"]
    for one in services.values():
        if "canary" in one and one["canary"].get("service") == name:
            del one["canary"]


def _plainer(connection: Connection) -> Iterator[Connection]:
    for each in fields(connection):
        if each.name not in ("listener", "kind", "data", "sni") and getattr(connection, each.name) != each.default:
            yield replace(connection, **{each.name: each.default})
    for number in range(len(connection.headers)):
        yield replace(connection, headers=connection.headers[:number] + connection.headers[number + 1 :])
