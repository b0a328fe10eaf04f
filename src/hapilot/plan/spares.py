"""Spare backends: which one stands for which service, and a worker's memory as if each service had a backend of its own.

In: a worker's memory and sections by head. Out: who has which, who gets one, who gives one back, who gets none. Pure; called by ``plan``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from hapilot.plan import actions, running, sections, tables

BACKEND = "backend "
"""How the heads of backends start."""
HEAD = f"{BACKEND}{running.SPARE}"
"""The same of spare ones."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Spares:
    """``given`` is backend to spare and ``noted`` what that was before; ``fresh`` are those that are given now; ``takes`` takes back what
    stands for nothing; ``missing`` are backends that get none."""

    given: Mapping[str, str]
    noted: Mapping[str, str]
    fresh: tuple[str, ...]
    takes: tuple[actions.TakeSpare, ...]
    missing: frozenset[str]

    def gives(self, services: Mapping[str, str]) -> Iterator[actions.GiveSpare]:
        """One step for each backend that gets a spare."""
        for backend in self.fresh:
            spare = self.given[backend]
            about, reason = f"service {services.get(backend, backend)}", f"new in the site; it gets the prepared backend {spare}"
            yield actions.GiveSpare(about=about, reason=reason, spare=spare, backend=backend)


NONE = Spares({}, {}, (), (), frozenset())
"""Where each service has a backend of its own."""


def assign(state: running.Running, loaded: Mapping[str, sections.Section], should: Mapping[str, sections.Section]) -> Spares:
    """A backend that HAProxy does not have gets a spare one with the same lines, the one that it has already before any other."""
    new = {head.removeprefix(BACKEND): section for head, section in should.items() if head.startswith(BACKEND) and head not in loaded}
    used = {key[0] for key in state.servers}
    noted = running.stands_for(state.notes)
    given: dict[str, str] = {}
    for backend, section in new.items():
        spare = noted.get(backend)
        former = loaded.get(f"{BACKEND}{spare}")
        if spare is not None and former is not None and former.lines == section.lines:
            given[backend] = spare
    free: dict[tuple[str, ...], list[str]] = {}
    for head, section in loaded.items():
        name = head.removeprefix(BACKEND)
        if head.startswith(HEAD) and name not in state.notes and name not in used:
            free.setdefault(section.lines, []).append(name)
    fresh: list[str] = []
    for backend, section in new.items():
        if backend not in given and free.get(section.lines):
            given[backend] = free[section.lines].pop(0)
            fresh.append(backend)
    taken = set(given.values())
    takes = tuple(
        actions.TakeSpare(about=f"service {backend}", reason="not in the site", spare=spare)
        for spare, backend in state.notes.items()
        if spare.startswith(running.SPARE) and "/" not in spare and spare not in taken
    )
    return Spares(given, noted, tuple(fresh), takes, frozenset(new.keys() - given.keys()))


def by_own_names(state: running.Running) -> running.Running:
    """The same memory with services' own names wherever a spare backend stands for one: what is left of a comparison is what a new worker
    makes different."""
    own = {spare: backend for backend, spare in running.stands_for(state.notes).items()}
    if not own:
        return state
    return replace(
        state,
        servers=_renamed(state.servers, own),
        limits=_renamed(state.limits, own),
        sessions=_renamed(state.sessions, own),
        tables={path: tables.renamed(path, table, own) for path, table in state.tables.items()},
        notes={_own_note(key, own): value for key, value in state.notes.items() if key not in own},
    )


def _renamed(found: Mapping[running.ServerKey, _T], own: Mapping[str, str]) -> dict[running.ServerKey, _T]:
    return {(own.get(backend, backend), server): value for (backend, server), value in found.items()}


def _own_note(key: str, own: Mapping[str, str]) -> str:
    backend, slash, server = key.partition("/")
    return f"{own.get(backend, backend)}{slash}{server}"


def own_sections(loaded: Mapping[str, sections.Section], notes: Mapping[str, str]) -> dict[str, sections.Section]:
    """Sections that were loaded, with those of spare backends also under the names of the services that they stand for."""
    named = {f"{BACKEND}{backend}": loaded.get(f"{BACKEND}{spare}") for backend, spare in running.stands_for(notes).items()}
    return {**loaded, **{head: section for head, section in named.items() if section is not None}}
