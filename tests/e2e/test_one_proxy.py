"""The example one-proxy: ssh, redirects, and three TLS modes on 22, 80 and 443, from a folder of files."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from e2e import sshd, up
from support import certificates, client, client_http2, haproxy, ports, servers
from support.client import Request, Tls
from support.outcome import Outcome
from support.standin import Server

pytestmark = pytest.mark.haproxy

SITE = up.EXAMPLES / "one-proxy"
LISTENERS = ("ssh", "http", "https")
LISTENER_PORTS = ("SSH_PORT", "HTTP_PORT", "HTTPS_PORT")
GIT, PROMETHEUS, VAULT = "git.example.test", "prometheus.example.test", "vault.example.test"
CLIENT = "127.0.0.77"
PUBLIC, INTERNAL = "the CA of the wildcard certificate", "the CA of the house"
SHOWN_BY = {GIT: PUBLIC, PROMETHEUS: PUBLIC, VAULT: INTERNAL}
"""Whose certificate a client sees: the proxy's wildcard one where TLS ends there, the server's own where it does not."""


@dataclass(frozen=True, slots=True)
class Lab:
    """The example, running in front of its servers."""

    hapilot: up.Up
    servers: Mapping[str, Server]
    variables: Mapping[str, str]

    def port(self, name: str) -> int:
        """The port of the listener whose variable is ``name``."""
        return int(self.variables[name])

    def tls(self, host: str, *alpn: str) -> Tls:
        """TLS to a host; its certificate must be for it, and of the authority that is expected there."""
        return Tls(certificates.authority(SHOWN_BY[host]).client_context(alpn, check_hostname=True), host)

    def https(self, host: str, *, source: str = CLIENT, headers: tuple[tuple[str, str], ...] = ()) -> Outcome:
        """GET over TLS."""
        front = "::1" if ":" in source else "127.0.0.1"
        return client.get((front, self.port("HTTPS_PORT")), Request(host=host, headers=headers), tls=self.tls(host), source=source)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("one-proxy")


@pytest.fixture(scope="module")
def behind(stand: servers.Stand, folder: Path) -> dict[str, Server]:
    """The servers, by the variable that leads to each."""
    house = certificates.authority(INTERNAL)
    started = {
        "GIT_WEB": stand.https("git", house.issue(GIT)),
        "PROMETHEUS": stand.http("prometheus"),
        "VAULT": stand.https("vault", house.issue(VAULT), proxy="required"),
        "GIT_SSH": stand.tcp("git-ssh", "ssh"),
    }
    house.write(folder)
    certificates.authority(PUBLIC).issue("*.example.test").write(folder, "wildcard")
    return started


def _variables(behind: Mapping[str, Server], folder: Path) -> dict[str, str]:
    variables = {name: str(ports.free_port()) for name in LISTENER_PORTS}
    variables |= {name: f"127.0.0.1:{server.port}" for name, server in behind.items()}
    return variables | {"WILDCARD": str(folder / "wildcard.pem"), "INTERNAL_CA": str(folder / "ca.pem")}


@pytest.fixture(scope="module")
def lab(haproxy_path: Path, behind: Mapping[str, Server], folder: Path) -> Iterator[Lab]:
    variables = _variables(behind, folder)
    place = up.Place(haproxy_path, folder / haproxy_path.parent.name, variables)
    with up.running(SITE, place, *LISTENERS) as hapilot:
        hapilot.wait_for_health("prometheus", {variables["PROMETHEUS"]: "UP"})
        yield Lab(hapilot, behind, variables)


def test_three_tls_modes_on_one_port(lab: Lab) -> None:
    """Passed through, ended, encrypted anew: each client sees the right certificate, each server the right thing."""
    seen = {host: lab.https(host) for host in (GIT, PROMETHEUS, VAULT)}
    assert {host: outcome.standin for host, outcome in seen.items()} == {GIT: "git", PROMETHEUS: "prometheus", VAULT: "vault"}
    assert seen[VAULT].peer_names == (VAULT,)
    assert seen[GIT].peer_names == seen[PROMETHEUS].peer_names == ("*.example.test",)
    assert [seen[host].json()["tls"] is None for host in (GIT, PROMETHEUS, VAULT)] == [False, True, False]
    assert seen[GIT].json()["tls"]["sni"] == GIT


def _told(seen: dict[str, Any]) -> str:
    if seen["proxy"]:
        return str(seen["proxy"]["src"][0])
    return ", ".join(value for name, value in seen["headers"] if name.lower() == "x-forwarded-for")


@pytest.mark.parametrize("host", [GIT, PROMETHEUS, VAULT])
@pytest.mark.parametrize("source", [CLIENT, "::1"])
def test_every_server_learns_the_true_client(lab: Lab, host: str, source: str) -> None:
    """No server sees the address of the proxy's own inner layers, and none believes what the client says."""
    forged = (("X-Forwarded-For", "203.0.113.66"), ("Forwarded", "for=203.0.113.66"))
    outcome = lab.https(host, source=source, headers=forged if host != VAULT else ())
    assert _told(outcome.json()) == source


