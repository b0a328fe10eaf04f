"""The ``bind`` lines of a Build that a user wrote: those of raw sections, of listeners that are kept as written, and raw lines of others.

In: a Build. Out: :class:`OwnBind`, one for each address. Called by ``arrivals``. What hapilot itself opens follows from the listeners of
the site; its sockets in between are nobody's to connect to.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass

from hapilot.compile import build
from hapilot.languages.haproxy import tree
from hapilot.languages.haproxy.evaluate import binds, written
from hapilot.model import values

_SOCKETS = ("unix@", "abns@", "abnsz@", "fd@", "/")
_EVERY = {"": "0.0.0.0", "*": "0.0.0.0"}  # noqa: S104 - read, not bound


@dataclass(frozen=True, slots=True)
class OwnBind:
    """One address. ``listener`` is the listener, or the frontend that is none; ``socket`` the address as it is written, of what is no IP
    address; ``ports`` are empty then."""

    listener: str
    address: values.BindAddress
    ports: range
    socket: str
    takes_header: bool


def is_written(made: build.Build, name: str) -> bool:
    """Whether the listener or service of a name is kept as a user wrote it."""
    spec = made.site.spec
    listener, service = (spec.listeners or {}).get(name), spec.services.get(name)
    return (listener is not None and listener.from_ is not None) or (service is not None and service.from_ is not None)


def find(made: build.Build) -> Iterator[OwnBind]:
    """All of them, in the order of the configuration."""
    if not any(_may_bind(made, section) for section in made.config.sections):
        return  # most sites have none, and their configurations are long
    environment = {"HAPILOT_RUN": made.target.run_dir}
    listeners = {layer.frontend: layer.listener for layer in made.layers}
    for section, lines in written.sections(made.config, environment):
        if section.kind not in ("frontend", "listen"):
            continue
        is_own = is_written(made, section.name) and section.kind == "frontend"
        for each in lines:
            if each.words[:1] == ("bind",) and not each.missing and (is_own or each.line.opaque):
                yield from _addresses(listeners.get(section.name, section.name), each.line, each.words)


def _may_bind(made: build.Build, section: tree.Section) -> bool:
    if section.kind not in ("frontend", "listen"):
        return False
    return is_written(made, section.name) or any(line.opaque for line in section.lines)


def _addresses(listener: str, line: tree.Line, words: tuple[str, ...]) -> Iterator[OwnBind]:
    for bind in binds.parse_binds(line, words, 1):
        takes_header = bind.has("accept-proxy")
        host = bind.host
        if bind.address.startswith(_SOCKETS):
            yield OwnBind(listener, values.BindAddress("unix", path=bind.address), range(0), bind.address, takes_header)
        elif bind.ports and (address := _address(_EVERY.get(host, host), is_ipv6=bind.is_ipv6)) is not None:
            yield OwnBind(listener, values.BindAddress("tcp", address, bind.ports[0]), bind.ports, "", takes_header)


def _address(host: str, *, is_ipv6: bool) -> str | None:
    """The host of an address; None for a name, which only name servers know."""
    try:
        parsed = ipaddress.ip_address(host)
    except ValueError:
        return None
    return "::" if parsed.is_unspecified and is_ipv6 else str(parsed)
