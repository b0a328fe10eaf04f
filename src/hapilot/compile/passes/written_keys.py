"""Pass: what is kept as written says no more than what HAProxy is told of it, and what is not has no keys for it."""

from __future__ import annotations

from collections.abc import Iterator

from hapilot.base import diagnostics
from hapilot.base.diagnostics import Diagnostic
from hapilot.compile.draft import Draft
from hapilot.model import listener, section, service
from hapilot.model.site import Path

LISTENERS = frozenset({"from_", "bind", "routes", "default"})
SERVICES = frozenset({"from_", "protocol", "balance", "servers", "retries", "timeouts"})
SERVERS = frozenset({"address", "name", "weight", "backup", "max_connections", "raw"})
"""What can be said of listeners, services and servers that are kept as written, in the model's words."""

_HINT = "say it in HAProxy's words under raw, or leave out from, so that hapilot decides how it is done"


def check_written(draft: Draft) -> Draft:
    """Report keys that would have no effect.

    >>> sorted(_more(listener.Listener(bind=[], from_="main", redirect="https"), LISTENERS))
    ['redirect']
    """
    said = draft.site.spec
    found = [one for name, each in (said.listeners or {}).items() for one in _about_listener(draft, name, each)]
    for name, each in said.services.items():
        if each.from_ is not None:
            found += _about_service(draft, name, each)
    for name, _ in draft.those("words of servers", lambda _, one: any(server.raw is not None for server in one.servers)):
        found += _without_from(draft, name, draft.services[name])
    return draft.noting(found)


def _about_listener(draft: Draft, name: str, one: listener.Listener) -> Iterator[Diagnostic]:
    here = ("listeners", name)
    if one.from_ is not None:
        for key in _more(one, LISTENERS):
            yield _error(draft, (*here, key), f"listener {name} is kept as written, so {key} has no effect", _HINT)
    elif one.routes:
        hint = "routes of other listeners follow from host and path of the services; to keep it as written, add from"
        yield _error(draft, (*here, "routes"), f"listener {name} is not kept as written, so routes has no effect", hint)


def _about_service(draft: Draft, name: str, one: service.Service) -> Iterator[Diagnostic]:
    here, what = ("services", name), f"service {name} is kept as written, so"
    for key in _more(one, SERVICES):
        yield _error(draft, (*here, key), f"{what} {key} has no effect", _HINT)
    if isinstance(one.balance, service.Hash):
        yield _error(draft, (*here, "balance"), f"{what} it can't balance by a hash here", _HINT)
    if one.timeouts is not None and one.timeouts.client is not None:
        yield _error(draft, (*here, "timeouts", "client"), f"{what} timeouts.client has no effect", _HINT)
    for index, server in enumerate(one.servers):
        place = (*here, "servers", index)
        for key in _more(server, SERVERS):
            yield _error(draft, (*place, key), f"{what} {key} of a server has no effect", _HINT)
        if not server.address.port:
            yield _error(draft, (*place, "address"), f"{what} a server needs a port", "add it to the address")


def _without_from(draft: Draft, name: str, one: service.Service) -> Iterator[Diagnostic]:
    for index, server in enumerate(one.servers):
        if server.raw is not None:
            path = ("services", name, "servers", index, "raw")
            hint = "use the keys of the service; to keep it as written, add from"
            yield _error(draft, path, f"service {name} is not kept as written, so its servers have no further words", hint)


def _more(one: section.Section, known: frozenset[str]) -> list[str]:
    """The keys that were said beyond those that are known."""
    fields = type(one).model_fields
    return [key for key in fields if key in one.model_fields_set - known and getattr(one, key) != fields[key].get_default()]


def _error(draft: Draft, path: Path, message: str, hint: str) -> Diagnostic:
    return diagnostics.error("conflict", message, draft.site.origins.key(*path), hint)
