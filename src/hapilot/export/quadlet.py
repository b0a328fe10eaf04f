"""A container as a Quadlet unit, from which podman 4.5 or later makes a systemd service (podman-systemd.unit(5)). Called by ``podman``."""

from __future__ import annotations

from collections.abc import Iterator

from hapilot.export import container

_BEYOND_STOP_SECONDS = 15
"""systemd must not end podman while that still waits for the container."""


def unit(made: container.Container) -> str:
    """The text of NAME.container."""
    sections = {"Unit": _unit(made), "Container": _container(made), "Service": _service(made), "Install": _install(made)}
    body = "\n".join("".join(f"{line}\n" for line in (f"[{name}]", *lines)) for name, lines in sections.items())
    where = "~/.config/containers/systemd" if made.rootless else "/etc/containers/systemd"
    reload = "systemctl --user daemon-reload" if made.rootless else "systemctl daemon-reload"
    return f"# Runs the site {made.site} in a container. Made by hapilot export podman.\n# Put it into {where}, then: {reload}\n{body}"


def environment_file(made: container.Container) -> str:
    """The text of NAME.env: every name, no value, for none of them is known to be public."""
    names = "".join(f"#{name}=\n" for name in made.variables)
    return f"# What the site file takes from the environment: NAME=value, without quotes. Keep it readable by its owner alone.\n{names}"


def _unit(made: container.Container) -> Iterator[str]:
    yield f"Description=hapilot: {made.site}"
    # There is no such target in a user's systemd.
    if not made.rootless:
        yield from ("Wants=network-online.target", "After=network-online.target")


def _container(made: container.Container) -> Iterator[str]:
    yield from (f"ContainerName={made.name}", f"Image={made.image}", f"Exec={' '.join(made.command)}")
    # `up` says itself when it serves.
    yield from ("Network=host", "Notify=true")
    yield from ("ReadOnly=true", f"Tmpfs={made.tmpfs}")
    yield from ("DropCapability=all", *(f"AddCapability=CAP_{name}" for name in made.capabilities), "NoNewPrivileges=true")
    if made.user_namespace:
        yield f"UserNS={made.user_namespace}"
    yield f"Volume={made.volume}:{container.STATE}"
    yield from (f"Volume={folder}:{folder}:ro,z" for folder in made.mounts)
    if made.variables:
        yield f"EnvironmentFile=./{made.name}.env"
    yield from (f"HealthCmd={made.health_command}", "HealthInterval=30s", "HealthTimeout=10s", "HealthStartPeriod=30s")
    # Its own key came with podman 5.
    yield f"PodmanArgs=--stop-signal=SIGTERM --stop-timeout={made.stop_timeout}"


def _service(made: container.Container) -> Iterator[str]:
    yield from ("Restart=on-failure", "RestartSec=2")
    yield f"TimeoutStopSec={made.stop_timeout + _BEYOND_STOP_SECONDS}"
    # The site's files are watched all the same; this is for `systemctl reload`.
    yield f"ExecReload=podman kill --signal=HUP {made.name}"


def _install(made: container.Container) -> Iterator[str]:
    yield f"WantedBy={'default.target' if made.rootless else 'multi-user.target'}"
