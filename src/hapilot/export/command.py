"""A container as a ``podman run`` command (podman-run(1), 4.3 and later). Called by ``podman``."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from hapilot.export import container


def run(made: container.Container) -> tuple[str, ...]:
    """The command, word by word."""
    return ("podman", "run", *_options(made), made.image, *made.command)


def script(made: container.Container) -> str:
    """The command for a shell, an option a line."""
    lines = ["podman run", *(shlex.quote(option) for option in _options(made)), shlex.join((made.image, *made.command))]
    return f"#!/bin/sh\n# Runs the site {made.site} in a container. Made by hapilot export podman.\nexec {_joined(lines)}\n"


def _joined(lines: list[str]) -> str:
    return " \\\n    ".join(lines)


def _options(made: container.Container) -> Iterator[str]:
    """Each option in one word, so that nothing in a value can become another."""
    yield from ("--detach", "--replace", f"--name={made.name}", "--restart=on-failure:5")
    # The clients' addresses, and no proxy in the way: the point of the whole site.
    yield "--network=host"
    yield from ("--read-only", f"--tmpfs={made.tmpfs}")
    yield from ("--cap-drop=all", *(f"--cap-add={name}" for name in made.capabilities), "--security-opt=no-new-privileges")
    if made.user_namespace:
        yield f"--userns={made.user_namespace}"
    yield f"--volume={made.volume}:{container.STATE}"
    # A lower-case z: other containers may have the folder too. Relabelled, because SELinux would hide it otherwise.
    yield from (f"--volume={folder}:{folder}:ro,z" for folder in made.mounts)
    # Without a value: podman takes it from the environment, so that no secret is in the command.
    yield from (f"--env={name}" for name in made.variables)
    yield from ("--stop-signal=SIGTERM", f"--stop-timeout={made.stop_timeout}")
    yield from (f"--health-cmd={made.health_command}", "--health-interval=30s", "--health-timeout=10s", "--health-start-period=30s")
