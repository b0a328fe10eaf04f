"""Options that several verbs share, and what they mean."""

from __future__ import annotations

import os
from pathlib import Path

import click

from hapilot.base import errors
from hapilot.compile import target
from hapilot.reconcile import targeting
from hapilot.runtime import binary, facts, files

DEFAULT_SITE = "hapilot.yaml"

site = click.argument("site", default=DEFAULT_SITE, type=click.Path(path_type=Path))
"""A site file or a folder of them."""
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
state = click.option(
    "--state",
    "state_path",
    type=click.Path(path_type=Path, file_okay=False),
    envvar=files.VARIABLE,
    help="State directory (default: /var/lib/hapilot for root, else ~/.local/state/hapilot).",
)
strict = click.option("--strict", is_flag=True, help="Refuse the whole site where a part of it is bad, instead of doing without the part.")
haproxy = click.option(
    "--haproxy",
    "haproxy_wanted",
    envvar=binary.VARIABLE,
    metavar="PATH|embedded|system",
    help="Which HAProxy to use (default: the newer of embedded and system).",
)


def state_directory(path: Path | None) -> files.StateDirectory:
    """The state directory meant by ``--state``."""
    return files.StateDirectory(path.absolute() if path else files.default_root())


def compile_target(wanted: str | None) -> tuple[binary.Haproxy | None, target.Target]:
    """The HAProxy to use and the Target for it. Without any HAProxy the oldest one supported is compiled for, unless one was asked for."""
    machine = facts.look()
    try:
        found = binary.choose(wanted)
    except errors.HaproxyMissing:
        if wanted:
            raise
        found = None
    return found, targeting.make_target(found, machine)


def environment() -> dict[str, str]:
    """The environment for variables in site files."""
    return dict(os.environ)


def kept_authority(path: Path | None) -> Path | None:
    """The folder of the local CA if ``up`` has made one already, to be read only; looking at a site creates nothing."""
    ca = state_directory(path).ca
    return ca if os.access(ca, os.R_OK | os.X_OK) else None
