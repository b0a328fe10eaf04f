"""Runs the quickstart site for a moment: stand-ins, HAProxy, and every expectation explained and then made for real."""

from __future__ import annotations

import contextlib
import datetime
import os
import shutil
import socket
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from hapilot.compile import build, target
from hapilot.demo import standins
from hapilot.explain import explain, explanation, probe
from hapilot.model import values
from hapilot.reconcile import live, loop, pipeline
from hapilot.runtime import attempt, process
from hapilot.sources.file import self_signed

PORTS = {
    "HTTP_PORT": 8080,
    "HTTPS_PORT": 8443,
    "SHOP_PORT": 9001,
    "VAULT_PORT": 9002,
    "CONSOLE_PORT": 9003,
    "SSH_PORT": 9004,
}
"""The site's variables and the ports they mean where those are free."""


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

    def tries(self) -> Iterator[Try]:
        """Every expectation of the site, and one connection that says nothing it knows."""
        explainer = explain.Explainer(self.build)
        for expected in self.build.site.spec.expect:
            asked = probe.parse_target(expected.target)
            said = explainer.explain(asked, expected.target)
            seen = attempt.attempt(("127.0.0.1", asked.port), asked)
            taken = (said.service,) if said.service and _by(seen) in (said.service, None) else ()
            yield Try(said, seen, tuple(live.differences(said, seen, taken)))


def _by(seen: attempt.Seen) -> str | None:
    """Which stand-in answered, where it says so."""
    return "git-ssh" if b"git-ssh" in seen.data and seen.kind == "data" else seen.header("X-Server")


@contextlib.contextmanager
def running(operator: loop.Operator, wanted: target.Target, folder: Path, say: Callable[[str], None]) -> Generator[Running]:
    """The quickstart site in ``folder``, up for as long as it lasts. Everything it started is ended."""
    ports = free_ports()
    environment = {**os.environ, **{name: str(port) for name, port in ports.items()}}
    site = folder / "hapilot.yaml"
    with resources.as_file(resources.files("hapilot.demo") / "quickstart" / "hapilot.yaml") as source:
        shutil.copyfile(source, site)
    with _standins(folder, ports, say):
        prepared = pipeline.prepare(site, wanted, operator.state.ca, environment)
        made, _ = prepared.require()
        applied = operator.apply(prepared, None)
        try:
            _settle(made, applied.process)
            yield Running(site, made, applied.process, ports, applied.generation)
        finally:
            applied.process.stop(2.0)


@contextlib.contextmanager
def _standins(folder: Path, ports: dict[str, int], say: Callable[[str], None]) -> Generator[None]:
    authority = self_signed.LocalAuthority(None)
    now = datetime.datetime.now(datetime.UTC)
    (folder / "backend-ca.pem").write_text(authority.ca_text(now), encoding="ascii")
    with contextlib.ExitStack() as stack:
        for name, variable in (("shop", "SHOP_PORT"), ("vault", "VAULT_PORT"), ("console", "CONSOLE_PORT")):
            certificate = None if name == "shop" else _certificate(folder, authority, name, now)
            stack.enter_context(standins.serving(standins.web(name, ports[variable], certificate)))
            say(f"stand-in {name} on 127.0.0.1:{ports[variable]}{', TLS' if certificate else ''}")
        stack.enter_context(standins.serving(standins.ssh(ports["SSH_PORT"])))
        say(f"stand-in git-ssh on 127.0.0.1:{ports['SSH_PORT']}")
        yield


def _certificate(folder: Path, authority: self_signed.LocalAuthority, name: str, now: datetime.datetime) -> Path:
    path = folder / f"{name}.pem"
    bundle = authority.certificate([values.HostPattern(f"{name}.example.test")], now)
    path.touch(mode=0o600)
    path.write_text(bundle.text(), encoding="ascii")
    return path


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
