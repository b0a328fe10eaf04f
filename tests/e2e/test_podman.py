"""``hapilot export podman`` for the example one-proxy: the image is built, the site served, by the very lines that were exported.

One test, for the image takes a minute to make: what it proves is in the functions that it calls.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import json
import os
import shlex
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from e2e import podman, quadlet, up
from hapilot import __version__
from hapilot.export import container
from support import certificates, client, ports, servers
from support.client import Request, Tls
from support.outcome import Outcome

GIT, PROMETHEUS, VAULT, WIKI = (f"{name}.example.test" for name in ("git", "prometheus", "vault", "wiki"))
PUBLIC, HOUSE = "the CA of the wildcard certificate", "the CA of the house"
CLIENT = "127.0.0.77"
LISTENER_PORTS = ("SSH_PORT", "HTTP_PORT", "HTTPS_PORT")
NAME, IMAGE, BASE = "hapilot-one-proxy", "localhost/hapilot:tested", "localhost/base:tested"
NET_BIND_SERVICE = 1 << 10
"""capabilities(7)."""


@dataclass(frozen=True, slots=True)
class Lab:
    """A podman, the example's own folder, and what points it at stand-ins."""

    podman: podman.Podman
    site: Path
    variables: dict[str, str]

    @property
    def out(self) -> Path:
        """Where the export goes; also what the image is built from."""
        return self.podman.folder / "out"

    def export(self, *options: str | Path) -> dict[str, Any]:
        """``hapilot export podman --json``."""
        command = [str(up.HAPILOT), "export", "podman", str(self.site), "--image", IMAGE, "--json", *map(str, options)]
        environment = {**self.podman.environment(), **self.variables}
        return json.loads(podman.call(command, environment))

    def wait_for_log(self, text: str, times: int = 1) -> None:
        """Wait until the container has said ``text``."""
        up.wait_until(lambda: self.podman.logs(NAME).count(text) >= times, lambda: f"{text!r} is not in:\n{self.podman.logs(NAME)}")

    def address(self, port: str) -> tuple[str, int]:
        """A listener, from outside of the container."""
        return "127.0.0.1", int(self.variables[port])

    def https(self, host: str) -> Outcome:
        """GET over TLS; the certificate must be for the host, and of the authority that is expected there."""
        return client.get(self.address("HTTPS_PORT"), Request(host=host), tls=_tls(host), source=CLIENT)


def _tls(host: str) -> Tls:
    return Tls(certificates.authority(HOUSE if host == VAULT else PUBLIC).client_context(check_hostname=True), host)


@pytest.mark.haproxy
@pytest.mark.system
@pytest.mark.timeout(400)
def test_the_exported_site_serves_from_a_container() -> None:
    variables: dict[str, str] = {}
    with servers.Stand() as stand, podman.own(variables) as own:
        lab = Lab(own, up.copy("one-proxy", own.folder), variables)
        variables |= _stand_ins(stand) | {name: str(ports.free_port()) for name in LISTENER_PORTS}
        _write_certificates(lab.site / "certs")
        with concurrent.futures.ThreadPoolExecutor() as pool:
            base = pool.submit(podman.base_image, own, BASE)
            wheels = pool.submit(podman.wheels, own, lab.out / "wheels")
            generator = pool.submit(quadlet.generator, own.folder)
            _files_become_readable_by_what_the_hints_say(lab)
            base.result()
            wheels.result()
        _image_is_built_without_a_network(lab)
        _the_exported_command_serves(lab)
        _the_exported_unit_serves(lab, generator.result())


def _stand_ins(stand: servers.Stand) -> dict[str, str]:
    house = certificates.authority(HOUSE)
    started = {
        "GIT_WEB": stand.https("git", house.issue(GIT)),
        "PROMETHEUS": stand.http("prometheus"),
        "VAULT": stand.https("vault", house.issue(VAULT), proxy="required"),
        "GIT_SSH": stand.tcp("git-ssh", "ssh"),
    }
    return {name: f"127.0.0.1:{server.port}" for name, server in started.items()}


def _write_certificates(folder: Path) -> None:
    """At the places that the example names, for nobody but root."""
    folder.mkdir(mode=0o700)
    certificates.authority(PUBLIC).issue("*.example.test").write(folder, "wildcard")
    shutil.move(certificates.authority(HOUSE).write(folder), folder / "internal-ca.pem")
    for path in folder.iterdir():
        path.chmod(0o600)


