"""A site without its bad parts: each is replaced by its last good version, closed, or left out where no requests are for it.

In: what was loaded, what to do with which part, and the versions there are. Out: a Site that compiles as if the file said no more. Pure.
Called by ``isolating``.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Any, Literal, cast

from hapilot.base.origin import Origin
from hapilot.base.secret import Secret
from hapilot.model import expand, fitting, listener, service, site, spec
from hapilot.reconcile.quarantine import parts, versions
from hapilot.sources.file import load, tree

Instead = Literal["former", "closed", "nothing"]
"""What stands in for a bad part: its last good version; for a service, an answer on its own routes, so that nobody else gets its requests;
or nothing, which no service ends as whose requests another could get."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What stands in for each bad part, and what there is to choose from."""

    instead: Mapping[parts.Part, Instead] = field(default_factory=dict[parts.Part, Instead])
    versions: Mapping[str, versions.Version] = field(default_factory=dict[str, versions.Version])
    certificates: tuple[site.LoadedCertificate, ...] = ()
    """Those of the former generation."""

    def beside(self, authorities: Mapping[str, str]) -> Choices:
        """With versions that go together with the CA files of today."""
        return replace(self, versions={name: one.beside(authorities) for name, one in self.versions.items()})

    def services(self, what: Instead) -> frozenset[str]:
        """The services for which this stands in."""
        return frozenset(part.name for part, one in self.instead.items() if part.kind == "service" and one == what)


def reduce(loaded: site.Site, said: load.Said, choices: Choices) -> site.Site:
    """The site that is left. A service that can't be closed is left out."""
    choices = choices.beside(loaded.materials.authorities)
    former, closed = choices.services("former"), choices.services("closed")
    pinned = {name: where for name in former | closed | choices.services("nothing") if (where := place(said.root, name)) is not None}
    services = _services(loaded, said, choices)
    serving = {name for name in services if name not in closed}
    services = {name: _with_canary(one, _wanted_canary(name, one, said, choices), serving) for name, one in services.items()}
    bad = choices.instead
    changes = {
        "services": services,
        "listeners": _listeners(loaded.spec, said, services),
        "certificates": [one for one in loaded.spec.certificates if parts.Part("certificate", parts.entry_name(one)) not in bad],
        "admin": loaded.spec.admin.model_copy(update={part.name: None for part in bad if part.kind == "admin"}),
        "raw": loaded.spec.raw.model_copy(update={"service": _raw(loaded.spec, services, choices)}),
        "expect": said.spec.expect,
    }
    left = loaded.spec.model_copy(update=changes)
    origins = _origins(loaded.origins, pinned)
    return replace(loaded, spec=left, origins=origins, materials=_materials(loaded.materials, left, choices))


def place(root: tree.Node, name: str) -> Origin | None:
    """Where the service is said."""
    services = tree.find(root, ("services",))
    entry = services.entries.get(name) if isinstance(services, tree.MapNode) else None
    return tree.origin(entry[0]) if entry is not None else None


def _origins(loaded: site.Origins, pinned: Mapping[str, Origin]) -> site.Origins:
    places = {name: place for name, place in loaded.of_services.items() if name not in pinned}
    return site.Origins(_Pinned(loaded.of_values, pinned), _Pinned(loaded.of_keys, pinned), places)


class _Pinned(Mapping[site.Path, Origin]):
    """Places, where everything about some services is said at one place each: what they have now is not what the file says."""

    def __init__(self, around: Mapping[site.Path, Origin], pinned: Mapping[str, Origin]) -> None:
        self._around, self._pinned = around, pinned

    def __getitem__(self, path: site.Path) -> Origin:
        return self._pinned.get(_service_of(path)) or self._around[path]

    def __contains__(self, path: object) -> bool:
        """Whether the file says it: of what it says of these services nothing is taken."""
        return path in self._around and _service_of(cast("site.Path", path)) not in self._pinned

    def __iter__(self) -> Iterator[site.Path]:
        return iter(self._around)

    def __len__(self) -> int:
        return len(self._around)


def _service_of(path: site.Path) -> str:
    match path:
        case ("services", str() as name, *_) | ("raw", "service", str() as name, *_):
            return name
        case _:
            return ""


