"""The certificates that a site names: read, parsed, checked, and in the form HAProxy takes.

The ``certificates:`` section goes in; loaded certificates and diagnostics come out. One that expired or whose key others can
read is reported and loaded all the same, so that hosts do not seem uncovered too. Called by ``load``.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import re
from collections.abc import Generator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from hapilot.base import diagnostics
from hapilot.base.origin import Origin
from hapilot.base.secret import Secret
from hapilot.model import certificate, site, values
from hapilot.sources.file import pem, reading, self_signed

WARN_BEFORE = datetime.timedelta(days=30)


@dataclass(slots=True)
class _Work:
    """What the steps share."""

    files: reading.Files
    origins: site.Origins
    now: datetime.datetime
    authority: self_signed.LocalAuthority
    loaded: list[site.LoadedCertificate] = field(default_factory=list[site.LoadedCertificate])
    names: set[str] = field(default_factory=set[str])

    def error(self, code: str, message: str, origin: Origin, hint: str) -> None:
        self.files.found.append(diagnostics.error(code, message, origin, hint))

    @contextlib.contextmanager
    def about(self, shown: str) -> Generator[None]:
        """What is found while it lasts is about the certificate that users know as ``shown``: a folder's place says nothing of it."""
        before = len(self.files.found)
        yield
        self.files.found[before:] = [replace(each, about=(f"certificate {shown}",)) for each in self.files.found[before:]]


def load(
    entries: list[certificate.Certificate],
    origins: site.Origins,
    now: datetime.datetime,
    tools: tuple[reading.Files, self_signed.LocalAuthority],
) -> tuple[site.LoadedCertificate, ...]:
    """Every certificate of the site that can be used. Diagnostics go to ``files.found``."""
    work = _Work(tools[0], origins, now, tools[1])
    signed = 0
    for place, entry in enumerate(entries):
        if entry.file is not None:
            key = None if entry.key is None else Path(entry.key)
            with work.about(str(Path(entry.file))):
                _file(Path(entry.file), key, (place, "file", "key"), work)
        elif entry.dir is not None:
            _folder(Path(entry.dir), place, work)
        elif entry.self_signed is not None:
            signed += 1
            with work.about(self_signed_name(entry.self_signed)):
                _self_signed(entry.self_signed, signed, origins.at("certificates", place, "self_signed"), work)
    return tuple(work.loaded)


def _folder(path: Path, place: int, work: _Work) -> None:
    origin = work.origins.at("certificates", place, "dir")
    with work.about(str(path)):
        found = work.files.folder(path, "*.pem", origin)
        if found == []:
            work.error("file-missing", f"the folder {str(path)!r} has no *.pem file", origin, "put certificates with their keys into it")
    for each in found or []:
        with work.about(str(each)):
            _file(each, None, (place, "dir", "dir"), work)


def _file(path: Path, key: Path | None, said: tuple[int, str, str], work: _Work) -> None:
    """One certificate. ``said``: the entry's place, and the keys that name the two files."""
    origin = work.origins.at("certificates", said[0], said[1])
    key_origin = work.origins.at("certificates", said[0], said[2]) if key is not None else origin
    content = work.files.read(path, origin)
    key_content = content if key is None else work.files.read(key, key_origin)
    if content is None or key_content is None:
        return
    for each, where, which in {path: (content, origin, path), key or path: (key_content, key_origin, key or path)}.values():
        if each.world_readable and pem.has_key(each.data):
            message = f"the private key in {str(which)!r} can be read by every user of this machine"
            work.error("key-exposed", message, where, f"chmod o= {which}")
    try:
        facts = work.files.memory.once(("certificate", path, key), (content, key_content), lambda: _facts(content, key_content))
    except pem.Refused as refused:
        about_key = refused.code == "key-missing" and key is not None
        work.error(refused.code, f"{str(key if about_key else path)!r} {refused}", key_origin if about_key else origin, refused.hint)
        return
    _keep(facts, _unique(path.stem, path, work), (str(path), origin), work)


def _self_signed(names: list[values.HostPattern], number: int, origin: Origin, work: _Work) -> None:
    if not names:
        work.error("bad-value", "self_signed names no host", origin, "such as self_signed: [shop.example.test]")
        return
    try:
        bundle = work.authority.certificate(names, work.now)
    except OSError as problem:
        message = f"the local CA can't be kept: {problem.strerror or problem}"
        work.error("file-unreadable", message, origin, "make the state directory writable")
        return
    except pem.Refused as refused:
        work.error(refused.code, f"the kept file of the local CA {refused}", origin, "remove the folder of the local CA; a new one is made")
        return
    name = _unique(f"self-signed-{number}", Path(f"self-signed-{number}"), work)
    made = site.LoadedCertificate(
        name, Secret(bundle.text()), tuple(names), bundle.leaf.not_valid_before_utc, bundle.leaf.not_valid_after_utc, origin,
        self_signed_name(names), self_signed=True,
    )  # fmt: skip
    work.loaded.append(work.files.memory.same(("loaded", name), made))


def self_signed_name(names: list[values.HostPattern]) -> str:
    """How users know a certificate from the local CA."""
    return f"self-signed {', '.join(map(str, names))}"


@dataclass(frozen=True, slots=True)
class _Facts:
    """What is known of a certificate from its files alone. To work it out takes a good part of a millisecond."""

    pem: Secret
    hosts: tuple[values.HostPattern, ...]
    begin: datetime.datetime
    end: datetime.datetime
    key_kind: Literal["ecdsa", "rsa"]


def _facts(content: reading.Content, key_content: reading.Content) -> _Facts:
    bundle = pem.bundle(content.data, key_content.data)
    leaf = bundle.leaf
    return _Facts(Secret(bundle.text()), pem.hosts(leaf), leaf.not_valid_before_utc, leaf.not_valid_after_utc, bundle.key_kind)


def _keep(facts: _Facts, name: str, said: tuple[str, Origin], work: _Work) -> None:
    shown, origin = said
    begin, end = facts.begin, facts.end
    if end <= work.now:
        work.error("certificate-expired", f"{shown!r} expired on {end:%Y-%m-%d}", origin, "renew it")
    elif end - work.now < WARN_BEFORE:
        message = f"{shown!r} expires on {end:%Y-%m-%d}, in {(end - work.now).days} days"
        work.files.found.append(diagnostics.warning("certificate-expiring", message, origin, "renew it"))
    if begin > work.now:
        message = f"{shown!r} is valid only from {begin:%Y-%m-%d %H:%M} UTC"
        work.files.found.append(diagnostics.warning("certificate-not-yet-valid", message, origin, "check the clock of this machine"))
    made = site.LoadedCertificate(name, facts.pem, facts.hosts, begin, end, origin, shown, key_kind=facts.key_kind)
    work.loaded.append(work.files.memory.same(("loaded", name), made))


def _unique(stem: str, path: Path, work: _Work) -> str:
    """A file-safe name from a file's stem; a second file of that stem gets a mark of its path, which stays when others go."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", stem)[:80].strip("_") or "certificate"
    if name in work.names:
        name = f"{name}-{hashlib.sha256(str(path).encode('utf-8', 'surrogateescape')).hexdigest()[:8]}"
    while name in work.names:  # the same file again
        name = f"{name}x"
    work.names.add(name)
    return name