def _files_become_readable_by_what_the_hints_say(lab: Lab) -> None:
    """What the export warns of is true, and its hints are commands that mend it."""
    found = [one for one in lab.export()["diagnostics"] if one["code"].startswith("container-")]
    unreadable = {Path(shlex.split(one["hint"])[2]).name for one in found}
    assert {one["code"] for one in found} == {"container-unreadable"}
    assert unreadable >= {"certs", "wildcard.pem", "internal-ca.pem"}
    for one in found:
        podman.call(["/bin/sh", "-c", one["hint"]], os.environ)
    exported = lab.export("-o", lab.out)
    assert [one for one in exported["diagnostics"] if one["code"].startswith("container-")] == []
    assert exported["capabilities"] == []


def _image_is_built_without_a_network(lab: Lab) -> None:
    arguments = ("--network=none", f"--build-arg=BASE={BASE}", f"--build-arg=VERSION={__version__}", "--build-arg=PIP_OPTIONS=--no-index")
    lab.podman.run("build", "--quiet", *arguments, f"--tag={IMAGE}", lab.out, seconds=240)
    assert lab.podman.run("run", "--rm", "--read-only", "--cap-drop=all", "--network=none", IMAGE, "version") == f"hapilot {__version__}\n"
    configured = json.loads(lab.podman.run("inspect", IMAGE))[0]["Config"]
    assert (configured["User"], configured["Entrypoint"]) == (f"{container.USER}:{container.USER}", ["hapilot"])
    # Without anything that serves, the health check fails.
    assert lab.podman.attempt("run", "--rm", "--network=none", "--entrypoint=/bin/sh", IMAGE, "-c", "hapilot status").returncode == 1


def _the_exported_command_serves(lab: Lab) -> None:
    """Ports above 1023: no right at all is left."""
    podman.call([str(lab.out / f"{NAME}.sh")], {**lab.podman.environment(), **lab.variables})
    lab.wait_for_log("ready https ")
    _every_mode_serves(lab)
    _processes_have(lab, capabilities=0)
    _nothing_can_be_written(lab)
    lab.podman.run("healthcheck", "run", NAME)
    _a_new_file_is_served(lab)
    _connections_may_finish(lab, ["podman", "stop", NAME])
    assert lab.podman.inspect(NAME)["State"]["ExitCode"] == 0
    assert "ended" in lab.podman.logs(NAME).splitlines()
    # The state outlives the container's processes, and nothing in it confuses the next ones.
    lab.podman.run("start", NAME)
    lab.wait_for_log("ready https ", times=2)
    assert lab.https(PROMETHEUS).standin == "prometheus"
    lab.podman.run("rm", "--force", NAME)


def _every_mode_serves(lab: Lab) -> None:
    """Each TLS mode, ssh and the redirects, with the client's own address: the network is the host's."""
    seen = {host: lab.https(host) for host in (GIT, PROMETHEUS, VAULT)}
    assert {host: outcome.standin for host, outcome in seen.items()} == {GIT: "git", PROMETHEUS: "prometheus", VAULT: "vault"}
    assert seen[VAULT].peer_names == (VAULT,)
    assert seen[GIT].peer_names == seen[PROMETHEUS].peer_names == ("*.example.test",)
    assert seen[VAULT].json()["proxy"]["src"][0] == CLIENT
    assert [value for name, value in seen[GIT].json()["headers"] if name.lower() == "x-forwarded-for"] == [CLIENT]
    for port in ("SSH_PORT", "HTTPS_PORT"):
        assert client.ssh(lab.address(port)).standin == "git-ssh"
    for port in ("HTTP_PORT", "HTTPS_PORT"):
        redirected = client.get(lab.address(port), Request(host=GIT))
        assert (redirected.status, redirected.header("location")) == (308, f"https://{GIT}:{lab.variables['HTTPS_PORT']}/")


