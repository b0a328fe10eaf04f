"""The public addresses of a site, as each stage needs them: to try before, to wait for after, to remember and to remove at the end.

In: a Build, or the Summary of one. Out: values of ``runtime`` and ``render``. Called by ``loop``, ``serve`` and ``live``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from hapilot.base.origin import Origin
from hapilot.render import summary
from hapilot.runtime import endpoints, preflight

if TYPE_CHECKING:  # who only looks at summaries starts without the compiler
    from hapilot.compile import build


def wanted_binds(made: build.Build) -> tuple[preflight.WantedBind, ...]:
    """Every public address with the place in the site file that asks for it."""
    spec, origins = made.site.spec, made.site.origins
    named = [(("listeners", name), listener.bind) for name, listener in (spec.listeners or {}).items()]
    named += [(("admin", part), page.bind) for part in ("stats", "metrics") if (page := getattr(spec.admin, part)) is not None]
    used = {layer.listener for layer in made.layers}
    return tuple(
        preflight.WantedBind(host, bind.port, origins.at(*path, "bind", index), bind.path, bind.fd)
        for path, binds in named
        if path[0] == "admin" or path[1] in used
        for index, bind in enumerate(binds)
        for host in (sorted(bind.addresses) if bind.kind == "tcp" else ("",))
        if made.target.ipv6 or ":" not in host
    )


def opened(made: build.Build) -> tuple[summary.Opened, ...]:
    """Every public address, as the summary keeps it."""
    return tuple(as_opened(bind) for bind in wanted_binds(made))


def kept_binds(kept: summary.Summary, where: Origin) -> tuple[preflight.WantedBind, ...]:
    """Every public address of a generation that was made before; ``where`` it is."""
    return tuple(preflight.WantedBind(one.host, one.port, where, one.path, one.descriptor) for one in kept.opened)


def as_opened(bind: preflight.WantedBind) -> summary.Opened:
    """Without the place in the site file, which changes when nothing else does."""
    return summary.Opened(bind.host, bind.port, bind.path, bind.descriptor)


def to_wait_for(addresses: Iterable[summary.Opened]) -> tuple[endpoints.Endpoint, ...]:
    """What has to be open before a start or reload has succeeded."""
    return tuple(endpoints.Endpoint(one.host, one.port, one.path, one.descriptor) for one in addresses)


def inherited(addresses: Iterable[summary.Opened]) -> tuple[int, ...]:
    """The numbers of the sockets that HAProxy must be handed."""
    return tuple(one.descriptor for one in addresses if one.descriptor >= 0)


def paths(addresses: Iterable[summary.Opened]) -> tuple[str, ...]:
    """The unix sockets, which are files that somebody has to remove."""
    return tuple(one.path for one in addresses if one.path)
