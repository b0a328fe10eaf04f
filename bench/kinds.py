"""The kinds of changes that are timed: what a site file says before and after, and how a client sees the difference.

In: a number of services and where servers are. Out: site files, and for each kind its version and its look. Pure but for the looks
themselves. Called by :mod:`bench.effect`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from bench import probing, values

Kind = Literal["server", "host", "service", "certificate", "header"]

CHANGED, ADDED, EXTRA = (values.WILDCARD.replace("*", name) for name in ("changed", "added", "extra"))
"""Hosts: of the service that changes, the one that it gets, and the one of the service that is new."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where things are: the port of the TLS listener, of the two servers, the certificate and how many services there are."""

    port: int
    server: int
    other_server: int
    certificate: Path
    services: int


@dataclass(frozen=True, slots=True)
class Version:
    """What a site file says, apart from what never changes."""

    other_server: bool = False
    added_host: bool = False
    extra_service: bool = False
    header: str = ""


BEFORE = Version()


def text(place: Place, version: Version) -> str:
    """A site file: services of one line each, of which one is changed and one (EDGE_HOST) carries the load. Nothing checks the others'
    servers: 10,000 of them would ask the one web server 5,000 times a second."""
    filler = (
        f'  s{number}: {{host: h{number}.example.test, servers: ["127.0.0.1:{place.server}"], health: off}}'
        for number in range(_filler(place))
    )
    lines = [
        f'listeners:\n  https: {{bind: "127.0.0.1:{place.port}"}}',
        "services:",
        *filler,
        f'  bystander: {{host: {values.EDGE_HOST}, servers: ["127.0.0.1:{place.server}"]}}',
        _changed(place, version),
        *([f'  extra: {{host: {EXTRA}, servers: ["127.0.0.1:{place.server}"]}}'] if version.extra_service else []),
        f"certificates:\n  - file: {place.certificate}",
        "raw: {global: [nbthread 1]}",
    ]
    return "\n".join(lines) + "\n"


def _filler(place: Place) -> int:
    return max(0, place.services - 2)


def _changed(place: Place, version: Version) -> str:
    hosts = f"[{CHANGED}, {ADDED}]" if version.added_host else CHANGED
    server = place.other_server if version.other_server else place.server
    header = f', headers: {{response: {{set: {{{probing.ROUND_HEADER}: "{version.header}"}}}}}}' if version.header else ""
    return f'  changed: {{host: {hosts}, servers: ["127.0.0.1:{server}"]{header}}}'


@dataclass(frozen=True, slots=True)
class Change:
    """A kind of change. ``after`` is what the file says then, None where it is the certificate that changes; ``look`` asks the data
    plane, and ``shows`` says whether an answer is one from after the change (the answer from before it beside it)."""

    title: str
    after: Version | None
    look: Callable[[int], probing.Answer]
    shows: Callable[[probing.Answer, probing.Answer], bool]
    is_runtime: bool = True


CHANGES: Mapping[Kind, Change] = {
    "server": Change(
        "a server's address",
        replace(BEFORE, other_server=True),
        lambda port: probing.ask(port, CHANGED),
        lambda now, before: now.status == 200 and now.body != before.body,
    ),
    "host": Change(
        "a host for a service", replace(BEFORE, added_host=True), lambda port: probing.ask(port, ADDED), lambda now, _: now.status == 200
    ),
    "service": Change(
        "a new service", replace(BEFORE, extra_service=True), lambda port: probing.ask(port, EXTRA), lambda now, _: now.status == 200
    ),
    "certificate": Change(
        "another certificate",
        None,
        lambda port: probing.shake_hands(port, CHANGED),
        lambda now, before: now.certificate != before.certificate,
    ),
    "header": Change(
        "a response header",
        replace(BEFORE, header="1"),
        lambda port: probing.ask(port, CHANGED),
        lambda now, _: now.round == "1",
        is_runtime=False,
    ),
}
