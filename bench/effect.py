"""How long a changed file takes until a client sees the change, at so many services, while other clients ask.

In: a kind of change, a number of services and a HAProxy. Out: an :class:`Effect`: times of single changes, where they went, how they were
made, and whether any client noticed. Called by :mod:`bench.rows.effect`.
"""

from __future__ import annotations

import contextlib
import functools
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench import accounting, arithmetic, clients, following, kinds, measure, probing, processes, values
from hapilot.model import values as site_values
from hapilot.reconcile import watching
from hapilot.sources.file import self_signed

DEBOUNCE = watching.TOGETHER_SECONDS
"""Seconds that a file which was renamed into place has to stay as it is before it is read. It is a choice and no work, so it is told
apart."""

_PATIENCE = 30.0
_REST_SECONDS = 0.2
"""After a change, for what ``up`` does when it is done: the next change is timed from rest."""
_ROUND_TRIPS = 51


@dataclass(frozen=True, slots=True)
class Timed:
    """One change, in seconds since the file was replaced: when a client saw it, when it had been read, compiled and checked, and when
    ``up`` found it served; NaN where that is not known. ``work`` is what ``up`` says that making the change took, without reading."""

    seen: float
    checked: float
    served: float
    work: float
    how: str


@dataclass(frozen=True, slots=True)
class Effect:
    """Changes of one kind. ``first`` is the one that fills caches and does not count; ``round_trip`` is one answer to ``show info``;
    ``cpu`` are the CPU seconds of ``up`` and of the programs it runs for a change, ``foreign`` the share of a core that other programs
    used meanwhile."""

    kind: kinds.Kind
    services: int
    haproxy_version: str
    first: Timed
    changes: tuple[Timed, ...]
    round_trip: float
    clients: clients.Counted
    cpu: float
    foreign: float

    @property
    def disturbed(self) -> bool:
        """Whether other programs were in the way."""
        return self.foreign > arithmetic.QUIET

    @property
    def seconds(self) -> float:
        """The median time to effect, with the debounce."""
        return statistics.median(change.seen for change in self.changes)

    @property
    def beyond(self) -> float:
        """The same without the debounce."""
        return self.seconds - DEBOUNCE

    @property
    def how(self) -> str:
        """How the changes were made: one word where all were made alike."""
        return ", ".join(sorted({change.how for change in self.changes}))

    @property
    def failed(self) -> int:
        """Requests that failed meanwhile."""
        return sum(self.clients.failed.values())

    def as_json(self) -> dict[str, object]:
        """For the results; milliseconds."""
        split = {name: _ms(_median(self.changes, take)) for name, take in _PARTS.items()}
        return {
            "services": self.services,
            "by": self.how,
            "effective_ms": _ms(self.seconds),
            "debounce_ms": _ms(DEBOUNCE),
            "beyond_debounce_ms": _ms(self.beyond),
            "all_ms": [_ms(change.seen) for change in self.changes],
            "first_ms": _ms(self.first.seen),
            "split_ms": split,
            "cpu_ms_of_up": _ms(self.cpu),
            "foreign_core_share": round(self.foreign, 3),
            "show_info_ms": _ms(self.round_trip),
            "show_info_round_trips": round(self.beyond / self.round_trip),
            "clients": self.clients.as_json(),
        }


_PARTS: dict[str, Callable[[Timed], float]] = {
    "noticed_read_compiled_checked": lambda change: change.checked - DEBOUNCE,
    "written_and_carried_out": lambda change: change.served - change.checked,
    "work_as_up_says_without_reading": lambda change: change.work,
}


def _median(changes: tuple[Timed, ...], take: Callable[[Timed], float]) -> float:
    return statistics.median(take(change) for change in changes)


def _ms(seconds: float) -> float | None:
    return None if seconds != seconds else round(seconds * 1e3, 2)


