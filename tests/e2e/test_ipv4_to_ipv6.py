"""The example ipv4-to-ipv6: an IPv4-only client, two IPv6-only clusters, and hapilot with a foot in either network.

Each is a network namespace, so the example runs as it is, with its own addresses and ports.
"""

from __future__ import annotations

import base64
import contextlib
import json
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from e2e import up
from support import certificates, client, clienthello, haproxy, netns
from support.client import Request, Tls
from support.outcome import Outcome

pytestmark = [pytest.mark.haproxy, pytest.mark.system]

SITE = up.EXAMPLES / "ipv4-to-ipv6" / "hapilot.yaml"
LISTENERS = ("http", "https", "api")
PASSWORD = "only for this test"
MASTERS = ("2620:52:0:1305::100", "2620:52:0:1305::101", "2620:52:0:1305::102")
NEIGHBOUR = "2620:52:0:1306::100"
CLIENTS = 12
OURS = ("2620:52:0:1305::1", "2620:52:0:1306::1")


class Master:
    """A machine of a cluster: API, routers with TLS and without, all gone when it dies."""

    def __init__(self, host: netns.Host, cluster: str, address: str, folder: Path) -> None:
        self._host = host
        self._specs = _specs(cluster, address, folder)
        self._life = contextlib.ExitStack()

    def start(self) -> None:
        """Come to life."""
        self._life.enter_context(self._host.stand(self._specs))

    def stop(self) -> None:
        """Die: connections are cut and refused."""
        self._life.close()


def _specs(cluster: str, address: str, folder: Path) -> list[dict[str, Any]]:
    authority = certificates.authority(cluster)
    api = authority.issue(f"api.{cluster}.example.test").write(folder, f"{cluster}-api")
    apps = authority.issue(f"*.apps.{cluster}.example.test").write(folder, f"{cluster}-apps")
    proxy = "required" if cluster == "cluster1" else "never"

    def one(name: str, port: int, proxied: str, files: certificates.Files | None) -> dict[str, Any]:
        spec = {"kind": "http", "name": f"{cluster}-{name}", "address": address, "port": port, "proxy": proxied}
        tls = {"certificate": str(files.certificate), "key": str(files.key), "alpn": ["http/1.1"]} if files else None
        return {**spec, "tls": tls} if tls else spec

    return [one("api", 6443, "never", api), one("apps", 443, proxy, apps), one("http", 80, proxy, None)]


@dataclass(frozen=True, slots=True)
class Lab:
    """The networks, and the example running between them."""

    front: str
    client: netns.Host
    clients: tuple[str, ...]
    masters: Mapping[str, Master]
    machines: Mapping[str, netns.Host]
    place: up.Place
    hapilot: up.Up

    def https(self, host: str, port: int = 443, *, source: str | None = None, how: Tls | None = None) -> Outcome:
        """GET over TLS from the client's network; the certificate must be the cluster's own, for the host."""
        cluster = next((name for name in ("cluster0", "cluster1") if name in host), "cluster0")
        tls = how or Tls(certificates.authority(cluster).client_context(check_hostname=True), host)
        return self.client.call(lambda: client.get((self.front, port), Request(host=host), tls=tls, source=source))

    def http(self, host: str, port: int = 80, target: str = "/", headers: tuple[tuple[str, str], ...] = ()) -> Outcome:
        """GET in clear text from the client's network."""
        request = Request(host=host, target=target, headers=headers)
        return self.client.call(lambda: client.get((self.front, port), request, source=self.clients[0]))


