"""What a build is in the user's words, kept beside its files: commands that describe what runs read it, not the site file.

In: a Build. Out: a :class:`Summary` and its JSON. The site file may have changed, or be broken or gone, since the generation
was made. ``reconcile`` writes it with each generation; ``status`` and the check of new addresses read it. Pure.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from hapilot.base.memory import Memory

if TYPE_CHECKING:
    from hapilot.compile import build
    from hapilot.languages.haproxy import tree


@dataclass(frozen=True, slots=True)
class ListenerSummary:
    """A listener that is used; ``bind`` as the site file says it."""

    name: str
    bind: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ServiceSummary:
    """A backend and the service it serves; ``servers`` is name to address.

    ``marks`` is HAProxy's name of a server to a mark that is the same for the same address, port and checks: then what is known of its
    health holds in the next generation too.
    """

    name: str
    backend: str
    tls: str
    servers: Mapping[str, str]
    marks: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class CertificateSummary:
    """A certificate; ``not_after`` in ISO 8601."""

    name: str
    hosts: tuple[str, ...]
    not_after: str


@dataclass(frozen=True, slots=True)
class Opened:
    """An address that HAProxy listens on: a TCP one, the ``path`` of a unix socket, or the number of an inherited ``descriptor``."""

    host: str
    port: int
    path: str = ""
    descriptor: int = -1


@dataclass(frozen=True, slots=True)
class Summary:
    """One generation: what it listens on, where it leads, and its certificates. ``withheld`` names the environment variables with
    passwords, which HAProxy must not see."""

    listeners: tuple[ListenerSummary, ...]
    services: tuple[ServiceSummary, ...]
    certificates: tuple[CertificateSummary, ...]
    opened: tuple[Opened, ...]
    withheld: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """What :func:`from_json` takes. Written out, because there may be many thousands of services."""
        return {
            "listeners": [{"name": one.name, "bind": one.bind} for one in self.listeners],
            "services": [
                {"name": one.name, "backend": one.backend, "tls": one.tls, "servers": one.servers, "marks": one.marks}
                for one in self.services
            ],
            "certificates": [{"name": one.name, "hosts": one.hosts, "not_after": one.not_after} for one in self.certificates],
            "opened": [asdict(one) for one in self.opened],
            "withheld": self.withheld,
        }


def summarise(made: build.Build, opened: tuple[Opened, ...], withheld: tuple[str, ...] = (), before: Memory | None = None) -> Summary:
    """The summary of ``made``, which listens on ``opened`` and has passwords from the variables ``withheld``. Services that are
    as they were ``before`` are taken from there."""
    known = Memory() if before is None else before
    sections = {section.name: section for section in made.config.sections if section.kind == "backend"}
    shared = [line for section in made.config.sections if section.kind == "defaults" for line in section.lines if line.opaque]
    used = {layer.listener for layer in made.layers}
    listeners = (made.site.spec.listeners or {}).items()
    whole = [section for section in made.config.sections if section.head]
    services = known.rows(
        "summaries",
        (made.backends, [sections.get(use.backend) for use in made.backends]),
        functools.partial(_service, shared),
        known.same("lines for all", tuple(line.words for line in shared)),
    )
    return Summary(
        listeners=(
            *(ListenerSummary(name, tuple(str(bind) for bind in one.bind)) for name, one in listeners if name in used),
            *(ListenerSummary(one.name, tuple(_second(one, "bind"))) for one in whole if one.kind in ("frontend", "listen")),
        ),
        services=(*services, *(_whole(shared, one) for one in whole if one.kind in ("backend", "listen") and any(_second(one, "server")))),
        certificates=tuple(
            CertificateSummary(one.shown, tuple(str(host) for host in one.hosts), one.not_after.isoformat())
            for one in made.site.materials.certificates
        ),
        opened=opened,
        withheld=withheld,
    )


def _service(shared: Iterable[tree.Line], use: build.BackendUse, section: tree.Section | None) -> ServiceSummary:
    marks = dict(_marks((*shared, *section.lines))) if section is not None else {}
    return ServiceSummary(use.service, use.backend, use.tls, {server.name: server.address for server in use.servers}, marks)


def _whole(shared: Iterable[tree.Line], section: tree.Section) -> ServiceSummary:
    """A section of the user's own that leads to servers."""
    servers = {said[1]: said[2] for line in section.lines if (said := str(line.words[0]).split())[:1] == ["server"] and len(said) > 2}
    return ServiceSummary(section.name, section.name, "none", servers, dict(_marks((*shared, *section.lines))))


def _second(section: tree.Section, keyword: str) -> Iterator[str]:
    """What stands behind a keyword in a section of the user's own."""
    said = (str(line.words[0]).split() for line in section.lines)
    yield from (words[1] for words in said if words[:1] == [keyword] and len(words) > 1)


def _marks(lines: Iterable[tree.Line]) -> Iterator[tuple[str, str]]:
    """Each server of a backend with its mark. Lines of the user's own may say anything about checks, so all of them count."""
    said = [(line.opaque, str(line.words[0]).split() if line.opaque else [str(word) for word in line.words]) for line in lines]
    settings = [words for opaque, words in said if (opaque or _is_about_checks(words)) and words[:1] != ["server"]]
    for _, words in said:
        if words[0] == "server" and len(words) > 2:
            yield words[1], _mark(tuple(map(tuple, settings)), tuple(_as_checked(words)))


@functools.lru_cache(maxsize=65536)
def _mark(settings: tuple[tuple[str, ...], ...], server: tuple[str, ...]) -> str:
    return hashlib.sha256(repr((settings, server)).encode()).hexdigest()[:16]


def _is_about_checks(words: list[str]) -> bool:
    return words[0] in ("http-check", "tcp-check") or words[:2] in (["option", "httpchk"], ["timeout", "check"])


def _as_checked(words: list[str]) -> list[str]:
    """A server's line without the words at its end that are about load and sessions: HAProxy sees to those itself."""
    left = words[:-1] if words[-1] == "backup" else list(words)
    for name in ("maxconn", "weight", "cookie"):
        left = left[:-2] if len(left) > 4 and left[-2] == name else left
    return left


def from_json(fields: Mapping[str, Any]) -> Summary:
    """The summary that was kept. Raises KeyError, TypeError or ValueError where it is none."""
    return Summary(
        listeners=tuple(ListenerSummary(one["name"], tuple(one["bind"])) for one in fields["listeners"]),
        services=tuple(
            # A generation of an earlier hapilot has no marks: nothing is taken for unchanged.
            ServiceSummary(one["name"], one["backend"], one["tls"], dict(one["servers"]), dict(one.get("marks", {})))
            for one in fields["services"]
        ),
        certificates=tuple(CertificateSummary(one["name"], tuple(one["hosts"]), one["not_after"]) for one in fields["certificates"]),
        opened=tuple(_opened(one) for one in fields["opened"]),
        withheld=tuple(str(name) for name in fields.get("withheld", ())),
    )


def _opened(fields: Mapping[str, Any]) -> Opened:
    """A generation of an earlier hapilot knows TCP addresses only."""
    return Opened(str(fields["host"]), int(fields["port"]), str(fields.get("path", "")), int(fields.get("descriptor", -1)))
