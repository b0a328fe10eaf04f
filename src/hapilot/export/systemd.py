"""A site to everything that systemd needs for it: the unit, its user, its variables.

In: a site, its surroundings, the user's wish. Out: :class:`Exported`, which ``cli.export`` prints or writes, with what stands between the
site and the service among its diagnostics.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from hapilot.base import diagnostics
from hapilot.base.diagnostics import Diagnostic
from hapilot.base.origin import Origin
from hapilot.export import exported, surroundings, systemd_unit
from hapilot.export import systemd_service as services
from hapilot.model import site
from hapilot.render import bundle

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_USER = re.compile(r"[a-z_][a-z0-9_-]{0,30}")
"""What systemd takes for users everywhere (sysusers.d(5))."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported(exported.Exported):
    """The same for a service of systemd."""

    service: services.Service

    def as_json(self) -> dict[str, object]:
        """For ``--json``."""
        made = self.service
        return {
            "name": made.name,
            "user": made.user,
            "command": [*made.program, *made.arguments],
            "variables": list(made.variables),
            "capabilities": list(made.capabilities),
            **exported.Exported.as_json(self),
        }


def export(said: site.Site, around: surroundings.Surroundings, wish: services.Wish) -> Exported:
    """Everything for ``said``. With errors among the diagnostics the files are of no use."""
    made = services.make_service(said, around, wish)
    files = [
        bundle.BundleFile(f"{made.name}.service", systemd_unit.unit(made).encode(), 0o644),
        bundle.BundleFile(f"{made.name}.sysusers.conf", systemd_unit.sysusers(made).encode(), 0o644),
    ]
    kept = (f"{made.name}.env",) if made.variables else ()
    files += [bundle.BundleFile(path, systemd_unit.environment_file(made).encode(), 0o600) for path in kept]
    found = diagnostics.in_order(_missing(said, around, wish))
    return Exported(service=made, files=tuple(files), kept=kept, diagnostics=found)


def wrong_words(wish: services.Wish) -> str:
    """What is wrong with the user's own words, or nothing. To be asked before anything is made of them."""
    if wish.name and not _NAME.fullmatch(wish.name):
        return f"{wish.name!r} can't be the name of a unit"
    if not _USER.fullmatch(wish.user):
        return f"{wish.user!r} can't be the name of a user"
    if not wish.program[0].startswith("/"):
        return f"{wish.program[0]!r} is not the absolute path of a program"
    return "the service needs no root: name a user of its own" if wish.user == "root" else ""


def _missing(said: site.Site, around: surroundings.Surroundings, wish: services.Wish) -> Iterator[Diagnostic]:
    """Everything that stands between the site and a service that serves it."""
    whole = Origin(str(around.site))
    yield from (_variable(name, whole) for name in around.variables if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name))
    programs = tuple(PurePosixPath(part) for part in wish.program if part.startswith("/"))
    hidden = dict.fromkeys(path for path in (*around.used, *programs) if services.is_within(path, services.HIDDEN))
    yield from (_hidden(path, whole) for path in hidden)
    yield from (_unreadable(entry, wish, whole) for entry in around.entries if not _can_read(entry, wish.account))
    yield from _sockets(said, wish)


def _variable(name: str, origin: Origin) -> Diagnostic:
    message = f"the environment variable {name!r} can't be handed to a service"
    return diagnostics.error("bad-value", message, origin, "name it with letters, digits and _")


def _hidden(path: PurePosixPath, origin: Origin) -> Diagnostic:
    message = f"{str(path)!r} is not there for the service, which has folders for temporary files of its own"
    return diagnostics.error("service-hidden", message, origin, "move it, such as to /etc/hapilot")


def _unreadable(entry: surroundings.Entry, wish: services.Wish, origin: Origin) -> Diagnostic:
    """The keys of a site are for hapilot's eyes only, so the group is what opens them to its user."""
    path = shlex.quote(str(entry.path))
    rights = "g+rx" if entry.is_folder else "g+r"
    hint = f"chgrp {wish.user} {path} && chmod {rights} {path}"
    if services.is_within(entry.path, services.HOMES):
        hint = "a service reads nothing in homes: put the site into /etc/hapilot, and install hapilot into /opt/hapilot"
    message = f"{str(entry.path)!r} can't be read by the user {wish.user}, who runs the service"
    return diagnostics.warning("service-unreadable", message, origin, hint)


def _can_read(entry: surroundings.Entry, account: services.Account | None) -> bool:
    """Unix permissions. A user that is not there yet is nobody's owner and in no group. A folder need only be passed: which are listed
    too can't be told, and those are the site's own, beside files that tell."""
    wanted = 0o1 if entry.is_folder else 0o4
    shift = 0
    if account is not None:
        shift = 6 if entry.owner == account.uid else 3 if entry.group in account.groups else 0
    return entry.mode >> shift & wanted == wanted


def _sockets(said: site.Site, wish: services.Wish) -> Iterator[Diagnostic]:
    for name, listener in (said.spec.listeners or {}).items():
        origin = said.origins.at("listeners", name, "bind")
        for bind in listener.bind:
            if bind.kind == "unix" and bind.path.startswith("/"):
                folder = shlex.quote(str(PurePosixPath(bind.path).parent))
                hint = f"install -d -o {wish.user} {folder}; after a boot systemd-tmpfiles can make it again"
                yield diagnostics.warning("service-socket", f"the user {wish.user} has to be able to make {bind}", origin, hint)
            elif bind.kind == "fd":
                message = f"{bind} is handed on by a socket unit, which is not part of the export"
                yield diagnostics.warning("service-socket", message, origin, "write one, or listen on an address and a port")
