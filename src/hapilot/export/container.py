"""How a site runs in a container, whatever language says it: rights, mounts, limits, the command inside.

A site, its surroundings and what the user wishes go in; a :class:`Container` comes out, which ``command`` and ``quadlet`` print. The
rule is: nothing is allowed that the site does not need. Called by ``podman``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from hapilot.export import surroundings
from hapilot.model import site, values

USER = 10080
"""User and group in the image, as its Containerfile makes them."""

STATE = "/var/lib/hapilot"
"""The state directory in the image."""

FIRST_FREE_PORT = 1024
"""Ports below are for those with CAP_NET_BIND_SERVICE: ip_unprivileged_port_start, ip(7), as it is unless somebody changed it."""

_STOPPING_SECONDS = 15
"""What `up` may take beyond the time of its connections: HAProxy gets SIGTERM and 5 seconds, SIGKILL and another 5."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user may choose. ``mounts``: further folders, read-only; ``rootless``: a user's podman runs it, not root's."""

    image: str
    name: str = ""
    mounts: tuple[PurePosixPath, ...] = ()
    stop_seconds: int = 30
    rootless: bool = False


@dataclass(frozen=True, slots=True)
class Container:
    """One container. ``command`` goes to the image's entry point; ``mounts`` are at the same place inside as outside, so that every path
    in the site file and every path in a message is true on both sides."""

    name: str
    image: str
    site: str
    command: tuple[str, ...]
    mounts: tuple[PurePosixPath, ...]
    variables: tuple[str, ...]
    low_ports: tuple[values.BindAddress, ...]
    stop_timeout: int
    rootless: bool

    @property
    def capabilities(self) -> tuple[str, ...]:
        """What is left of root's rights. In a user's own namespace no capability opens a port of the host's network."""
        return ("NET_BIND_SERVICE",) if self.low_ports and not self.rootless else ()

    @property
    def volume(self) -> str:
        """The named volume of the state: the local CA and the generations stay when the container is made anew."""
        return f"{self.name}-state"

    @property
    def user_namespace(self) -> str:
        """Rootless, the user outside is the image's user inside, so what the one can read the other can. Empty: the host's."""
        return f"keep-id:uid={USER},gid={USER}" if self.rootless else ""

    @property
    def tmpfs(self) -> str:
        """For what ``haproxy -c`` is shown; the root is read-only."""
        return "/tmp:rw,noexec,nosuid,nodev,size=256m,mode=1777"  # noqa: S108 - a mount, not a file

    @property
    def health_command(self) -> str:
        """Fails unless HAProxy runs and answers."""
        return "hapilot status"


def make_container(said: site.Site, around: surroundings.Surroundings, wish: Wish) -> Container:
    """The container for a site."""
    return Container(
        name=wish.name or default_name(said.name),
        image=wish.image,
        site=said.name,
        command=("up", str(around.site), f"--stop-seconds={wish.stop_seconds}"),
        mounts=tuple(dict.fromkeys((around.folder, *wish.mounts))),
        variables=around.variables,
        low_ports=tuple(bind for bind in binds(said) if bind.kind == "tcp" and bind.port < FIRST_FREE_PORT),
        stop_timeout=wish.stop_seconds + _STOPPING_SECONDS,
        rootless=wish.rootless,
    )


def default_name(site_name: str) -> str:
    """A name that containers, volumes and units may have, and that says whose it is.

    >>> default_name("Läden (neu)")
    'hapilot-L-den-neu'
    """
    safe = re.sub(r"[^A-Za-z0-9_.-]+", "-", site_name).strip("-.")[:60]
    return "hapilot" if safe in ("", "hapilot") else f"hapilot-{safe}"


def binds(said: site.Site) -> Iterator[values.BindAddress]:
    """Every address that the site listens on."""
    for listener in (said.spec.listeners or {}).values():
        yield from listener.bind
    for page in (said.spec.admin.stats, said.spec.admin.metrics):
        if page is not None:
            yield from page.bind