def _processes_have(lab: Lab, *, capabilities: int) -> None:
    """hapilot, HAProxy's master and its worker: nobody is root, and nobody can become it."""
    pids = lab.podman.run("top", NAME, "hpid").split()[1:]
    assert len(pids) == 3
    for pid in pids:
        fields = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)
        assert set(fields["Uid"].split()) | set(fields["Gid"].split()) == {str(container.USER)}
        assert {int(fields[name], 16) for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb")} == {capabilities}
        assert fields["NoNewPrivs"].strip() == "1"


def _nothing_can_be_written(lab: Lab) -> None:
    """But for the state and /tmp, where nothing can be run."""
    for path in ("/x", "/etc/x", "/opt/hapilot/x", f"{lab.site}/x"):
        refused = lab.podman.attempt("exec", "--user=0", NAME, "touch", path)
        assert "Read-only file system" in refused.stderr, f"{path}: {refused}"
    lab.podman.run("exec", NAME, "touch", "/var/lib/hapilot/x", "/tmp/x")
    lab.podman.run("exec", NAME, "rm", "/var/lib/hapilot/x")
    program = lab.podman.attempt("exec", NAME, "sh", "-c", "cp /bin/true /tmp/t && /tmp/t")
    assert "Permission denied" in program.stderr


def _a_new_file_is_served(lab: Lab) -> None:
    """The site's folder is watched through the mount, and the unit's ExecReload does no harm."""
    (lab.site / "wiki.yaml").write_text(f"services:\n  wiki: {{host: {WIKI}, servers: ['{lab.variables['PROMETHEUS']}']}}\n")
    lab.wait_for_log("applied: generation 2")
    assert lab.https(WIKI).standin == "prometheus"
    lab.podman.run("kill", "--signal=HUP", NAME)
    lab.wait_for_log("applied: nothing to change")
    (lab.site / "wiki.yaml").unlink()
    lab.wait_for_log("applied: generation 3")


def _connections_may_finish(lab: Lab, stop: list[str]) -> None:
    """While it stops nobody gets in, and who is in goes on until he leaves."""
    with client.connect(lab.address("HTTPS_PORT"), source=CLIENT) as held:
        assert held.start_tls(_tls(VAULT)).ok
        assert held.request(Request(host=VAULT)).standin == "vault"
        stopping = subprocess.Popen(stop, env=lab.podman.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        up.wait_until(lambda: _refused(lab.address("HTTPS_PORT")), lambda: "it still accepts connections")
        time.sleep(1.0)
        assert held.request(Request(host=VAULT)).standin == "vault"
        assert stopping.poll() is None
    _, said = stopping.communicate(timeout=20)
    assert stopping.returncode == 0, said


def _refused(address: tuple[str, int]) -> bool:
    try:
        socket.create_connection(address, timeout=1).close()
    except ConnectionRefusedError:
        return True
    return False


def _the_exported_unit_serves(lab: Lab, generator: Path) -> None:
    """What podman's generator makes of the unit is run as systemd would run it; now with a port that needs a right."""
    lab.variables["HTTPS_PORT"] = str(_free_low_port())
    assert lab.export("-o", lab.out)["capabilities"] == ["NET_BIND_SERVICE"]
    units = lab.podman.folder / "units"
    units.mkdir()
    for kind in ("container", "env"):
        shutil.copy(lab.out / f"{NAME}.{kind}", units)
    _fill_in(units / f"{NAME}.env", lab.variables)
    generated = quadlet.generate(generator, units)
    assert generated.code == 0, generated.complaints
    specifiers = {"%t": str(lab.podman.folder), "%N": NAME}
    # The group of systemd's service; here is no systemd.
    start = [word for word in generated.command("ExecStart", specifiers) if word != "--cgroups=split"]
    with _notified(lab.podman.folder / "notify") as heard:
        podman.call(start, {**lab.podman.environment(), "NOTIFY_SOCKET": str(lab.podman.folder / "notify")})
        up.wait_until(lambda: "READY=1" in heard, lambda: f"systemd was not told: {heard}\n{lab.podman.logs(NAME)}")
    _every_mode_serves(lab)
    _processes_have(lab, capabilities=NET_BIND_SERVICE)
    _connections_may_finish(lab, generated.command("ExecStop", specifiers))
    assert lab.podman.run("ps", "--all", "--quiet") == ""
    assert lab.podman.run("volume", "ls", "--quiet").split() == [f"{NAME}-state"]
    _a_wrong_key_is_refused(units, generator)


def _fill_in(path: Path, variables: Mapping[str, str]) -> None:
    """As its reader would: each line that has a value loses its #."""
    lines = [line.removeprefix("#") for line in path.read_text().splitlines()]
    names = {line.removesuffix("=") for line in lines if line.endswith("=")}
    assert names >= set(variables)
    path.write_text("".join(f"{name}={value}\n" for name, value in variables.items()))


def _a_wrong_key_is_refused(units: Path, generator: Path) -> None:
    """So that the generator's silence means something."""
    unit = units / f"{NAME}.container"
    unit.write_text(unit.read_text().replace("ReadOnly=", "ReadOnyl="))
    assert "ReadOnyl" in quadlet.generate(generator, units).complaints


def _free_low_port() -> int:
    """A port that only root or a capability opens."""
    for port in range(1023, 600, -1):
        with contextlib.suppress(OSError), socket.socket(socket.AF_INET6) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(("::", port))
            return port
    raise OSError("no free port below 1024")


@contextlib.contextmanager
def _notified(path: Path) -> Generator[list[str]]:
    """Listens as systemd would; what it hears, line by line."""
    heard: list[str] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(path))
        path.chmod(0o777)

        def listen() -> None:
            while said := listening.recv(4096):
                heard.extend(said.decode().splitlines())

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        yield heard
        # An empty datagram ends the listener.
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ending:
            ending.sendto(b"", str(path))
        thread.join(10)
