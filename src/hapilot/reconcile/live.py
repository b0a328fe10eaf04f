"""``explain --live``: make the connection that was explained, and compare what came of it with what was said.

Which service took it is read from HAProxy's own counters, before and after.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hapilot.base import errors
from hapilot.compile import build
from hapilot.explain import explanation, probe
from hapilot.model import values
from hapilot.reconcile import report, serving
from hapilot.runtime import attempt, descriptors, endpoints, files, observe, process, reading

_COUNTERS_SECONDS = 2.0
"""Counters follow within milliseconds; a busy machine gets more."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """``differences`` is empty where reality agrees."""

    seen: attempt.Seen
    services: tuple[str, ...]
    differences: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        """Whether HAProxy did what was said."""
        return not self.differences

    def as_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "agrees": self.agrees,
            "kind": self.seen.kind,
            "status": self.seen.status,
            "location": self.seen.header("location"),
            "certificate": list(self.seen.certificate),
            "services": list(self.services),
            "differences": list(self.differences),
        }

    @property
    def words(self) -> str:
        """What was seen, in a line."""
        return _words(self.seen) + (f", taken by {', '.join(self.services)}" if self.services else "")


def compare(made: build.Build, asked: probe.Probe, said: explanation.Explanation, state: files.StateDirectory) -> Comparison:
    """Connect to the running site in ``state``. Raises HaproxyFailed where none runs."""
    running = report.running_process(state)
    kept = serving.serving_summary(state)
    backends = {use.backend: use.name for use in kept.services} if kept else {}
    before = _totals(backends, running)
    seen = attempt.attempt(_address(made, asked, said, running), asked)
    taken = _taken(backends, running, before, said.service)
    return Comparison(seen, taken, tuple(differences(said, seen, taken)))


def differences(said: explanation.Explanation, seen: attempt.Seen, taken: tuple[str, ...]) -> Iterator[str]:
    """What is not as it was said."""
    if said.listener is not None and not seen.connected:
        yield f"said: listener {said.listener}; nothing listens there ({seen.problem})"
        return
    if said.outcome == "reject" and seen.kind != "closed":
        yield f"said: refused; seen: {_words(seen)}"
    if said.outcome == "forward":
        only_handshake = seen.kind == "tls" and said.tls is not None and said.tls.certificate is not None
        if said.service not in taken and not only_handshake:
            others = f"taken by {', '.join(taken)}" if taken else "its counters did not move"
            yield f"said: service {said.service}; {others}"
        if seen.kind == "response" and seen.status == 421:
            yield "said: forwarded; seen: 421"
    if said.status is not None and seen.status != said.status:
        yield f"said: {said.status}; seen: {_words(seen)}"
    if said.location is not None and seen.header("location") != said.location:
        yield f"said: to {said.location}; seen: {seen.header('location')}"


def _words(seen: attempt.Seen) -> str:
    if seen.kind == "response":
        location = seen.header("location")
        return f"{seen.status}" + (f" to {location}" if location else "")
    if seen.kind == "data":
        return f"the server said {seen.data[:60].decode('utf-8', 'replace').strip()!r}"
    if seen.kind == "tls":
        return f"a certificate for {', '.join(seen.certificate) or 'no name'}"
    return f"closed ({seen.problem})"


def _address(made: build.Build, asked: probe.Probe, said: explanation.Explanation, running: process.Process) -> str | tuple[str, int]:
    """Where to connect: the address in the target, or the explained listener's, through loopback where it has them all."""
    if asked.address is not None and not asked.listener:
        return str(asked.address), asked.port
    listener = (made.site.spec.listeners or {}).get(said.listener or asked.listener)
    binds = sorted(listener.bind, key=lambda bind: (bind.port != asked.port, bind.kind != "tcp")) if listener else []
    return endpoints.reachable(_endpoint(binds[0], running) if binds else endpoints.Endpoint(port=asked.port))


def _endpoint(bind: values.BindAddress, running: process.Process) -> endpoints.Endpoint:
    """The address of a bind; of an inherited socket, what the running HAProxy has."""
    if bind.kind != "fd":
        return endpoints.Endpoint(bind.host, bind.port, bind.path)
    found = descriptors.held_by(running.pid, bind.fd)
    if found is None:
        raise errors.HaproxyFailed(f"{descriptors.missing(bind.fd)} of the running HAProxy", "name the address in the target")
    return found


def _totals(backends: Mapping[str, str], running: process.Process) -> dict[str, int]:
    """Sessions of every service so far. ``backends`` is what runs, which may not be what the site file says now."""
    seen = observe.observe(running.run_dir).by_own_names(reading.given(running))
    found: dict[str, int] = {}
    for backend, service in backends.items():
        proxy = seen.proxy(backend, "backend")
        found[service] = found.get(service, 0) + (proxy.total if proxy else 0)
    return found


def _taken(backends: Mapping[str, str], running: process.Process, before: dict[str, int], expected: str | None) -> tuple[str, ...]:
    """Services whose counters moved; waits a moment for the expected one."""
    deadline = time.monotonic() + _COUNTERS_SECONDS
    while True:
        moved = tuple(service for service, total in _totals(backends, running).items() if total > before.get(service, 0))
        if expected is None or expected in moved or time.monotonic() >= deadline:
            return moved
        time.sleep(0.05)
