"""How a site runs as a systemd service, whatever the unit's text looks like: user, rights, folders, times.

A site, its surroundings and what the user wishes go in; a :class:`Service` comes out, which ``systemd_unit`` prints. The rule is:
nothing is allowed that the site does not need. Called by ``systemd``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from hapilot.export import container, surroundings
from hapilot.model import site, values

USER = "hapilot"
"""The user that the exported sysusers file makes."""

HOMES = ("/home", "/root", "/run/user")
"""What ``ProtectHome=`` hides (systemd.exec(5))."""
HIDDEN = ("/tmp", "/var/tmp")  # noqa: S108 - named, not used
"""What ``PrivateTmp=`` hides."""

_STOPPING_SECONDS = 15
"""What `up` may take beyond the time of its connections: HAProxy gets SIGTERM and 5 seconds, SIGKILL and another 5."""


@dataclass(frozen=True, slots=True)
class Account:
    """A user of this machine, by numbers, and its groups."""

    uid: int
    groups: frozenset[int]


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user may choose. ``program`` are the words that run hapilot, the first one absolute; ``account`` is ``user`` as this machine
    knows it, None where it does not yet."""

    program: tuple[str, ...]
    name: str = ""
    user: str = USER
    stop_seconds: int = 30
    account: Account | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """One service. ``sockets`` are folders in which HAProxy makes sockets for clients."""

    name: str
    title: str
    user: str
    program: tuple[str, ...]
    arguments: tuple[str, ...]
    variables: tuple[str, ...]
    capabilities: tuple[str, ...]
    sockets: tuple[str, ...]
    shows_homes: bool
    stop_timeout: int


def make_service(said: site.Site, around: surroundings.Surroundings, wish: Wish) -> Service:
    """The service for a site. A capability is needed for ports below 1024 alone."""
    binds = tuple(container.binds(said))
    low = any(bind.kind == "tcp" and bind.port < container.FIRST_FREE_PORT for bind in binds)
    return Service(
        name=wish.name or container.default_name(said.name),
        title=said.name,
        user=wish.user,
        program=wish.program,
        arguments=("up", str(around.site), f"--stop-seconds={wish.stop_seconds}"),
        variables=around.variables,
        capabilities=("CAP_NET_BIND_SERVICE",) if low else (),
        sockets=tuple(dict.fromkeys(str(PurePosixPath(bind.path).parent) for bind in binds if _is_file(bind))),
        shows_homes=any(is_within(path, HOMES) for path in (*around.used, *map(PurePosixPath, wish.program))),
        stop_timeout=wish.stop_seconds + _STOPPING_SECONDS,
    )


def is_within(path: PurePosixPath, folders: tuple[str, ...]) -> bool:
    """Whether ``path`` is one of ``folders`` or in one."""
    return any(path.is_relative_to(folder) for folder in folders)


def _is_file(bind: values.BindAddress) -> bool:
    """Whether clients come by a socket in the file system."""
    return bind.kind == "unix" and bind.path.startswith("/")