def _services(loaded: site.Site, said: load.Said, choices: Choices) -> dict[str, service.Service]:
    """The services in the order of the file, which decides between routes that are alike."""
    root = tree.find(said.root, ("services",))
    order = list(root.entries) if isinstance(root, tree.MapNode) else list(loaded.spec.services)
    found: dict[str, service.Service] = {}
    for name in order:
        match choices.instead.get(parts.service(name)):
            case None:
                one = loaded.spec.services.get(name)
            case "former":
                one = choices.versions[name].service
            case "closed":
                one = closed(loaded, said, name)
            case "nothing":
                one = None
        if one is not None:
            found[name] = one
    return found


def closed(loaded: site.Site, said: load.Said, name: str) -> service.Service | None:
    """What answers on the routes of a service that can't serve, None where its routes are not known either."""
    one = loaded.spec.services.get(name) or _salvaged(loaded.spec, said, name)
    if one is None:
        return None
    asked = one.client_certificates
    unseen = {fit.path[0] for fit in fitting.misfits(one)} & {"host", "path", "match"}
    nothing: list[object] = []
    changes: dict[str, object] = {
        # A connection that is passed on is closed as a whole, where a path in it was meant.
        **{key: nothing if key in unseen else getattr(one, key) for key in _ROUTING},
        # The handshake comes before the path is known, so services of one host ask for the same certificates.
        "client_certificates": asked if asked is not None and asked.ca in loaded.materials.authorities else None,
        "balance": "roundrobin",
        "health": service.Health(),
        "maintenance": service.Maintenance(),
    }
    return service.Service().model_copy(update=changes)


_ROUTING = ("protocol", "tls", "listener", "host", "path", "match")
"""The keys of a service that say which requests and connections are for it."""


def _salvaged(canonical: spec.SiteSpec, said: load.Said, name: str) -> service.Service | None:
    """The routes of a service that is not valid, if the keys that make them are. One that names no host may be reached from another
    service only, and must not become the one that takes everything."""
    node = tree.find(said.root, ("services", name))
    if not isinstance(node, tree.MapNode) or not ({"host", "listener"} & node.entries.keys()) or _misspells_routing(node):
        return None
    routing: dict[str, Any] = {key: tree.plain(entry[1]) for key, entry in node.entries.items() if key in _ROUTING}
    try:
        routing["maintenance"] = dict[str, Any]()
        valid = spec.SiteSpec.model_validate({"services": {name: routing}}, by_alias=True, by_name=False)
    except ValueError:
        return None
    expanded, problems = expand.expand(valid.model_copy(update={"listeners": canonical.listeners}), site.Origins())
    return None if problems else expanded.services.get(name)


def _misspells_routing(node: tree.MapNode) -> bool:
    """Whether a key that there is not may have been meant as one that makes routes: any that does not look like another one."""
    known = {field.alias or name for name, field in service.Service.model_fields.items()}
    for key in node.entries.keys() - known:
        near = difflib.get_close_matches(key.lower(), known, n=1, cutoff=0.6)
        if not near or near[0] in _ROUTING:
            return True
    return False


def is_routeless(said: load.Said, name: str) -> bool:
    """Whether nothing about a bad service can have been meant as a route: only canaries and the defaults of listeners lead to it. Without
    it their requests stay with the service that has the canary, or with none."""
    node = tree.find(said.root, ("services", name))
    if not isinstance(node, tree.MapNode) or node.entries.keys() & set(_ROUTING) or _misspells_routing(node):
        return False
    return name in _led_to(said)


def _led_to(said: load.Said) -> set[str]:
    services, listeners = tree.find(said.root, ("services",)), said.spec.listeners or {}
    found = {each.default for each in listeners.values() if each.default is not None}
    for name in services.entries if isinstance(services, tree.MapNode) else ():
        led = tree.find(said.root, ("services", name, "canary", "service"))
        if led is not None:
            found.add(str(tree.plain(led)))
    return found