@functools.cache
def measured(which: values.Which, kind: kinds.Kind, services: int, rounds: int) -> Effect:
    """Measure once for all rows that show it. NotMeasured where a change is not applied or not seen."""
    haproxy = measure.choose(which)
    with contextlib.ExitStack() as stack:
        site = _prepare(stack, which, services)
        subject = _Subject(site, kinds.CHANGES[kind])
        with processes.quoted(site.up.folder):
            before, began = _used(site), time.monotonic()
            (changes, round_trip), counted = clients.during(clients.LIGHT, site.place.port, lambda: _rounds(subject, rounds))
            used, seconds = _used(site), time.monotonic() - began
    cpu = (used.up - before.up) / (2 * len(changes))  # each was undone
    foreign = max(0.0, used.cores - before.cores - (used.own - before.own)) / seconds
    return Effect(kind, services, haproxy.version_text, changes[0], changes[1:], round_trip, counted, cpu, foreign)


@dataclass(frozen=True, slots=True)
class _Used:
    """CPU seconds so far: of all cores, of everything that belongs to the measurement, of ``up`` and what it ran."""

    cores: float
    own: float
    up: float


def _used(site: _Site) -> _Used:
    up = accounting.of_family(site.up.pid)
    own = (
        up + accounting.of_family(site.up.haproxy) + accounting.of_process(site.web) + accounting.of_ended_children() + time.process_time()
    )
    return _Used(accounting.of_cores(tuple(os.sched_getaffinity(0))), own, up)


@dataclass(frozen=True, slots=True)
class _Site:
    """A site that ``up`` follows. ``certificates`` are two for the same names; ``web`` is the process of the web server."""

    up: following.Following
    place: kinds.Place
    certificates: tuple[str, str]
    web: int


def _prepare(stack: contextlib.ExitStack, which: values.Which, services: int) -> _Site:
    shared = measure.share(stack, measure.choose(which))
    stage = measure.stage_of("up", shared)
    folder = stage.folder / "site"
    folder.mkdir()
    place = kinds.Place(stage.port, stage.server_port, stage.other_server_port, folder / "site.pem", services)
    certificates = _certificates()
    place.certificate.touch(mode=0o600)
    place.certificate.write_text(certificates[0], encoding="ascii")
    site = folder / "site.yaml"
    site.write_text(kinds.text(place, kinds.BEFORE), encoding="utf-8")
    return _Site(stack.enter_context(following.running(stage, which, site, None)), place, certificates, shared.web.pid)


def _certificates() -> tuple[str, str]:
    names = [site_values.parse_host(name) for name in (values.EDGE_HOST, values.WILDCARD)]
    one, two = (self_signed.LocalAuthority(None).certificate(names, measure.now()).text() for _ in range(2))
    return one, two


@dataclass(frozen=True, slots=True)
class _Subject:
    """A site, and what is changed in it there and back."""

    site: _Site
    change: kinds.Change

    def edits(self) -> tuple[Path, str, str]:
        """The file that changes, with its text before and after."""
        if self.change.after is None:
            return (self.site.place.certificate, *self.site.certificates)
        place = self.site.place
        return self.site.up.site, kinds.text(place, kinds.BEFORE), kinds.text(place, self.change.after)


def _rounds(subject: _Subject, rounds: int) -> tuple[tuple[Timed, ...], float]:
    changes = tuple(_there_and_back(subject) for _ in range(rounds + 1))
    return changes, statistics.median(subject.site.up.round_trip() for _ in range(_ROUND_TRIPS))


def _there_and_back(subject: _Subject) -> Timed:
    """Time the change; then undo it, and wait until all is as before."""
    up, port = subject.site.up, subject.site.place.port
    path, text_before, text_after = subject.edits()
    time.sleep(_REST_SECONDS)
    done = len(up.said())
    before = subject.change.look(port)
    began = up.replace(path, text_after)
    seen = probing.until(lambda: subject.change.look(port), lambda now: subject.change.shows(now, before), _PATIENCE)
    timed = _timed(up, up.wait_said(done + 1, _PATIENCE), began, seen)
    time.sleep(_REST_SECONDS)
    up.replace(path, text_before)
    up.wait_said(done + 2, _PATIENCE)
    after = subject.change.look(port)
    if subject.change.shows(after, before):
        raise values.NotMeasured("a change that was undone is still there")
    return timed


def _timed(up: following.Following, said: following.Said, began: float, seen: float) -> Timed:
    steps = up.steps(said.generation) or following.Steps(float("nan"), float("nan"))
    return Timed(seen - began, steps.checked - began, steps.served - began, said.seconds, said.how)
