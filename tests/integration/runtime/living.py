"""A real HAProxy that is changed while it runs: sites are compiled as ``up`` does, and steps are taken one by one.

In: the text of sites. Out: plans, and what HAProxy has in memory. Used by the tests of ``runtime.acting`` and ``runtime.reading``.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from hapilot.compile import target
from hapilot.plan import actions, plan, running
from hapilot.reconcile import addresses, pipeline, targeting, wanting
from hapilot.render import summary
from hapilot.runtime import acting, binary, facts, files, observe, process, reading
from support import certificates

AUTHORITY = certificates.authority("plan")
"""Whose certificates the sites of :func:`site` have."""


@dataclass
class Lab:
    """One HAProxy on one state directory; ``folder`` has the site's own files."""

    haproxy: binary.Haproxy
    state: files.StateDirectory
    folder: Path
    process: process.Process | None = None

    @property
    def running(self) -> process.Process:
        """The one that was started."""
        assert self.process is not None
        return self.process

    def wanted(self, site: str, told: Mapping[running.ServerKey, running.Told] | None = None) -> running.Wanted:
        """What ``site`` should come to."""
        return self._compiled(site, told)[0]

    def _compiled(self, site: str, told: Mapping[running.ServerKey, running.Told] | None) -> tuple[running.Wanted, summary.Summary]:
        path = self.folder / "site.yaml"
        path.write_text(site)
        prepared = pipeline.prepare(path, self._target(), self.folder / "ca", {})
        assert prepared.ok, "\n".join(map(str, prepared.diagnostics))
        made, bundle = prepared.require()
        kept = summary.summarise(made, addresses.opened(made))
        return replace(wanting.wanted((), bundle, kept), told=dict(told or {})), kept

    def _target(self) -> target.Target:
        return targeting.make_target(self.haproxy, facts.look())

    def start(self, site: str) -> None:
        """Write it as a generation and start HAProxy on it."""
        wanted, kept = self._compiled(site, None)
        self.activate(wanted)
        wanted_user = self._target().drop_to or None
        self.process = process.start(self.haproxy, self.state, process.Needs(wanted_user))
        self.process.wait_ready(addresses.to_wait_for(kept.opened))

    def activate(self, wanted: running.Wanted) -> None:
        """Make its files the ones that HAProxy reads at its next reload."""
        made = self.state.write(wanted.files, files.Description(time.time(), "test", "test"))
        self.state.activate(made.number)

    def read(self) -> running.Running:
        """What HAProxy has in memory."""
        return reading.read(self.running)

    def plan(self, wanted: running.Wanted) -> plan.Plan:
        """What is to be done."""
        return plan.make_plan(self.read(), wanted)

    def act(self, *steps: actions.Action) -> None:
        """Take steps."""
        acting.act(self.running.runtime, steps)

    def follow(self, wanted: running.Wanted) -> plan.Plan:
        """Plan it, do it without a reload, and the plan that was carried out."""
        planned = self.plan(wanted)
        assert planned.reload_reasons == ()
        acting.tidy(self.running.runtime, planned.remainders)
        self.act(*planned.actions)
        return planned

    def ask(self, command: str) -> str:
        """A runtime command."""
        return self.running.runtime.send(command)

    def server(self, backend: str, name: str) -> observe.ServerState:
        """How HAProxy sees a server."""
        found = observe.observe(self.running.run_dir).proxy(backend, "backend")
        assert found is not None
        return next(one for one in found.servers if one.name == name)


def site(web: tuple[int, int], services: str, rest: str = "") -> str:
    """A site with these services."""
    listeners = f"listeners:\n  web: {{bind: '127.0.0.1:{web[0]}'}}\n  tls: {{bind: '127.0.0.1:{web[1]}'}}\n"
    return f"{listeners}defaults: {{health: false}}\nservices:\n{services}{rest}"


def plain(name: str, servers: str, more: str = "") -> str:
    """A service of plain HTTP."""
    return f"  {name}: {{host: {name}.test, listener: web, tls: none, servers: [{servers}]{more}}}\n"


def secure(name: str, servers: str, more: str = "") -> str:
    """A service of HTTPS."""
    return f"  {name}: {{host: {name}.test, listener: tls, servers: [{servers}]{more}}}\n"


SHOP = plain("shop", "{address: '127.0.0.1:9', name: a}, {address: '127.0.0.1:10', name: b}")
API = secure("api", "'127.0.0.1:9'")
FILES = "certificates: [{file: one.pem}]\n"
INSIDE = secure("inside", "'127.0.0.1:9'", ", tls: reencrypt, verify: {ca: ca.pem, name: in.test}")


def certificate_files(folder: Path) -> None:
    """What the sites name."""
    AUTHORITY.write(folder, "ca.pem")
    leaf = AUTHORITY.issue("api.test", "vault.test", "inside.test", "*.h.test")
    leaf.write(folder, "one")
    AUTHORITY.issue("two.test").write(folder, "two")
