"""A site on a real HAProxy: compiled, written to a folder, started, with a stand-in server behind every service.

Comes in: a site as data, a HAProxy, the pool of stand-ins. Goes out: a `Running` with the Explainer of just that build and
where its listeners are. Called by the experiment and by the golden cases.
"""

from __future__ import annotations

import datetime
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from hapilot.base import diagnostics
from hapilot.compile import build, compile, target  # noqa: A004 - the stage's name
from hapilot.explain import explain
from hapilot.render import render
from hapilot.runtime import environment
from hapilot.sources.file import load, self_signed
from integration.differential import pool
from integration.differential.words import Site
from support import haproxy, standin

LOCAL = self_signed.LocalAuthority(None)
"""One for the session, so that the same names get the same certificate."""


class Refused(Exception):
    """The site is not valid. The text says why."""


@dataclass(frozen=True, slots=True)
class Running:
    """A site that runs. ``servers`` are the stand-ins by service, ``kinds`` what they are."""

    explainer: explain.Explainer
    build: build.Build
    ports: Mapping[str, int]
    servers: Mapping[str, standin.Server]
    kinds: Mapping[str, pool.Kind]
    config: str

    def service_of(self, name: str) -> str:
        """The service behind a stand-in's name."""
        return next(service for service, server in self.servers.items() if server.name == name)

    def certificate(self, shown: str) -> tuple[str, ...]:
        """The names in a certificate that the Explainer speaks of."""
        return next(tuple(map(str, one.hosts)) for one in self.build.site.materials.certificates if one.shown == shown)


@contextmanager
def running(site: Site, binary: haproxy.Binary, stands: pool.Pool) -> Generator[Running]:
    """The site, up as long as it lasts. Raises Refused; RuntimeError where HAProxy does not come up."""
    folder = Path(tempfile.mkdtemp(prefix="hapilot-"))  # short: the paths of unix sockets have 107 bytes at most
    try:
        made = _prepare(site, binary, stands, folder)
        with _serving(binary, folder):
            yield made
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def text(site: Site) -> str:
    """The site as YAML."""
    return yaml.safe_dump(site, sort_keys=False, width=140)


def kind_of(service: Mapping[str, Any]) -> pool.Kind:
    """The stand-in that a service needs."""
    if service["tls"] == "passthrough":
        return "passed"
    if service["protocol"] != "http":
        return "ssh" if service["protocol"] == "ssh" else "tcp"
    return "reencrypt" if service["tls"] == "reencrypt" else "web"


def _prepare(site: Site, binary: haproxy.Binary, stands: pool.Pool, folder: Path) -> Running:
    kinds: dict[str, pool.Kind] = {name: kind_of(one) for name, one in site["services"].items()}
    servers = {
        name: stands.lend(kinds[name], number, proxied="send_proxy" in one) for number, (name, one) in enumerate(site["services"].items())
    }
    ports = {name: haproxy.free_port() for name in site["listeners"]}
    services = {name: one | {"servers": [f"127.0.0.1:{servers[name].port}"]} for name, one in site["services"].items()}
    (folder / "site.yaml").write_text(text(site | {"services": services}))
    (folder / "ca.pem").write_text(stands.authority_pem)
    made = _compile(folder, {f"PORT_{name}": str(port) for name, port in ports.items()}, binary)
    bundle = render.render_build(made)
    for file in bundle.files:
        path = folder / "run" / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=file.mode)
        path.write_bytes(file.content)
    config = (folder / "run" / "haproxy.cfg").read_text()
    return Running(explain.Explainer(made), made, ports, servers, kinds, config)


def _compile(folder: Path, variables: Mapping[str, str], binary: haproxy.Binary) -> build.Build:
    now = datetime.datetime.now(datetime.UTC)
    loaded = load.load_site(folder / "site.yaml", environment=variables, now=now, authority=LOCAL)
    wrong = [str(each) for each in loaded.diagnostics if each.severity is diagnostics.Severity.ERROR]
    if loaded.site is None or wrong:
        raise Refused("\n".join(wrong))
    major, minor = binary.id.rpartition("-")[2].split(".")
    made = compile.compile_site(loaded.site, target.Target(version=(int(major), int(minor)), run_dir=str(folder)))
    errors = [str(each) for each in made.diagnostics if each.severity is diagnostics.Severity.ERROR]
    if errors:
        raise Refused("\n".join(errors))
    return made


@contextmanager
def _serving(binary: haproxy.Binary, folder: Path) -> Generator[None]:
    log = folder / "haproxy.log"
    variables = environment.for_haproxy({"HAPILOT_RUN": str(folder)})
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [binary.path, "-db", "-f", "haproxy.cfg"], cwd=folder / "run", env=variables, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink
        )
    try:
        _wait(folder / "runtime.sock", process, log)
        yield
    finally:
        process.kill()
        process.wait(10)


def _wait(path: Path, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until HAProxy answers on its own socket: then all the others are open too."""
    end = time.monotonic() + 10
    while process.poll() is None and time.monotonic() < end:
        with socket.socket(socket.AF_UNIX) as plug:
            plug.settimeout(5)
            try:
                plug.connect(os.fspath(path))
                plug.sendall(b"show info\n")
                if plug.recv(1):
                    return
            except OSError:
                time.sleep(0.01)
    raise RuntimeError(f"HAProxy does not come up:\n{log.read_text()}")
