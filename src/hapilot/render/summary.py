"""What a build is in the user's words, kept beside its files: commands that describe what runs read it, not the site file.

In: a Build. Out: a :class:`Summary` and its JSON. The site file may have changed, or be broken or gone, since the generation
was made. ``reconcile`` writes it with each generation; ``status`` and the check of new addresses read it. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hapilot.compile import build


@dataclass(frozen=True, slots=True)
class ListenerSummary:
    """A listener that is used; ``bind`` as the site file says it."""

    name: str
    bind: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ServiceSummary:
    """A backend and the service it serves; ``servers`` is name to address."""

    name: str
    backend: str
    tls: str
    servers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class CertificateSummary:
    """A certificate; ``not_after`` in ISO 8601."""

    name: str
    hosts: tuple[str, ...]
    not_after: str


@dataclass(frozen=True, slots=True)
class Opened:
    """A TCP address that HAProxy listens on."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Summary:
    """One generation: what it listens on, where it leads, and its certificates."""

    listeners: tuple[ListenerSummary, ...]
    services: tuple[ServiceSummary, ...]
    certificates: tuple[CertificateSummary, ...]
    opened: tuple[Opened, ...]

    def as_json(self) -> dict[str, Any]:
        """What :func:`from_json` takes."""
        return asdict(self)


def summarise(made: build.Build, opened: tuple[Opened, ...]) -> Summary:
    """The summary of ``made``, which listens on ``opened``."""
    used = {layer.listener for layer in made.layers}
    listeners = (made.site.spec.listeners or {}).items()
    return Summary(
        listeners=tuple(ListenerSummary(name, tuple(str(bind) for bind in one.bind)) for name, one in listeners if name in used),
        services=tuple(
            ServiceSummary(use.service, use.backend, use.tls, {server.name: server.address for server in use.servers})
            for use in made.backends
        ),
        certificates=tuple(
            CertificateSummary(one.shown, tuple(str(host) for host in one.hosts), one.not_after.isoformat())
            for one in made.site.materials.certificates
        ),
        opened=opened,
    )


def from_json(fields: Mapping[str, Any]) -> Summary:
    """The summary that was kept. Raises KeyError, TypeError or ValueError where it is none."""
    return Summary(
        listeners=tuple(ListenerSummary(one["name"], tuple(one["bind"])) for one in fields["listeners"]),
        services=tuple(ServiceSummary(one["name"], one["backend"], one["tls"], dict(one["servers"])) for one in fields["services"]),
        certificates=tuple(CertificateSummary(one["name"], tuple(one["hosts"]), one["not_after"]) for one in fields["certificates"]),
        opened=tuple(Opened(one["host"], int(one["port"])) for one in fields["opened"]),
    )