def test_vault_gets_proxy_version_2_in_front_of_tls(lab: Lab) -> None:
    """And no extra layer: the port in it is the client's own."""
    with client.connect(("127.0.0.1", lab.port("HTTPS_PORT")), source=CLIENT) as connection:
        assert connection.start_tls(lab.tls(VAULT)).ok
        proxy = connection.request(Request(host=VAULT)).json()["proxy"]
        assert (proxy["version"], proxy["src"]) == (2, list(connection.local))


@pytest.mark.parametrize("port", ["HTTP_PORT", "HTTPS_PORT"])
@pytest.mark.parametrize("host", [GIT, PROMETHEUS, VAULT])
def test_plain_http_is_redirected(lab: Lab, port: str, host: str) -> None:
    """On 80 and on 443, with method, path and query kept."""
    outcome = client.get(("127.0.0.1", lab.port(port)), Request("POST", "/a/b?c=d", host, body=b"x"))
    assert (outcome.status, outcome.header("location")) == (308, f"https://{host}:{lab.port('HTTPS_PORT')}/a/b?c=d")


def test_unknown_hosts_are_not_redirected(lab: Lab) -> None:
    assert client.get(("127.0.0.1", lab.port("HTTP_PORT")), Request(host="nowhere.example.test")).status == 404


def test_a_reused_connection_is_sent_away_from_the_passthrough_host(lab: Lab) -> None:
    """A browser that holds a connection for the wildcard certificate tries it for every name: 421 for vault, which it then
    reaches on a connection of its own; git is simply served."""
    address = ("127.0.0.1", lab.port("HTTPS_PORT"))
    before = lab.servers["VAULT"].request_count
    with client.connect(address) as connection:
        assert connection.start_tls(lab.tls(PROMETHEUS, "h2")).alpn == "h2"
        browser = client_http2.Http2(connection)
        hosts = (PROMETHEUS, VAULT, GIT, PROMETHEUS)
        outcomes = browser.requests([Request(host=host) for host in hosts])
        assert [(outcome.status, outcome.standin) for outcome in outcomes] == [
            (200, "prometheus"),
            (421, None),
            (200, "git"),
            (200, "prometheus"),
        ]
        assert lab.servers["VAULT"].request_count == before
        assert lab.https(VAULT).standin == "vault"
        assert browser.request(Request(host=GIT)).standin == "git"


@pytest.mark.parametrize("port", ["SSH_PORT", "HTTPS_PORT"])
def test_ssh_on_both_ports(lab: Lab, port: str) -> None:
    """A client that speaks at once, and one that waits for the server's greeting (on 443 for the sniff timeout)."""
    assert client.ssh(("127.0.0.1", lab.port(port))).standin == "git-ssh"
    assert client.silent(("127.0.0.1", lab.port(port)), 6.0).body == b"SSH-2.0-standin\r\n"


def test_a_new_file_is_a_new_service(lab: Lab, behind: Mapping[str, Server], folder: Path, tmp_path: Path) -> None:
    """The folder is watched: a file more is applied at once, a broken one is refused by name, and open connections stay."""
    site = Path(shutil.copytree(SITE, tmp_path / "site"))
    place = up.Place(lab.hapilot.place.haproxy, tmp_path / "up", _variables(behind, folder))
    port = int(place.variables["HTTPS_PORT"])
    wiki = Tls(certificates.authority(PUBLIC).client_context(check_hostname=True), "wiki.example.test")
    with up.running(site, place, *LISTENERS) as hapilot, client.connect(("127.0.0.1", port)) as held:
        assert held.start_tls(lab.tls(VAULT)).ok
        assert held.request(Request(host=VAULT)).standin == "vault"
        (site / "broken.yaml").write_text("services:\n  wiki: {hst: wiki.example.test}\n")
        hapilot.wait_for_message("broken.yaml:2")
        hapilot.wait_for_message("the former state serves on")
        assert client.get(("127.0.0.1", port), Request(host=VAULT), tls=lab.tls(VAULT)).standin == "vault"
        (site / "broken.yaml").unlink()
        (site / "wiki.yaml").write_text('services:\n  wiki: {host: wiki.example.test, servers: ["${PROMETHEUS}"]}\n')
        hapilot.wait_for_message("applied: generation 2")
        assert client.get(("127.0.0.1", port), Request(host="wiki.example.test"), tls=wiki).standin == "prometheus"
        assert held.request(Request(host=VAULT)).standin == "vault"


