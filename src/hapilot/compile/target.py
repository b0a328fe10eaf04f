"""What the configuration is compiled for: the HAProxy and the machine. ``runtime`` finds it out; tests make one up."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """Facts that change what is emitted. The defaults fit the oldest HAProxy supported, without root."""

    version: tuple[int, int] = (2, 6)
    """HAProxy's branch."""
    features: frozenset[str] = frozenset({"PROMEX", "LUA"})
    """Build features (``haproxy -vv``) that were found."""
    run_dir: str = "/run/hapilot"
    """Where sockets go if the environment does not say HAPILOT_RUN."""
    drop_to: str = ""
    """User to become after the start, when it is started by root; "" stays who it is."""
    drop_to_group: str = ""
    chroot: bool = True
    """Whether the worker may lock itself into the folder of sockets when it becomes another user."""
    ipv6: bool = True
    """Whether the machine has IPv6; without it, listeners on every address open IPv4 only."""
    system_ca: str = "/etc/ssl/certs/ca-certificates.crt"
    """The system's CA bundle."""
    fixed_names: frozenset[str] = frozenset({"localhost"})
    """Names that the machine itself knows (/etc/hosts); they are not asked of a DNS server."""
    old_workers: float = 0.0
    """Seconds that a worker may take to finish its connections once it gets no new ones, by a reload or at the end; 0 for any time."""