@pytest.fixture(scope="module")
def lab(haproxy_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("lab")
    with netns.Namespaces() as made, contextlib.ExitStack() as life:
        office, network0 = made.switch("office", "10.77.0.0/24"), made.switch("cluster0", "2620:52:0:1305::/64")
        network1 = made.switch("cluster1", "2620:52:0:1306::/64")
        front, visitor = made.host("front"), made.host("client", "ipv4")
        address = office.plug(front, 1).ipv4
        network0.plug(front, 1)
        network1.plug(front, 1)
        first = office.plug(visitor).ipv4
        clients = (first, *(f"10.77.0.{100 + number}" for number in range(CLIENTS - 1)))
        for extra in clients[1:]:
            visitor.run("ip", "address", "add", f"{extra}/24", "dev", "eth0")
        machines: dict[str, netns.Host] = {}
        masters: dict[str, Master] = {}
        for number, own in enumerate((*MASTERS, NEIGHBOUR)):
            cluster, network = ("cluster1", network1) if own == NEIGHBOUR else ("cluster0", network0)
            machine = machines[own] = made.host(f"master{number}", "ipv6")
            network.plug(machine, int(own.rpartition(":")[2], 16))
            masters[own] = Master(machine, cluster, own, folder)
            masters[own].start()
            life.callback(masters[own].stop)
        place = up.Place(haproxy_path, folder, {"STATS_PASSWORD": PASSWORD}, front)
        with up.running(SITE, place, *LISTENERS) as hapilot:
            yield Lab(address, visitor, clients, masters, machines, place, hapilot)


def test_the_networks_have_nothing_in_common(lab: Lab) -> None:
    """The test is worth nothing if the client could reach a master by itself."""
    direct = lab.client.call(lambda: client.get((MASTERS[0], 6443)))
    assert direct.kind == "unreachable"
    assert "inet " not in lab.machines[MASTERS[0]].run("ip", "-4", "address")


@pytest.mark.parametrize("cluster", ["cluster0", "cluster1"])
def test_the_name_says_which_cluster(lab: Lab, cluster: str) -> None:
    """On 443 and 6443 by SNI, on 80 by the Host header; TLS is the cluster's own from end to end."""
    assert lab.https(f"api.{cluster}.example.test", 6443).standin == f"{cluster}-api"
    assert lab.https(f"console.apps.{cluster}.example.test").standin == f"{cluster}-apps"
    assert lab.http(f"console.apps.{cluster}.example.test").standin == f"{cluster}-http"


@pytest.mark.parametrize("host", ["somewhere.example.test", "apixcluster0.example.test", "api.cluster0.example.test.evil.test", None])
def test_other_names_lead_nowhere(lab: Lab, host: str | None) -> None:
    """Names are compared whole, and dots are dots; no cluster is the default."""
    how = Tls(certificates.trusting_nobody(), host)
    for port in (443, 6443):
        assert lab.https(host or "", port, how=how).kind in ("closed", "reset")
    assert lab.http(host or "nobody.test").status == 404


def test_a_hello_in_many_segments_is_waited_for(lab: Lab) -> None:
    """The name is in the last of them; nothing is decided before it has come."""
    host = "api.cluster1.example.test"
    context = certificates.authority("cluster1").client_context(check_hostname=True)
    for segments, records in ((20, ()), ((5, 60), (40,))):
        assert lab.https(host, 6443, how=Tls(context, host, records, segments)).standin == "cluster1-api", (segments, records)


def test_a_hello_that_never_ends_is_refused(lab: Lab) -> None:
    """After the sniff timeout, without a look at any master."""
    flight = clienthello.build(clienthello.Hello("api.cluster0.example.test"))
    outcome = lab.client.call(lambda: client.raw_hello((lab.front, 6443), flight[:-10]))
    assert outcome.kind in ("closed", "reset")


def test_a_master_sees_ipv6(lab: Lab) -> None:
    """Without a PROXY header, TLS that is passed through comes from our IPv6 address."""
    for host, port in (("api.cluster0.example.test", 6443), ("console.apps.cluster0.example.test", 443)):
        seen = lab.https(host, port).json()
        assert (seen["peer"][0], seen["proxy"]) == (OURS[0], None)


def test_a_proxy_header_brings_the_ipv4_client(lab: Lab) -> None:
    """The routers of cluster1 ask for it, and see who it is although there is no IPv4 where they are."""
    for outcome in (
        lab.https("console.apps.cluster1.example.test", source=lab.clients[0]),
        lab.http("console.apps.cluster1.example.test"),
    ):
        seen = outcome.json()
        assert (seen["peer"][0], seen["proxy"]["src"][0], seen["proxy"]["dst"][0]) == (OURS[1], lab.clients[0], lab.front)


def test_plain_http_names_the_client(lab: Lab) -> None:
    """With the true address in X-Forwarded-For, whatever the client says."""
    outcome = lab.http("console.apps.cluster0.example.test", headers=(("X-Forwarded-For", "203.0.113.66"),))
    assert [value for name, value in outcome.json()["headers"] if name.lower() == "x-forwarded-for"] == [lab.clients[0]]


def _master_of(lab: Lab, source: str) -> str:
    return str(lab.https("api.cluster0.example.test", 6443, source=source).json()["local"][0])


def test_a_client_keeps_its_master(lab: Lab) -> None:
    """On every port, and not all clients have the same one."""
    used: set[str] = set()
    for source in lab.clients:
        found = {_master_of(lab, source) for _ in range(3)}
        assert len(found) == 1, source
        used |= found
    assert len(used) > 1


def test_a_dead_masters_clients_move_and_come_back(lab: Lab) -> None:
    """At once, before any health check has failed; only they move; and they return when it has."""
    before = {source: _master_of(lab, source) for source in lab.clients}
    dead = before[lab.clients[0]]
    lab.masters[dead].stop()
    try:
        assert lab.https("api.cluster0.example.test", 6443, source=lab.clients[0]).status == 200
        lab.hapilot.wait_for_health("cluster0-api", {f"{dead}:6443": "DOWN"})
        after = {source: _master_of(lab, source) for source in lab.clients}
        assert dead not in after.values()
        assert {source: own for source, own in before.items() if own != dead}.items() <= after.items()
    finally:
        lab.masters[dead].start()
    for service, port in (("cluster0-api", 6443), ("cluster0-apps", 443), ("cluster0-http", 80)):
        lab.hapilot.wait_for_health(service, {f"{dead}:{port}": "UP"})
    assert {source: _master_of(lab, source) for source in lab.clients} == before


def test_the_statistics_page_wants_a_password(lab: Lab) -> None:
    """401 without and with a wrong one, the page with the right one, on the client's side too."""

    def basic(user: str, password: str) -> tuple[tuple[str, str], ...]:
        return (("Authorization", "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()),)

    assert lab.http("any", 50000, "/stats").status == 401
    for user, password in (("admin", "password"), ("admin", ""), ("root", PASSWORD)):
        assert lab.http("any", 50000, "/stats", basic(user, password)).status == 401
    page = lab.http("any", 50000, "/stats", basic("admin", PASSWORD))
    assert (page.status, b"cluster0-api" in page.body) == (200, True)


def test_it_runs_without_hapilot(lab: Lab, tmp_path: Path) -> None:
    """The rendered files in a network of their own: HAProxy serves the page and refuses strangers; no master is there."""
    rendered = lab.place.run("render", SITE, "-o", tmp_path / "out")
    assert rendered.returncode == 0, rendered.stderr
    run = tmp_path / "run"
    run.mkdir(mode=0o700)
    with netns.Namespaces() as made:
        alone = made.host("alone")
        log = tmp_path / "haproxy.log"
        alone.start("env", "-C", tmp_path / "out", f"HAPILOT_RUN={run}", lab.place.haproxy, "-db", "-f", "haproxy.cfg", log=log)

        def stats() -> Outcome:
            return alone.call(lambda: client.get(("127.0.0.1", 50000), Request(target="/stats")))

        def named(port: int) -> Outcome:
            how = Tls(certificates.trusting_nobody(), "nobody.test")
            return alone.call(lambda: client.get(("127.0.0.1", port), tls=how))

        up.wait_until(lambda: stats().status == 401, log.read_text)
        assert {named(port).kind for port in (443, 6443)} <= {"closed", "reset"}


def test_the_password_is_in_no_file(lab: Lab) -> None:
    """Only its hash is; and status does not say it either."""
    for path in lab.place.state.rglob("*"):
        if path.is_file():
            assert PASSWORD.encode() not in path.read_bytes(), path
    assert PASSWORD not in json.dumps(lab.hapilot.status())


def test_curl_reaches_a_cluster_as_the_page_says(lab: Lab) -> None:
    """A real client."""
    haproxy.require("curl", "a client that is not ours")
    host = "console.apps.cluster0.example.test"
    done = subprocess.run(
        lab.client.command("curl", "-skS", "--resolve", f"{host}:443:{lab.front}", f"https://{host}/"),
        capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["server"] == "cluster0-apps"
