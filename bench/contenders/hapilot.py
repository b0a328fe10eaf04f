"""hapilot itself: a site file goes through its own stages, and HAProxy runs what they rendered, byte for byte.

Two sites: the one-proxy site (ssh, redirect, TLS and plain HTTP on one port, passthrough and edge side by side), and a site
with edge hosts only. Called by rows, and by ``loopback``, which changes one thing in the result.
"""

from __future__ import annotations

import datetime

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


def render_site(stage: values.Stage, template: str) -> values.Command:
    """Write the site, and what hapilot makes of it, into the stage's folder."""
    site = stage.folder / "site.yaml"
    plain_port, ssh_port = stage.other_ports
    text = template.format(
        host=values.EDGE_HOST,
        port=stage.port,
        plain=plain_port,
        ssh=ssh_port,
        server=stage.server_port,
        certificate=stage.certificate,
    )
    site.write_text(text, encoding="utf-8")
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


ONE_PROXY = values.Contender("hapilot", "the one-proxy site, rendered by hapilot", lambda stage: render_site(stage, ONE_PROXY_SITE))
EDGE = values.Contender("hapilot-edge", "a site without passthrough, rendered by hapilot", lambda stage: render_site(stage, EDGE_SITE))
