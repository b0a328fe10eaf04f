"""Runs the quickstart site for a moment: stand-ins, HAProxy, and every expectation explained and then made for real."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from hapilot.compile import build, target
from hapilot.explain import explain, explanation, probe
from hapilot.reconcile import live, loop, pipeline
from hapilot.runtime import attempt, process
from hapilot.trial import issuing, standins, talking

PORTS = {
    "HTTP_PORT": 8080,
    "HTTPS_PORT": 8443,
    "SHOP_PORT": 9001,
    "VAULT_PORT": 9002,
    "CONSOLE_PORT": 9003,
    "SSH_PORT": 9004,
}
"""The site's variables and the ports they mean where those are free."""

SERVERS = (("shop", "SHOP_PORT"), ("vault", "VAULT_PORT"), ("console", "CONSOLE_PORT"), ("git-ssh", "SSH_PORT"))
"""The site's services, and the variables with the ports of their servers."""


@dataclass(frozen=True, slots=True)
class Try:
    """One connection: what was said of it, what was seen, and what differs."""

    said: explanation.Explanation
    seen: attempt.Seen
    differences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Running:
    """The demo's site while it runs."""

    site: Path
    build: build.Build
    process: process.Process
    ports: dict[str, int]
    generation: int
    standins: standins.Standins

    def tries(self) -> Iterator[Try]:
        """Every expectation of the site, and one connection that says nothing it knows."""
        explainer = explain.Explainer(self.build)
        for expected in self.build.site.spec.expect:
            asked = probe.parse_target(expected.target)
            said = explainer.explain(asked, expected.target)
            seen = attempt.attempt(("127.0.0.1", asked.port), asked)
            visit = self.standins.visit_of(seen)
            yield Try(said, seen, tuple(live.differences(said, seen, (visit.server.service,) if visit else ())))


@contextlib.contextmanager
def running(operator: loop.Operator, wanted: target.Target, folder: Path, say: Callable[[str], None]) -> Generator[Running]:
    """The quickstart site in ``folder``, up for as long as it lasts. Everything it started is ended."""
    ports = free_ports()
    environment = {**os.environ, **{name: str(port) for name, port in ports.items()}}
    site = folder / "hapilot.yaml"
    with resources.as_file(resources.files("hapilot.demo") / "quickstart" / "hapilot.yaml") as source:
        shutil.copyfile(source, site)
    with _standins(folder, ports, say) as behind:
        prepared = pipeline.prepare(site, wanted, operator.state.ca, environment)
        made, _ = prepared.require()
        applied = operator.apply(prepared, None)
        try:
            _settle(made, applied.process)
            yield Running(site, made, applied.process, ports, applied.generation, behind)
        finally:
            applied.process.stop(2.0)


@contextlib.contextmanager
def _standins(folder: Path, ports: dict[str, int], say: Callable[[str], None]) -> Generator[standins.Standins]:
    issuer = issuing.Issuer(folder)
    (folder / "backend-ca.pem").write_text(issuer.authority, encoding="ascii")
    servers = [
        talking.Server(number, name, f"127.0.0.1:{ports[variable]}", "ssh" if name == "git-ssh" else "http", port=ports[variable])
        for number, (name, variable) in enumerate(SERVERS)
    ]
    with standins.standing_in(servers, issuer) as started:
        for server in servers:
            say(f"stand-in {server.service} on {server.name}")
        yield started


def _settle(made: build.Build, started: process.Process) -> None:
    """Waits until the first health checks are through, at most three seconds."""
    deadline = time.monotonic() + 3.0
    services = {use.backend for use in made.backends}
    while time.monotonic() < deadline:
        rows = started.runtime.send("show servers state").splitlines()
        if rows and services <= {row.split()[1] for row in rows if len(row.split()) > 6}:
            time.sleep(0.3)
            return
        time.sleep(0.05)


def free_ports() -> dict[str, int]:
    """The usual ports, each replaced by a free one where it is taken."""
    return {name: port if _is_free(port) else _any_free() for name, port in PORTS.items()}


def _is_free(port: int) -> bool:
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind(("0.0.0.0", port))  # noqa: S104 - the listener will take every address
        except OSError:
            return False
    return True


def _any_free() -> int:
    with socket.socket() as one:
        one.bind(("0.0.0.0", 0))  # noqa: S104 - the listener will take every address
        return int(one.getsockname()[1])
