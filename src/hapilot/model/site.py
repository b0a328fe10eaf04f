"""A site: the validated specification with where each part was said, and the contents of the files it names.

The sources make it; ``compile`` takes it. Nothing here reads a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from hapilot.base.origin import BUILT_IN, Origin
from hapilot.base.secret import Secret
from hapilot.model import spec, values

Path = tuple[str | int, ...]
"""The way from the top of the site file to a value: ("services", "shop", "servers", 0)."""


@dataclass(frozen=True, slots=True)
class Origins:
    """Where each value and each key of the specification was said."""

    of_values: Mapping[Path, Origin] = field(default_factory=dict[Path, Origin])
    of_keys: Mapping[Path, Origin] = field(default_factory=dict[Path, Origin])
    of_services: Mapping[str, object] = field(default_factory=dict[str, object])
    """What stands for all places inside each service: the same object for as long as all of them are the same."""

    def at(self, *path: str | int) -> Origin:
        """The place of the value, or of the nearest value around it."""
        for end in range(len(path), -1, -1):
            found = self.of_values.get(path[:end])
            if found is not None:
                return found
        return BUILT_IN

    def said(self, *path: str | int) -> Origin | None:
        """The same, and None for what no file says."""
        found = self.at(*path)
        return None if found is BUILT_IN else found

    def key(self, *path: str | int) -> Origin:
        """The place of the key that leads to the value, or the value's where there is no key."""
        return self.of_keys.get(path) or self.at(*path)

    def has(self, *path: str | int) -> bool:
        """Whether the file says this value itself."""
        return path in self.of_values


@dataclass(frozen=True, slots=True)
class LoadedCertificate:
    """A certificate chain with its key, read and parsed. ``pem`` is leaf, chain and key as HAProxy takes them."""

    name: str
    """File-safe and unique in the site; becomes ``certs/NAME.pem``."""
    pem: Secret
    hosts: tuple[values.HostPattern, ...]
    not_before: datetime
    not_after: datetime
    origin: Origin
    shown: str
    """How to call it to the user: the file's path, or ``self-signed …``."""
    self_signed: bool = False
    key_kind: Literal["ecdsa", "rsa"] = "ecdsa"
    """Of two certificates for a name, clients of today get the one with the ECDSA key."""


@dataclass(frozen=True, slots=True)
class Materials:
    """The contents of the files that a site names."""

    certificates: tuple[LoadedCertificate, ...] = ()
    authorities: Mapping[str, str] = field(default_factory=dict[str, str])
    """PEM text of CA files, by the path as the site file says it."""
    passwords: Mapping[Path, Secret] = field(default_factory=dict[Path, Secret])
    """Passwords by the path of their mapping, such as ("admin", "stats", "users", "admin")."""
    pages: Mapping[Path, bytes] = field(default_factory=dict[Path, bytes])
    """Error pages by the path of their file's name, such as ("services", "shop", "errors", 503)."""
    sections: Mapping[Path, str] = field(default_factory=dict[Path, str])
    """Text of files with verbatim sections, by the path of their name: ("raw", "sections", 0, "file")."""


@dataclass(frozen=True, slots=True)
class Site:
    """One site. ``spec`` is canonical: short forms expanded, defaults of listeners filled in."""

    name: str
    spec: spec.SiteSpec
    origins: Origins
    materials: Materials
