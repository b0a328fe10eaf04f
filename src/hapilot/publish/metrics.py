"""The metrics of hapilot itself, in the text that Prometheus reads.

In: :class:`~hapilot.publish.facts.Facts` of one moment. Out: a page. Nothing is counted here and nothing is kept: who asks twice gets
two looks. Names follow Prometheus' conventions (base units, ``_total`` for counters); ``proxy`` is the label by which HAProxy's own
metrics name a backend, so the two can be joined. Called for each scrape, by ``reconcile.telling``.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from prometheus_client import exposition, metrics_core, process_collector, registry

from hapilot.publish import facts, page, tally

HEALTH = ("up", "degraded", "down")
Family = metrics_core.Metric
_Gauge = metrics_core.GaugeMetricFamily
_Counter = metrics_core.CounterMetricFamily


def answer(now: facts.Facts, accept: str = "") -> page.Answer:
    """What a client gets that accepts ``accept`` (RFC 9110, section 12.5.1): OpenMetrics where it is asked for, else plain text."""
    encode, content_type = exposition.choose_encoder(accept)
    # The encoder asks what it is given for nothing but collect().
    return page.Answer(content_type, encode(_Collected(tuple(families(now)))))


class _Collected(registry.Collector):
    """Families that are made already."""

    def __init__(self, made: tuple[Family, ...]) -> None:
        self._made = made

    def collect(self) -> Iterable[Family]:
        return self._made


def families(now: facts.Facts) -> Iterator[Family]:
    """Every metric. What HAProxy would have to say is left out while it does not answer, but for the fact itself."""
    about = {"version": now.version, "python": platform.python_version()}
    yield _info("hapilot_build_info", "Version of hapilot and of the Python that runs it.", about)
    yield from _doings(now.tally)
    yield _one("hapilot_haproxy_up", "Whether HAProxy runs and answers (1) or not (0).", int(now.running is not None))
    if now.running is not None:
        for part in _PARTS:
            yield from part(now.running)
    yield from process_collector.ProcessCollector(namespace="hapilot", registry=None).collect()


def _doings(done: tally.Tally) -> Iterator[Family]:
    yield _counts("hapilot_changes", "Changes of the site since hapilot started, by how they ended.", "result", done.changes)
    yield _counts("hapilot_reloads", "Reloads of HAProxy since hapilot started, by what made them necessary.", "reason", done.reloads)
    died = "Times that HAProxy was started again after it had ended by itself, since hapilot started."
    yield _Counter("hapilot_haproxy_restarts", died, value=done.restarts)
    if done.seconds is not None:
        took = "What the last change that was applied took, from reading the files to serving."
        yield _one("hapilot_last_apply_duration_seconds", took, done.seconds)
    current = "Whether what runs is what the site's files say (1), or the last change of them did not come about (0)."
    yield _one("hapilot_site_current", current, int(done.is_current))
    adopted = "Whether HAProxy was started by an earlier hapilot and adopted by this one (1), or started by this one (0)."
    yield _one("hapilot_haproxy_adopted", adopted, int(done.is_adopted))


def _process(running: facts.Running) -> Iterator[Family]:
    yield _info("hapilot_haproxy_info", "Version of the HAProxy that runs.", {"version": running.version})
    yield _one("hapilot_haproxy_uptime_seconds", "Time since HAProxy's master process was started.", running.uptime_seconds)
    serving = "Time since the worker that serves was started, by the last reload or start."
    yield _one("hapilot_haproxy_worker_uptime_seconds", serving, running.worker_uptime_seconds)
    old = "Workers of former generations that finish their connections."
    yield _one("hapilot_haproxy_old_workers", old, running.old_workers)
    yield _one("hapilot_haproxy_old_worker_connections", "Connections that old workers have left.", running.old_sessions)


def _generation(running: facts.Running) -> Iterator[Family]:
    yield _one("hapilot_generation", "Number of the generation that runs.", running.generation)
    yield _one("hapilot_last_change_timestamp_seconds", "When the generation that runs was made, since 1970.", running.last_change)
    yield _one("hapilot_listeners", "Listeners of the site that HAProxy serves.", running.listeners)
    left_out = _Gauge("hapilot_quarantined_parts", "Parts of the site that are left out because of errors in them.", labels=["kind"])
    for kind in facts.KINDS:
        left_out.add_metric([kind], running.quarantined.get(kind, 0))
    yield left_out


def _services(running: facts.Running) -> Iterator[Family]:
    total = _Gauge("hapilot_services", "Services by health: up, degraded (some servers), down (no server).", labels=["health"])
    labels = ["service", "proxy"]
    info = _Gauge("hapilot_service_info", "Service and TLS mode of each HAProxy backend (proxy).", labels=[*labels, "tls"])
    servers = _Gauge("hapilot_service_servers", "Servers of a service.", labels=labels)
    up = _Gauge("hapilot_service_servers_up", "Servers of a service that take requests: up, or without a health check.", labels=labels)
    for health, count in _healths(running.services).items():
        total.add_metric([health], count)
    for one in running.services:
        info.add_metric([one.name, one.proxy, one.tls], 1)
        servers.add_metric([one.name, one.proxy], one.servers)
        up.add_metric([one.name, one.proxy], one.servers_up)
    yield from (total, info, servers, up)


def _healths(services: Iterable[facts.Service]) -> dict[str, int]:
    """How many services there are of each health. A service with several backends is as well as the worst of them."""
    worst: dict[str, str] = {}
    for one in services:
        worst[one.name] = max(worst.get(one.name, HEALTH[0]), one.health, key=HEALTH.index)
    return {health: sum(1 for found in worst.values() if found == health) for health in HEALTH}


def _certificates(running: facts.Running) -> Iterator[Family]:
    ends = "When a certificate ends, since 1970, for each host name in it."
    family = _Gauge("hapilot_certificate_expiry_timestamp_seconds", ends, labels=["certificate", "name"])
    for one in running.certificates:
        for host in one.hosts or ("",):
            family.add_metric([one.name, host], one.not_after)
    yield family


_PARTS: tuple[Callable[[facts.Running], Iterator[Family]], ...] = (_process, _generation, _services, _certificates)


def _one(name: str, meaning: str, value: float) -> Family:
    return _Gauge(name, meaning, value=value)


def _info(name: str, meaning: str, labels: Mapping[str, str]) -> Family:
    """A constant 1 whose labels tell something."""
    family = _Gauge(name, meaning, labels=list(labels))
    family.add_metric(list(labels.values()), 1)
    return family


def _counts(name: str, meaning: str, label: str, counts: Mapping[Any, int]) -> Family:
    family = _Counter(name, meaning, labels=[label])
    for value, count in counts.items():
        family.add_metric([value], count)
    return family
