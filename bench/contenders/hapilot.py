"""hapilot itself: a site file goes through its own stages, and HAProxy runs what they rendered, byte for byte.

Sites: the one-proxy site (ssh, redirect, TLS and plain HTTP on one port, passthrough and edge side by side), a site with edge
hosts only, the same with many hosts, and one that encrypts anew. Called by rows, and by ``loopback`` and ``default_reuse``,
which change one thing in the result.
"""

from __future__ import annotations

import datetime
from pathlib import Path

from bench import values
from bench.contenders import haproxies
from hapilot.base import diagnostics
from hapilot.compile import compile as compiler
from hapilot.render import render
from hapilot.runtime import plain
from hapilot.sources.file import load, self_signed

ONE_PROXY_SITE = """\
listeners:
  http: {{bind: "127.0.0.1:{plain}", redirect: https}}
  https: {{bind: "127.0.0.1:{port}", plain_http: redirect}}
  ssh: {{bind: "127.0.0.1:{ssh}"}}
services:
  git: {{host: git.{host}, tls: passthrough, servers: ["127.0.0.1:{server}"]}}
  git-ssh: {{protocol: ssh, listener: ssh, servers: ["127.0.0.1:{server}"]}}
  vault: {{host: vault.{host}, tls: passthrough, servers: ["127.0.0.1:{server}"]}}
  prometheus: {{host: {host}, servers: ["127.0.0.1:{server}"]}}
certificates:
  - file: {certificate}
raw: {{global: [nbthread 1]}}
"""

EDGE_SITE = """\
listeners:
  https: {{bind: "127.0.0.1:{port}"}}
services:
  prometheus: {{host: {host}, servers: ["127.0.0.1:{server}"]}}
certificates:
  - file: {certificate}
raw: {{global: [nbthread 1]}}
"""


REENCRYPT_SITE = """\
listeners:
  https: {{bind: "127.0.0.1:{port}"}}
services:
  console:
    host: [{host}, "{wildcard}"]
    tls: reencrypt
    servers: ["127.0.0.1:{tls_server}"]
    verify: {{ca: {authority}, name: host}}
certificates:
  - file: {certificate}
raw: {{global: [nbthread 1]}}
"""


def many_hosts(count: int) -> str:
    """A site with so many edge hosts, each of a service of its own. Nothing checks the servers: 10,000 of them would ask the one
    web server 5,000 times a second."""
    service = '  s{number}: {{{{host: {host}, servers: ["127.0.0.1:{{server}}"], health: off}}}}\n'
    before, after = EDGE_SITE.split("  prometheus:")[0], EDGE_SITE.partition("certificates:")[2]
    services = "".join(service.format(number=number, host=numbered(number)) for number in range(count))
    return f"{before}{services}certificates:{after}"


def numbered(number: int) -> str:
    """The name of a host of :func:`many_hosts`."""
    return values.WILDCARD.replace("*", f"h{number}")


def render_site(stage: values.Stage, template: str) -> values.Command:
    """Write the site, and what hapilot makes of it, into the stage's folder."""
    site = write_site(stage, template)
    now = datetime.datetime.now(datetime.UTC)
    loaded = load.load_site(site, environment={}, now=now, authority=self_signed.LocalAuthority(None))
    if loaded.site is None:
        raise values.NotMeasured(f"the site can't be loaded: {loaded.diagnostics[0]}")
    build = compiler.compile_site(loaded.site, stage.target)
    found = (*loaded.diagnostics, *build.diagnostics)
    if diagnostics.has_errors(found):
        raise values.NotMeasured(f"the site has errors: {next(one for one in found if one.severity == 'error')}")
    plain.write_bundle(stage.folder, render.render_build(build))
    return haproxies.command(stage)


def write_site(stage: values.Stage, template: str) -> Path:
    """Write the site alone."""
    site = stage.folder / "site.yaml"
    plain_port, ssh_port = stage.other_ports
    text = template.format(
        host=values.EDGE_HOST,
        port=stage.port,
        plain=plain_port,
        ssh=ssh_port,
        server=stage.server_port,
        tls_server=stage.tls_server_port,
        wildcard=values.WILDCARD,
        authority=stage.authority,
        certificate=stage.certificate,
    )
    site.write_text(text, encoding="utf-8")
    return site


ONE_PROXY = values.Contender("hapilot", "the one-proxy site, rendered by hapilot", lambda stage: render_site(stage, ONE_PROXY_SITE))
FIRST_OF_10 = values.Contender("first-of-10", "10 hosts", lambda stage: render_site(stage, many_hosts(10)), numbered(0))
LAST_OF_10000 = values.Contender("last-of-10000", "10,000 hosts", lambda stage: render_site(stage, many_hosts(10_000)), numbered(9_999))
REENCRYPT = values.Contender("hapilot-reencrypt", "TLS to clients and to servers", lambda stage: render_site(stage, REENCRYPT_SITE))
EDGE = values.Contender("hapilot-edge", "a site without passthrough, rendered by hapilot", lambda stage: render_site(stage, EDGE_SITE))
