"""What there is to tell about a running site, as plain values. ``reconcile`` fills them in, ``metrics`` writes them down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hapilot.publish import tally

KINDS = ("listener", "service", "certificate", "other")
"""Kinds of parts that can be left out of a running site."""


@dataclass(frozen=True, slots=True)
class Service:
    """A service as one HAProxy backend (``proxy``, as HAProxy's own metrics call it) has it. ``health`` is up, degraded or down."""

    name: str
    proxy: str
    tls: str
    health: str
    servers: int
    servers_up: int


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate: how users know it, its host names, and its end in seconds since 1970."""

    name: str
    hosts: tuple[str, ...]
    not_after: float


@dataclass(frozen=True, slots=True)
class Running:
    """The HAProxy that runs and its generation. ``last_change`` in seconds since 1970; ``old_sessions`` are the
    connections of old workers; ``quarantined`` counts parts by kind."""

    version: str
    generation: int
    last_change: float
    uptime_seconds: float
    worker_uptime_seconds: float
    old_workers: int
    old_sessions: int
    listeners: int
    services: tuple[Service, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    quarantined: Mapping[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything at one moment. ``running`` is None where HAProxy does not answer."""

    version: str
    tally: tally.Tally
    running: Running | None = None
