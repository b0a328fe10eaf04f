"""What a container would lack: files outside its mounts, files its user can't read, folders that must not be mounted, sockets.

A site, its surroundings and its container go in, diagnostics come out. Called by ``podman``.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from hapilot.base import diagnostics
from hapilot.base.diagnostics import Diagnostic
from hapilot.base.origin import Origin
from hapilot.export import container, surroundings
from hapilot.model import site

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_STRANGE = "it has characters that podman or systemd would read as something else"
_PLAIN = re.compile(r"/[A-Za-z0-9/._@+=~^-]*")
"""Paths that podman's ``SOURCE:TARGET`` and systemd's unit files take as they are."""

_IMAGE_HAS = ("/bin", "/dev", "/lib", "/opt/hapilot", "/proc", "/sys", "/usr/bin", "/usr/lib", container.STATE)
"""A mount on one of these, above or inside of it would hide a part of the image or of the container."""

_IMAGE_HOLDS = ("/etc/ssl/certs", "/run", "/tmp", "/usr/local/bin", "/usr/local/lib")  # noqa: S108 - named, not used
"""Nor may it be on or above one of these; inside is its own place."""


def missing(said: site.Site, around: surroundings.Surroundings, made: container.Container) -> Iterator[Diagnostic]:
    """Everything that stands between the site and a container that serves it."""
    whole = Origin(str(around.site))
    yield from (_refused(folder, why, whole) for folder in made.mounts for why in _reasons(folder))
    if not _PLAIN.fullmatch(str(around.site)):
        yield _refused(around.site, _STRANGE, whole)
    yield from (_variable(name, whole) for name in around.variables if not _VARIABLE.fullmatch(name))
    yield from (_outside(path, whole) for path in around.used if not _within(path, made.mounts))
    if not made.rootless:
        yield from (_unreadable(entry, whole) for entry in around.entries if not _can_read(entry))
    yield from _ports(made, whole)
    yield from _sockets(said)


def _reasons(folder: PurePosixPath) -> Iterator[str]:
    """Why ``folder`` can't be mounted: at most one sentence."""
    if not _PLAIN.fullmatch(str(folder)):
        yield _STRANGE
    elif len(folder.parts) < 3 or str(folder.parent) == "/home":
        yield "it holds far more than the site, and SELinux would relabel all of it"
    elif _above(folder, (*_IMAGE_HAS, *_IMAGE_HOLDS)) or _within(folder, map(PurePosixPath, _IMAGE_HAS)):
        yield "it would hide a part of the image"


def _refused(folder: PurePosixPath, why: str, origin: Origin) -> Diagnostic:
    hint = "put the site into a folder of its own, such as /etc/hapilot or /srv/hapilot"
    return diagnostics.error("container-mount", f"{str(folder)!r} can't be mounted into a container: {why}", origin, hint)


def _outside(path: PurePosixPath, origin: Origin) -> Diagnostic:
    message = f"{str(path)!r} is outside of what the container sees"
    hint = f"move it into the site's folder, or mount its folder too: --mount {shlex.quote(str(path.parent))}"
    return diagnostics.warning("container-outside", message, origin, hint)


def _unreadable(entry: surroundings.Entry, origin: Origin) -> Diagnostic:
    """The keys of a site are for hapilot's eyes only, so the group is what opens them to the user in the container."""
    message = f"{str(entry.path)!r} can't be read by user {container.USER}, who runs hapilot in the container"
    rights = "g+rx" if entry.is_folder else "g+r"
    path = shlex.quote(str(entry.path))
    hint = f"chgrp {container.USER} {path} && chmod {rights} {path}"
    return diagnostics.warning("container-unreadable", message, origin, hint)


def _variable(name: str, origin: Origin) -> Diagnostic:
    message = f"the environment variable {name!r} can't be handed to a container"
    return diagnostics.error("bad-value", message, origin, "name it with letters, digits and _")


def _above(folder: PurePosixPath, names: Iterable[str]) -> bool:
    return any(PurePosixPath(name).is_relative_to(folder) for name in names)


def _within(path: PurePosixPath, folders: Iterable[PurePosixPath]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)


def _can_read(entry: surroundings.Entry) -> bool:
    """Unix permissions for a user without any other group; a folder must be entered and listed."""
    wanted = 0o5 if entry.is_folder else 0o4
    shift = 6 if entry.owner == container.USER else 3 if entry.group == container.USER else 0
    return entry.mode >> shift & wanted == wanted


def _ports(made: container.Container, origin: Origin) -> Iterator[Diagnostic]:
    if made.rootless and made.low_ports:
        shown = ", ".join(dict.fromkeys(str(bind.port) for bind in made.low_ports))
        lowest = min(bind.port for bind in made.low_ports)
        message = f"a user's container can't open ports below {container.FIRST_FREE_PORT} of the host: {shown}"
        hint = f"sysctl net.ipv4.ip_unprivileged_port_start={lowest} opens them to every user; or run it as root, without --rootless"
        yield diagnostics.warning("port-privileged", message, origin, hint)


def _sockets(said: site.Site) -> Iterator[Diagnostic]:
    """What is neither a file nor a port has no way through by itself."""
    for name, listener in (said.spec.listeners or {}).items():
        origin = said.origins.at("listeners", name, "bind")
        for bind in listener.bind:
            if bind.kind == "unix":
                message = f"{bind} is made inside of the container, where others don't see it"
                hint = f"mount its folder writable for user {container.USER}: --volume=DIR:DIR:z, Volume= in the unit"
                yield diagnostics.warning("container-socket", message, origin, hint)
            elif bind.kind == "fd":
                message = f"{bind} is handed on by whoever starts hapilot, and the command and the unit hand on nothing"
                yield diagnostics.warning("container-socket", message, origin, "listen on an address and a port")
    target = said.spec.log.to if said.spec.log is not None else ""
    if target.startswith("syslog:/"):
        path = target.removeprefix("syslog:")
        hint = f"log to stdout, which podman keeps, or mount it: --volume={path}:{path}, Volume= in the unit"
        yield diagnostics.warning("container-socket", f"{path} is not there inside of the container", said.origins.at("log", "to"), hint)
