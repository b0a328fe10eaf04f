"""Small set-ups for the tests of ``plan``: services, certificates and spare backends as the files that HAProxy reads.

In: values that a test chooses, or hypothesis. Out: bundles with everything that plans are about, and nothing else.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field

from hapilot.plan import running
from hapilot.render import bundle

SETTINGS = ("mode http", "balance roundrobin")
"""Lines of a common service, which are those of spare backends too."""


@dataclass(frozen=True)
class Service:
    """``servers`` is name to the rest of the line; ``settings`` stand before them."""

    servers: Mapping[str, str] = field(default_factory=lambda: {"a": "10.0.0.1:80"})
    hosts: tuple[str, ...] = ("shop.test/",)
    settings: tuple[str, ...] = SETTINGS


@dataclass(frozen=True)
class Setup:
    """``certificates`` is name to the number that its content is made of; ``listed`` the lines of the crt-list by certificate."""

    services: Mapping[str, Service] = field(default_factory=lambda: {"shop": Service()})
    spares: int = 2
    certificates: Mapping[str, int] = field(default_factory=dict[str, int])
    names: Mapping[str, str] = field(default_factory=dict[str, str])
    bind: str = "bind :443 ssl crt-list certs/list strict-sni"
    frontend: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    remark: str = "(site.yaml:1)"


def files(made: Setup) -> bundle.Bundle:
    """What HAProxy reads."""
    parts = [*made.before, _section("frontend web", ("bind :80", made.bind, *made.frontend), made.remark)]
    for name, one in made.services.items():
        servers = tuple(f"server {server} {rest}" for server, rest in one.servers.items())
        parts.append(_section(f"backend {name}", (*one.settings, *servers), made.remark))
    live = [_section("global", ("setenv HAPILOT_CONFIG x",)), _section("backend .notes", ("mode http",))]
    live += [_section(f"backend .spare-http-{number}", SETTINGS) for number in range(1, made.spares + 1)]
    hosts = {host: name for name, one in made.services.items() for host in one.hosts}
    listed = "".join(f"certs/{name}.pem {made.names.get(name, '')}".rstrip() + "\n" for name in made.certificates)
    said = {
        bundle.CONFIG: "\n".join(parts).encode(),
        bundle.LIVE: "\n".join(live).encode(),
        "maps/web.plain.map": ("# hosts\n" + "".join(f"{host} {name}\n" for host, name in hosts.items())).encode(),
        "maps/services.map": "".join(f"{name} {name}\n" for name in made.services).encode(),
        "maps/live.map": b"# notes\n",
        "lists/shop.allow.list": b"# networks\n10.0.0.0/8\n",
        "certs/list": f"# all\n{listed}".encode(),
        **{f"certs/{name}.pem": pem(number) for name, number in made.certificates.items()},
        **made.files,
    }
    return bundle.Bundle(tuple(bundle.BundleFile(path, content) for path, content in said.items()))


def _section(head: str, lines: tuple[str, ...], remark: str = "") -> str:
    end = f"  # {remark}" if remark else ""
    return "".join(f"{line}{end}\n" for line in (head, *(f"    {line}" for line in lines)))


def pem(number: int) -> bytes:
    """A certificate as far as plans look into it, and its key."""
    parts = {"CERTIFICATE": f"certificate {number}", "PRIVATE KEY": f"key {number}"}
    armoured = (
        f"-----BEGIN {kind}-----\n{base64.b64encode(text.encode()).decode()}\n-----END {kind}-----\n" for kind, text in parts.items()
    )
    return "".join(armoured).encode()


def wanted(made: Setup, told: Mapping[running.ServerKey, running.Told] | None = None) -> running.Wanted:
    """What should run."""
    return running.Wanted(files(made), dict(told or {}), {name: name for name in made.services})
