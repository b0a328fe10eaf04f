"""The last good version of each part, kept with a generation and read again where the part has become bad.

In: a site that went live, and what of it is no good. Out: a record, as JSON, and from that a :class:`Former`. The record holds what the
site's files say, as plain data; contents of files are in the generation already, and of passwords only the hashes are kept, which are in
its configuration too. Pure. ``keeping`` writes and reads it, ``reducing`` takes versions from it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, cast

from hapilot.base.origin import BUILT_IN
from hapilot.base.secret import Hashed, Secret
from hapilot.compile import authorities, build
from hapilot.model import expand, service, site, spec, values
from hapilot.sources.file import tree

FORMAT = 1
"""Changes whenever an earlier hapilot could misread a record."""

Record = dict[str, Any]
_Plain = dict[str, Any]
_SECTIONS = ("listeners", "services", "defaults")


@dataclass(frozen=True, slots=True)
class Version:
    """A service as it was: its canonical form, its verbatim lines, and the contents of the files that it names."""

    service: service.Service
    raw: tuple[str, ...] = ()
    authorities: Mapping[str, str] = field(default_factory=dict[str, str])
    pages: Mapping[int, bytes] = field(default_factory=dict[int, bytes])
    users: Mapping[str, Hashed] = field(default_factory=dict[str, Hashed])

    def beside(self, others: Mapping[str, str]) -> Version:
        """The same, where a CA file has other contents by now (``others``, by its path): then this one goes by another name."""
        names = {path: f"{path} (former)" for path, text in self.authorities.items() if others.get(path, text) != text}
        if not names:
            return self
        changes: dict[str, object] = {}
        for key in ("verify", "client_certificates"):
            asked = getattr(self.service, key)
            if asked is not None and asked.ca in names:
                changes[key] = asked.model_copy(update={"ca": names[asked.ca]})
        texts = {names.get(path, path): text for path, text in self.authorities.items()}
        return replace(self, service=self.service.model_copy(update=changes), authorities=texts)


def record(made: build.Build, said: tree.Node, kept: Mapping[str, Version], without: frozenset[str]) -> Record:
    """What to remember of ``made``. ``kept`` are the services that run a former version, ``without`` those that were no good at all."""
    plain = cast("_Plain", tree.plain(said))
    services = cast("_Plain", plain.get("services") or {})
    fresh = {name: _safe(one) for name, one in services.items() if name not in without and name not in kept}
    raw = made.site.spec.raw.service
    return {
        "format": FORMAT,
        "said": {**{key: plain[key] for key in _SECTIONS if plain.get(key)}, "services": fresh},
        "kept": {name: expand.as_data(spec.SiteSpec(services={name: one.service}))["services"][name] for name, one in kept.items()},
        "raw": {name: lines for name, lines in raw.items() if name not in without},
        "authorities": {said: authorities.path(made.site, said) for said in made.site.materials.authorities},
        "pages": [[*path[1::2], page] for path, page in _pages(made)],
        "users": {section.name: _hashes(section.lines) for section in made.config.sections if section.kind == "userlist"},
        "certificates": [_certificate(one) for one in made.site.materials.certificates],
    }


def _safe(said: object) -> object:
    """A service without passwords in clear."""
    if not isinstance(said, dict) or "basic_auth" not in said:
        return cast("object", said)
    plain = cast("_Plain", said)
    users = cast("_Plain", plain["basic_auth"].get("users", {}))
    hidden = {user: {**one, "password": "***"} if "password" in one else one for user, one in users.items()}
    return {**plain, "basic_auth": {**plain["basic_auth"], "users": hidden}}


def _pages(made: build.Build) -> list[tuple[site.Path, str]]:
    """Error pages by the path of their file's name, and where the generation has them."""
    there = {(name, key): page.path for page in made.pages for name, key in [_page_of(page.path)]}
    return [(path, there[str(path[1]), str(path[3])]) for path in made.site.materials.pages if (str(path[1]), str(path[3])) in there]


def _page_of(path: str) -> tuple[str, str]:
    """Service and status of ``pages/SERVICE.STATUS.SUFFIX``; neither has a dot in it."""
    service_name, status, *_ = path.removeprefix("pages/").split(".")
    return service_name, status


def _hashes(lines: tuple[Any, ...]) -> dict[str, str]:
    return {str(line.words[1]): str(line.words[3]) for line in lines if line.words[0] == "user"}