def _wanted_canary(name: str, one: service.Service, said: load.Said, choices: Choices) -> service.Canary | None:
    """What is loaded lacks canaries that could not be read, which may run a former version by now."""
    match choices.instead.get(parts.service(name)):
        case None:
            return said.spec.services[name].canary
        case "former":
            return one.canary
        case _:
            return None


def _with_canary(one: service.Service, wanted: service.Canary | None, serving: set[str]) -> service.Service:
    """A share of the requests for a canary that can't serve stays with the service."""
    canary = wanted if wanted is not None and wanted.service in serving else None
    return one if canary == one.canary else one.model_copy(update={"canary": canary})


def _listeners(canonical: spec.SiteSpec, said: load.Said, services: Mapping[str, service.Service]) -> dict[str, listener.Listener]:
    """Those of the file, with the default services that there are; where it names none, those that the services need."""
    if said.spec.listeners is None:
        return expand.default_listeners(services)
    found = dict(canonical.listeners or {})
    for name, one in said.spec.listeners.items():
        default = one.default if one.default in services else None
        found[name] = found.get(name, one).model_copy(update={"default": default})
    return found


def _raw(canonical: spec.SiteSpec, services: Mapping[str, service.Service], choices: Choices) -> dict[str, list[str]]:
    former, silent = choices.services("former"), choices.services("closed")
    found: dict[str, list[str]] = {}
    for name in services:
        lines = list(choices.versions[name].raw) if name in former else canonical.raw.service.get(name, [])
        if lines and name not in silent:
            found[name] = lines
    return found


def _materials(loaded: site.Materials, left: spec.SiteSpec, choices: Choices) -> site.Materials:
    """The contents of files that the site which is left names."""
    replaced = {part.name for part in choices.instead if part.kind == "service"}
    texts = {**loaded.authorities}
    pages = {path: page for path, page in loaded.pages.items() if path[1] not in replaced}
    passwords: dict[site.Path, Secret] = {path: one for path, one in loaded.passwords.items() if _service_of(path) not in replaced}
    for name in choices.services("former"):
        version = choices.versions[name]
        texts.update(version.authorities)
        pages.update({("services", name, "errors", status): page for status, page in version.pages.items()})
        passwords.update({("services", name, "basic_auth", "users", user): one for user, one in version.users.items()})
    used = set(authorities_of(left.services.values()))
    texts = {path: text for path, text in texts.items() if path in used}
    return site.Materials(_certificates(loaded, left, choices), texts, passwords, pages)


def authorities_of(services: Iterable[service.Service]) -> Iterator[str]:
    """The CA files that services name."""
    for one in services:
        if one.verify is not None and one.verify.ca is not None:
            yield one.verify.ca
        if one.client_certificates is not None:
            yield one.client_certificates.ca


def _certificates(loaded: site.Materials, left: spec.SiteSpec, choices: Choices) -> tuple[site.LoadedCertificate, ...]:
    """Those that are good, the former contents of those that are not, and what services need that run as they did."""
    bad = {part.name: what for part, what in choices.instead.items() if part.kind == "certificate"}
    found = {one.shown: one for one in loaded.certificates if one.shown not in bad}
    for one in choices.certificates:
        if any(what == "former" and is_of(one, name) for name, what in bad.items()):
            found.setdefault(one.shown, one)
    for name in choices.services("former"):
        for host in left.services[name].host if left.services[name].tls_mode in ("edge", "reencrypt") else ():
            if not any(covered in host.coverers for one in found.values() for covered in one.hosts):
                found.update({one.shown: one for one in choices.certificates if any(covered in host.coverers for covered in one.hosts)})
    return _uniquely_named(found.values())


def is_of(one: site.LoadedCertificate, name: str) -> bool:
    """Whether a part of this name means the certificate: by its own path, or as the folder that it is in."""
    return name in (one.shown, str(PurePath(one.shown).parent))


def _uniquely_named(every: Iterable[site.LoadedCertificate]) -> tuple[site.LoadedCertificate, ...]:
    """A name that was given away since gets a mark."""
    names: set[str] = set()
    found: list[site.LoadedCertificate] = []
    for one in every:
        name = one.name
        while name in names:
            name = f"{name}x"
        names.add(name)
        found.append(one if name == one.name else replace(one, name=name))
    return tuple(found)
