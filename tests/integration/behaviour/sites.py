"""A site's text, brought to life by hapilot's own stages with a real HAProxy.

Comes in: the text of a site file, whose variables name stand-in servers (lower case) and ports (upper case). Goes out: a
`Running` site, with its Build to explain and its process to look into; or a Build alone, where nothing has to run.
Called by the fixtures and tests of this folder.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hapilot.base import diagnostics, errors
from hapilot.compile import build, target
from hapilot.compile import compile as compiling
from hapilot.explain import explain, explanation, probe
from hapilot.languages.haproxy import tree
from hapilot.reconcile import loop, pipeline, targeting
from hapilot.render import bundle
from hapilot.runtime import binary, facts, files, process
from hapilot.sources.file import load, self_signed
from support import ports
from support.client import Address
from support.standin import Server

_PORT = re.compile(r"\$\{([A-Z][A-Z0-9]*)\}")


@dataclass(frozen=True, slots=True)
class Running:
    """A site that runs. ``values`` are its variables: a listener's port by the variable's name, servers by theirs."""

    build: build.Build
    bundle: bundle.Bundle
    process: process.Process
    values: Mapping[str, str]
    servers: Mapping[str, Server]

    def at(self, variable: str, host: str = "127.0.0.1") -> Address:
        """Where the listener is whose port is ``variable``."""
        return host, int(self.values[variable])

    def explain(self, text: str) -> explanation.Explanation:
        """What ``explain`` says of a target, in which variables stand for ports."""
        return explained(self.build, _PORT.sub(lambda found: self.values[found[1]], text))

    @property
    def config(self) -> str:
        """The haproxy.cfg it runs on."""
        return text_of(self.bundle, bundle.CONFIG)


@dataclass(slots=True)
class Starter:
    """Starts sites on one HAProxy, and ends them all. ``make_folder`` gives each a folder of its own."""

    haproxy: binary.Haproxy
    make_folder: Callable[[], Path]
    started: list[process.Process] = field(default_factory=list[process.Process])

    def start(self, text: str, servers: Mapping[str, Server] | None = None, **values: object) -> Running:
        """Run the site. ``servers`` and ``values`` are its variables; ports that it names are free ones.

        Raises SiteError or HaproxyFailed, as ``up`` would.
        """
        folder = self.make_folder()
        known = variables(text, servers or {}, values)
        path = folder / "site.yaml"
        path.write_text(text, encoding="utf-8")
        state = files.StateDirectory(folder / "state")
        wanted = targeting.make_target(self.haproxy, facts.look())
        state.prepare(wanted.drop_to or None)
        prepared = pipeline.prepare(path, wanted, state.ca, known)
        made, rendered = prepared.require()
        applied = loop.Operator(self.haproxy, state).apply(prepared, None)
        self.started.append(applied.process)
        return Running(made, rendered, applied.process, known, dict(servers or {}))

    def stop_all(self) -> None:
        """End every HAProxy; nothing is left of it outside of the tests' own folders."""
        for one in self.started:
            one.stop(0.0)
            assert not one.run_dir.exists() or one.run_dir.is_relative_to(one.state.root)


def variables(text: str, servers: Mapping[str, Server], values: Mapping[str, object]) -> dict[str, str]:
    """The environment for ``text``: a server's address as ``host:port``, the values as text, a free port for the rest."""
    known = {name: _address(server) for name, server in servers.items()}
    known |= {name: str(value) for name, value in values.items()}
    for name in _PORT.findall(text):
        if name not in known:
            known[name] = str(ports.free_port())
    return known


def compiled(text: str, folder: Path, wanted: target.Target | None = None, **values: object) -> build.Build:
    """The Build of a site that does not run. Its diagnostics may have errors; raises SiteError if nothing is left."""
    path = folder / "site.yaml"
    path.write_text(text, encoding="utf-8")
    return compiled_file(path, variables(text, {}, values), wanted)


def compiled_file(path: Path, environment: Mapping[str, str], wanted: target.Target | None = None) -> build.Build:
    """The same, of a file."""
    loaded = load.load_site(
        path,
        environment=environment,
        now=datetime.datetime.now(datetime.UTC),
        authority=self_signed.LocalAuthority(None),
    )
    if loaded.site is None:
        raise errors.SiteError(loaded.diagnostics)
    made = compiling.compile_site(loaded.site, wanted or target.Target())
    if diagnostics.has_errors(loaded.diagnostics):
        raise errors.SiteError((*loaded.diagnostics, *made.diagnostics))
    return made


def explained(made: build.Build, text: str, source: str = "") -> explanation.Explanation:
    """What ``explain`` says of a target, for a client at ``source``."""
    return explain.Explainer(made).explain(probe.parse_target(text, source=source), text)


def text_of(rendered: bundle.Bundle, path: str) -> str:
    """The text of one rendered file."""
    found = rendered.get(path)
    assert found is not None, path
    return found.content.decode()


def lines_of(made: build.Build, section: str, keyword: str) -> list[tree.Line]:
    """The lines of every section called ``section`` that begin with ``keyword``."""
    return [line for one in made.config.sections if one.name == section for line in one.lines if line.words[0] == keyword]


def _address(server: Server) -> str:
    host, port = server.address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