def _certificate(one: site.LoadedCertificate) -> Record:
    return {
        "name": one.name,
        "shown": one.shown,
        "hosts": [str(host) for host in one.hosts],
        "not_before": one.not_before.isoformat(),
        "not_after": one.not_after.isoformat(),
        "self_signed": one.self_signed,
        "key_kind": one.key_kind,
    }


@dataclass(frozen=True, slots=True)
class Former:
    """What was good in ``generation``. ``content`` gives a file of it by its path, None where it has none."""

    generation: int
    record: Record
    content: Callable[[str], bytes | None]

    def services(self, names: frozenset[str]) -> dict[str, Version]:
        """The last good versions of some services, of those that have one. What can't be read is not there."""
        try:
            found = {**_said(self.record, names), **_kept(self.record, names)}
            return {name: self._version(name, one) for name, one in found.items()}
        except (AttributeError, KeyError, TypeError, ValueError):  # a validation error is a ValueError
            return {}

    def certificates(self) -> tuple[site.LoadedCertificate, ...]:
        """Those that it served with."""
        try:
            every = [_loaded(one, self.content(f"certs/{one['name']}.pem")) for one in self.record["certificates"]]
        except (KeyError, TypeError, ValueError):
            return ()
        return tuple(one for one in every if one is not None)

    def _version(self, name: str, one: service.Service) -> Version:
        record = self.record
        said = (one.verify and one.verify.ca, one.client_certificates and one.client_certificates.ca)
        texts = {path: self._text(record["authorities"][path]) for path in said if path}
        pages = {int(status): self._bytes(path) for of, status, path in record["pages"] if of == name}
        users = {user: Hashed(text) for user, text in record["users"].get(name, {}).items()}
        return Version(one, tuple(record["raw"].get(name, ())), texts, pages, users)

    def _bytes(self, path: str) -> bytes:
        found = self.content(path)
        if found is None:
            raise ValueError(f"generation {self.generation} has no {path}")
        return found

    def _text(self, path: str) -> str:
        return self._bytes(path).decode("ascii")


def _said(record: Record, names: frozenset[str]) -> dict[str, service.Service]:
    """Those that went live as their files said then. Canaries are read too: a service that only they lead to has no route of its own."""
    plain: _Plain = record["said"]
    services: _Plain = plain["services"]
    wanted = names & services.keys()
    if not wanted:
        return {}
    leading = {name for name, one in services.items() if "canary" in one}
    led_to = {services[name]["canary"]["service"] for name in leading}
    some = {name: one for name, one in services.items() if name in wanted | leading | led_to}
    valid = spec.SiteSpec.model_validate({**plain, "services": some}, by_alias=True, by_name=False)
    canonical, _ = expand.expand(valid, site.Origins())
    return {name: one for name, one in canonical.services.items() if name in wanted}


def _kept(record: Record, names: frozenset[str]) -> dict[str, service.Service]:
    """Those that ran a former version already. They are canonical, and are not to be filled in from the defaults of today."""
    some = {name: _unescaped(one) for name, one in record["kept"].items() if name in names}
    return dict(spec.SiteSpec.model_validate({"services": some}, by_alias=True, by_name=False).services) if some else {}


def _unescaped(value: Any) -> Any:
    """The other way round of what :func:`hapilot.model.expand.as_data` does for files, which know variables."""
    if isinstance(value, dict):
        return {key: _unescaped(item) for key, item in cast("_Plain", value).items()}
    if isinstance(value, list):
        return [_unescaped(item) for item in cast("list[Any]", value)]
    return value.replace("$${", "${") if isinstance(value, str) else value


def _loaded(one: Record, pem: bytes | None) -> site.LoadedCertificate | None:
    if pem is None:
        return None
    return site.LoadedCertificate(
        name=str(one["name"]),
        pem=Secret(pem.decode("ascii")),
        hosts=tuple(values.parse_host(host) for host in one["hosts"]),
        not_before=datetime.fromisoformat(one["not_before"]),
        not_after=datetime.fromisoformat(one["not_after"]),
        origin=BUILT_IN,
        shown=str(one["shown"]),
        self_signed=bool(one["self_signed"]),
        key_kind="rsa" if one["key_kind"] == "rsa" else "ecdsa",
    )
