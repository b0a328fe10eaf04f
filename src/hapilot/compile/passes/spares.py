"""Pass: backends in reserve, so that a new service needs no reload, and the one that keeps our notes in HAProxy's memory.

Before 3.4 HAProxy makes no backend while it runs, but it adds servers to one and changes maps. So some backends that have the lines of
a service with nothing but defaults, and no servers, wait for a service to come. ``plan`` gives them away; the next reload, which reads
configuration files that have a backend for each service, makes them empty again.

A draft whose tables are made goes in; ``spares`` and the table of notes come out. They are no part of the configuration that is printed
for people: ``render`` puts them into a file of their own.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from hapilot.base.memory import Memory
from hapilot.compile import build
from hapilot.compile.draft import BackendPlan, Draft
from hapilot.compile.passes import backends
from hapilot.languages.haproxy import tree
from hapilot.model import expand, service, settings, site

PER_MODE = 16
"""Spare backends of each mode: as many common services can come between two reloads. One costs about 14 kB of memory."""

NOTES = "maps/live.map"
"""The table of notes. On disk it is empty; in the memory of a worker it holds what was done to that worker and no file says."""

HOLDER = ".notes"
"""The backend that refers to the table, without which HAProxy would not load it. No connection gets there. No service's name starts
with a dot."""

Mode = Literal["http", "tcp"]

_COMMON: dict[Mode, service.Service] = {"http": service.Service(), "tcp": service.Service(tls="passthrough")}


def name(mode: Mode, number: int) -> str:
    """What HAProxy calls the spare backend; numbers start at 1.

    >>> name("http", 1)
    '.spare-http-1'
    """
    return f".spare-{mode}-{number}"


def make_spares(draft: Draft) -> Draft:
    """Add the spare backends and the table of notes.

    >>> sorted(_COMMON)
    ['http', 'tcp']
    """
    common = _with_common_services(draft)
    made = [_holder()]
    for mode in _COMMON:
        lines = backends.settings(common, BackendPlan(mode, mode, None))
        made += [tree.Section("backend", name(mode, number), tuple(lines)) for number in range(1, PER_MODE + 1)]
    table = build.Table(NOTES, (), "notes that hapilot keeps in the memory of HAProxy; there are none on disk")
    return replace(draft, spares=tuple(made), tables=(*draft.tables, table))


def _with_common_services(draft: Draft) -> Draft:
    """The site with nothing but a service of each mode, to which its defaults apply as to any other."""
    # The listeners that follow are never looked at; without any, a service would be left out.
    alone = draft.site.spec.model_copy(update={"services": dict(_COMMON), "listeners": None, "expect": [], "raw": settings.Raw()})
    canonical, _ = expand.expand(alone, site.Origins())
    only = replace(draft.site, spec=canonical, origins=site.Origins())
    counted_in = {mode: mode for mode in _COMMON}
    return replace(draft, site=only, pages={}, unaddressed=frozenset(), counted_in=counted_in, memory=Memory())


def _holder() -> tree.Section:
    look_up = tree.line("http-request", "set-var(txn.note)", f"be_name,map_str({NOTES})")
    return tree.Section("backend", HOLDER, (tree.line("mode", "http"), look_up), comment="makes HAProxy load the table of notes")
