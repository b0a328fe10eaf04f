"""From what was found on the machine to the compiler's Target."""

from __future__ import annotations

import contextlib
import grp
import pwd
from pathlib import Path

from hapilot.base import errors
from hapilot.compile import target
from hapilot.runtime import binary, facts

RUN_DIR = "/run/hapilot"
"""Where sockets go when the rendered configuration is run without hapilot; ``up`` names its own folder."""

CA_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
"""Where Debian, Fedora, openSUSE and Alpine keep the system's CAs; the first that exists is used."""


_USERS = ("haproxy", "nobody")


def make_target(haproxy: binary.Haproxy | None, machine: facts.Machine) -> target.Target:
    """The Target for ``haproxy`` (None: the oldest one supported) on ``machine``."""
    usual = target.Target()
    user, group = _worker(machine)
    return target.Target(
        version=(haproxy.version[0], haproxy.version[1]) if haproxy else usual.version,
        features=haproxy.features if haproxy else usual.features,
        run_dir=RUN_DIR,
        drop_to=user,
        drop_to_group=group,
        ipv6=machine.ipv6,
        system_ca=next((path for path in CA_BUNDLES if Path(path).exists()), usual.system_ca),
        fixed_names=frozenset(machine.host_names) | usual.fixed_names,
    )


def require_worker(machine: facts.Machine) -> None:
    """Raises HapilotError where HAProxy would have to serve as root."""
    if machine.uid == 0 and not _worker(machine)[0]:
        raise errors.HapilotError(
            f"HAProxy would serve as root: this machine has no user {' and no user '.join(_USERS)} with a group",
            "create one: useradd --system --user-group haproxy, or run hapilot as another user",
        )


def _worker(machine: facts.Machine) -> tuple[str, str]:
    """Whom HAProxy's worker becomes when root starts it: its own user, else nobody."""
    if machine.uid == 0:
        for name in _USERS:
            with contextlib.suppress(KeyError):
                account = pwd.getpwnam(name)
                return account.pw_name, grp.getgrgid(account.pw_gid).gr_name
    return "", ""
