"""A site on a real HAProxy: compiled, written to a folder, started, with a stand-in server behind every service.

Comes in: a site as data, a HAProxy, the pool of stand-ins. Goes out: a `Running` with the Explainer of just that build and
where its listeners are. Called by the experiment and by the golden cases.
"""

from __future__ import annotations

import datetime
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
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
from integration.differential import papers, pool
from integration.differential.words import Site
from support import haproxy, standin

LOCAL = self_signed.LocalAuthority(None)
"""One for the session, so that the same names get the same certificate."""


class Refused(Exception):
    """The site is not valid. The text says why."""


@dataclass(frozen=True, slots=True)
class Running:
    """A site that runs. ``ports`` are those of its listeners and administrative pages.
    ``servers`` are the stand-ins by service and number, ``labels`` HAProxy's names for them, ``kinds`` what they are."""

    explainer: explain.Explainer
    build: build.Build
    ports: Mapping[str, int]
    folder: Path
    servers: Mapping[tuple[str, int], standin.Server]
    labels: Mapping[tuple[str, int], str]
    kinds: Mapping[str, pool.Kind]
    config: str

    def server(self, name: str) -> tuple[str, int]:
        """The service and number of a stand-in."""
        return next(place for place, server in self.servers.items() if server.name == name)

    def number(self, service: str, label: str) -> int:
        """The number of a server that HAProxy calls ``label``."""
        return next(number for (name, number), known in self.labels.items() if name == service and known == label)

    def certificate(self, shown: str) -> tuple[str, ...]:
        """The names in a certificate that the Explainer speaks of."""
        return next(tuple(map(str, one.hosts)) for one in self.build.site.materials.certificates if one.shown == shown)

    def socket(self, listener: str) -> str:
        """The path of a listener's unix socket."""
        return str(self.folder / f"{listener}.sock")

    def speaks_http(self, service: str) -> bool:
        """Whether HAProxy sees requests of the service."""
        one = self.build.site.spec.services[service]
        return one.protocol == "http" and one.tls_mode != "passthrough"


@contextmanager
def running(site: Site, binary: haproxy.Binary, stands: pool.Pool) -> Generator[Running]:
    """The site, up as long as it lasts. Raises Refused; RuntimeError where HAProxy does not come up."""
    folder = Path(tempfile.mkdtemp(prefix="hapilot-"))  # short: the paths of unix sockets have 107 bytes at most
    try:
        with ExitStack() as stack:
            opened = {name: stack.enter_context(_open()) for name, one in site["listeners"].items() if _inherits(one)}
            made = _prepare(site, binary, stands, folder, opened)
            stack.enter_context(_serving(binary, folder, [each.fileno() for each in opened.values()]))
            yield made
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def text(site: Site) -> str:
    """The site as YAML."""
    return yaml.safe_dump(site, sort_keys=False, width=140)


def kind_of(service: Mapping[str, Any]) -> pool.Kind:
    """The stand-in that a service needs. Behind plain TCP whose TLS ends here there is HTTP too: it tells what reached it."""
    if service["tls"] == "passthrough":
        return "passed"
    if service["tls"] == "reencrypt":
        return "reencrypt-h2" if service.get("http2") == "h2" else "reencrypt"
    if service["protocol"] == "http" or service["tls"] == "edge":
        return "web"
    return "ssh" if service["protocol"] == "ssh" else "tcp"


def _inherits(listener: Mapping[str, Any]) -> bool:
    return any(str(bind).startswith("fd:") for bind in listener["bind"])


def _open() -> socket.socket:
    """A socket that HAProxy inherits."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(("127.0.0.1", 0))
    made.listen(128)
    return made


def _prepare(site: Site, binary: haproxy.Binary, stands: pool.Pool, folder: Path, opened: Mapping[str, socket.socket]) -> Running:
    kinds: dict[str, pool.Kind] = {name: kind_of(one) for name, one in site["services"].items()}
    servers = _servers(site, kinds, stands)
    names = [*site["listeners"], *site.get("admin", ())]
    ports = {name: opened[name].getsockname()[1] if name in opened else haproxy.free_port() for name in names}
    _write(site, servers, folder)
    variables = {f"PORT_{name}": str(port) for name, port in ports.items()} | {"DIR": str(folder)}
    variables |= {f"FD_{name}": str(one.fileno()) for name, one in opened.items()}
    variables |= {papers.variable(user): password for user, password in papers.PASSWORDS.items()}
    made = _compile(folder, variables, binary)
    for file in render.render_build(made).files:
        path = folder / "run" / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=file.mode)
        path.write_bytes(file.content)
    config = (folder / "run" / "haproxy.cfg").read_text()
    labels = {place: _said(site, *place).get("name", f"127.0.0.1:{server.port}") for place, server in servers.items()}
    return Running(explain.Explainer(made), made, ports, folder, servers, labels, kinds, config)


def _servers(site: Site, kinds: Mapping[str, pool.Kind], stands: pool.Pool) -> dict[tuple[str, int], standin.Server]:
    places = [(name, number) for name, one in site["services"].items() for number in range(len(one.get("servers", [{}])))]
    return {
        (name, number): stands.lend(kinds[name], lent, proxied="send_proxy" in site["services"][name])
        for lent, (name, number) in enumerate(places)
    }


def _said(site: Site, service: str, number: int) -> dict[str, Any]:
    """What the site says of a server, but for its address."""
    return site["services"][service].get("servers", [{}])[number]


def _write(site: Site, servers: Mapping[tuple[str, int], standin.Server], folder: Path) -> None:
    """The site file, or the two of a site that includes one, and what they name."""
    papers.write(folder)
    services: dict[str, Any] = {}
    for name, one in site["services"].items():
        mine = [{"address": f"127.0.0.1:{server.port}"} | _said(site, *place) for place, server in servers.items() if place[0] == name]
        services[name] = one | {"servers": mine}
    elsewhere = list(services)[::2] if site.get("include") else []
    here = {name: one for name, one in services.items() if name not in elsewhere}
    (folder / "site.yaml").write_text(text(site | {"services": here}))
    if elsewhere:
        (folder / "more.yaml").write_text(text({"services": {name: services[name] for name in elsewhere}}))


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
def _serving(binary: haproxy.Binary, folder: Path, inherited: Sequence[int]) -> Generator[None]:
    log = folder / "haproxy.log"
    variables = environment.for_haproxy({"HAPILOT_RUN": str(folder)})
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [binary.path, "-db", "-f", "haproxy.cfg"],
            cwd=folder / "run",
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            pass_fds=inherited,
        )
    try:
        if not haproxy.answers(folder / "runtime.sock", process):
            raise RuntimeError(f"HAProxy does not come up:\n{log.read_text()}")
        yield
    finally:
        process.kill()
        process.wait(10)
