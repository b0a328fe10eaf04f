"""Which servers SERVICE/SERVER means: what a verb names, found in what serves and in what is recorded.

In: the summary of the generation that serves, what is recorded, and the names. Out: :class:`Meant`, or HapilotError with the nearest name.
``verbs`` asks before it records, `drain --wait` before it counts. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from hapilot.base import errors, names
from hapilot.render import summary
from hapilot.runtime import overrides

_MOST = 8
"""Names that a hint lists."""


@dataclass(frozen=True, slots=True)
class Meant:
    """``servers`` are HAProxy's names of the servers that a service may have on several backends: ``live`` pairs backend and server as they
    serve now. Both are empty for a service without servers, ``live`` also for names that are only recorded."""

    service: str
    servers: tuple[str, ...]
    live: tuple[tuple[str, str], ...]


def meant(kept: summary.Summary, known: overrides.Overrides, service: str, server: str = "") -> Meant:
    """What ``service`` and ``server`` name; every server of the service where ``server`` is empty.

    A server is named as `hapilot status` shows it, by its address, or by its host alone, which means every port of it that the service
    has. Names that are recorded and that the site has lost mean themselves. Raises HapilotError for others.
    """
    uses = [use for use in kept.services if use.name == service]
    recorded = tuple(dict.fromkeys(one.server for one in known if one.service == service))
    if not uses and not recorded:
        near = names.did_you_mean(service, {use.name for use in kept.services})
        raise errors.HapilotError(f"there is no service {service!r}", near or "`hapilot status` shows the services")
    there = ((use.backend, name, address) for use in uses for name, address in use.servers.items())
    pairs = tuple((backend, name) for backend, name, address in there if not server or server in spellings(name, address))
    found = tuple(dict.fromkeys(name for _, name in pairs))
    if server and not found:
        if server not in recorded:
            raise _no_server(uses, service, server)
        found = (server,)
    return Meant(service, found, pairs)


def spellings(name: str, address: str) -> Iterator[str]:
    """How a server may be named; the first is HAProxy's name.

    >>> list(spellings("2001:db8::1:443", "[2001:db8::1]:443"))
    ['2001:db8::1:443', '[2001:db8::1]:443', '[2001:db8::1]', '2001:db8::1']
    >>> list(spellings("blue", "10.0.0.1:80"))
    ['blue', '10.0.0.1:80', '10.0.0.1', '10.0.0.1']
    """
    yield name
    yield address
    host = address.rpartition(":")[0]
    yield host
    yield host.strip("[]")


def known_names(kept: summary.Summary, known: overrides.Overrides) -> Iterator[tuple[str, str]]:
    """Every service with an empty server, then each with its servers, then what is only recorded; for completion."""
    found = {(use.name, ""): None for use in kept.services}
    found |= {(use.name, server): None for use in kept.services for server in use.servers}
    found |= {(one.service, one.server): None for one in known}
    yield from found


def unmatched(kept: summary.Summary, known: overrides.Overrides) -> Iterator[overrides.Override]:
    """What is recorded of services and servers that the site does not have now."""
    there = set(known_names(kept, ()))
    yield from (one for one in known if (one.service, one.server) not in there)


def _no_server(uses: Iterable[summary.ServiceSummary], service: str, server: str) -> errors.HapilotError:
    there = list(dict.fromkeys(name for use in uses for name in use.servers))
    more = ", …" if len(there) > _MOST else ""
    listed = f"it has {', '.join(there[:_MOST])}{more}" if there else "it has no servers"
    return errors.HapilotError(f"service {service} has no server {server!r}", names.did_you_mean(server, there) or listed)