def test_curl_speaks_http2_to_every_host(lab: Lab, tmp_path: Path) -> None:
    """A client that is not ours, in one go, with both authorities in its trust store."""
    curl = haproxy.require("curl", "a client that is not ours")
    trusted = tmp_path / "cas.pem"
    trusted.write_bytes(b"".join(certificates.authority(name).pem for name in (PUBLIC, INTERNAL)))
    port = lab.port("HTTPS_PORT")
    names = [word for host in SHOWN_BY for word in ("--resolve", f"{host}:{port}:127.0.0.1")]
    urls = [f"https://{host}:{port}/" for host in SHOWN_BY]
    told = ["-w", "\\n%{http_version}\\n"]
    done = subprocess.run(
        [curl, "-sS", "--http2", "--cacert", trusted, *names, *told, *urls], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stderr
    answers = done.stdout.splitlines()
    assert [json.loads(line)["server"] for line in answers[0::2]] == ["git", "prometheus", "vault"]
    # Vault's own server here speaks HTTP/1.1 only; that is between it and the client.
    assert answers[1::2] == ["2", "2", "1.1"]


@pytest.fixture(scope="module")
def ssh_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sshd.Server]:
    with sshd.running(tmp_path_factory.mktemp("sshd") / "server") as server:
        yield server


@pytest.fixture(scope="module")
def ssh_lab(haproxy_path: Path, ssh_server: sshd.Server, behind: Mapping[str, Server], folder: Path) -> Iterator[Lab]:
    """The example in front of a real ssh server."""
    variables = {**_variables(behind, folder), "GIT_SSH": f"127.0.0.1:{ssh_server.port}"}
    place = up.Place(haproxy_path, folder / f"{haproxy_path.parent.name}-ssh", variables)
    with up.running(SITE, place, *LISTENERS) as hapilot:
        yield Lab(hapilot, behind, variables)


@pytest.mark.system
@pytest.mark.parametrize("port", ["SSH_PORT", "HTTPS_PORT"])
def test_git_clones_over_ssh(ssh_lab: Lab, ssh_server: sshd.Server, tmp_path: Path, port: str) -> None:
    """A real client and server, with the server's own host key; on the port of ssh and on that of TLS."""
    done = ssh_server.clone(ssh_lab.port(port), tmp_path / "project")
    assert done.returncode == 0, f"{done.stderr}\n{ssh_server.log}"
    assert (tmp_path / "project" / "README").read_text() == sshd.README


@pytest.mark.system
def test_ssh_carries_much_in_both_directions(ssh_lab: Lab, ssh_server: sshd.Server) -> None:
    """Ten megabytes through 443 while TLS clients come and go on the same port."""
    command = [*ssh_server.ssh(ssh_lab.port("HTTPS_PORT")), "127.0.0.1", "cat"]
    sent = bytes(range(256)) * 40_000
    done = threading.Event()
    outcomes: list[str | None] = []

    def visit() -> None:
        while not done.is_set():
            outcomes.append(ssh_lab.https(VAULT).standin)

    visitor = threading.Thread(target=visit)
    visitor.start()
    with contextlib.ExitStack() as after:
        after.callback(visitor.join)
        after.callback(done.set)
        received = subprocess.run(command, input=sent, capture_output=True, timeout=60, check=False)
    assert received.returncode == 0, received.stderr
    assert received.stdout == sent
    assert set(outcomes) == {"vault"}


@pytest.mark.system
def test_status_counts_the_ssh_sessions(ssh_lab: Lab, ssh_server: sshd.Server) -> None:
    """A session that is open is seen under its service."""
    command = [*ssh_server.ssh(ssh_lab.port("SSH_PORT")), "127.0.0.1", "echo in; cat"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as session:
        assert session.stdout is not None
        assert session.stdout.readline() == b"in\n", ssh_server.log
        (git,) = [one for one in ssh_lab.hapilot.status()["services"] if one["name"] == "git-ssh"]
        assert git["sessions"] >= 1
        session.communicate(timeout=10)
