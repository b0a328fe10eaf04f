"""The example openshift-reencrypt: three addresses; API and OAuth passed through, applications re-encrypted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from e2e import up
from support import certificates, client, ports, servers
from support.client import Request, Tls
from support.outcome import Outcome
from support.standin import Server, Spec

pytestmark = pytest.mark.haproxy

SITE = up.EXAMPLES / "openshift-reencrypt" / "hapilot.yaml"
LISTENERS = ("api", "oauth", "apps", "apps-http")
API_VIP, OAUTH_VIP, APPS_VIP = "127.16.0.1", "127.16.0.2", "127.16.0.3"
CLIENT = "127.0.0.77"
API, OAUTH, SHOP = "api.ocp.example.test", "oauth-openshift.apps.ocp.example.test", "shop.apps.ocp.example.test"
APPS = "*.apps.ocp.example.test"

FORGED = (
    ("X-Forwarded-For", "203.0.113.66"),
    ("X-Forwarded-Proto", "gopher"),
    ("X-Real-IP", "203.0.113.66"),
    ("Forwarded", "for=203.0.113.66;proto=gopher"),
)

PUBLIC = "the CA of the public certificate"
INGRESS = "the CA of the cluster's routers"
MASTERS = "the CA of the cluster's API"


@dataclass(frozen=True, slots=True)
class Cluster:
    """Stand-ins for a cluster, and the site's variables that lead to it. The three of a kind share a port, as theirs do."""

    masters: Mapping[str, Server]
    routers: Mapping[str, Server]
    plain: Mapping[str, Server]
    variables: Mapping[str, str]

    @property
    def seen(self) -> int:
        """How many requests any router has seen."""
        return sum(server.request_count for server in (*self.routers.values(), *self.plain.values()))


@dataclass(frozen=True, slots=True)
class Lab:
    """The example, running in front of a cluster."""

    hapilot: up.Up
    cluster: Cluster

    def https(self, vip: str, host: str, *, trusts: str, headers: tuple[tuple[str, str], ...] = (), target: str = "/") -> Outcome:
        """GET over TLS; the certificate must be of the authority called ``trusts`` and for the host."""
        context = certificates.authority(trusts).client_context(check_hostname=True)
        port = int(self.cluster.variables["API_PORT" if vip == API_VIP else "HTTPS_PORT"])
        return client.get((vip, port), Request(host=host, headers=headers, target=target), tls=Tls(context, host), source=CLIENT)

    def http(self, host: str, headers: tuple[tuple[str, str], ...] = ()) -> Outcome:
        """GET in clear text from the address of the applications."""
        address = (APPS_VIP, int(self.cluster.variables["HTTP_PORT"]))
        return client.get(address, Request(host=host, headers=headers), source=CLIENT)


def _cluster(stand: servers.Stand, folder: Path, network: str, leaves: tuple[certificates.Leaf, ...]) -> Cluster:
    """Masters, and routers with these certificates, in 127.16.NETWORK.0/24."""
    numbers = {name: ports.free_port() for name in ("API_PORT", "HTTPS_PORT", "HTTP_PORT")}
    master = certificates.authority(MASTERS).issue(API).server_context(("http/1.1",))
    masters: dict[str, Server] = {}
    routers: dict[str, Server] = {}
    plain: dict[str, Server] = {}
    variables = {name: str(port) for name, port in numbers.items()}
    for index, leaf in enumerate(leaves, start=1):
        address = f"127.16.{network}.{index}"
        masters[address] = stand.start(Spec("http", f"master{index}", address, numbers["API_PORT"], "never", master))
        tls = leaf.server_context(("http/1.1",))
        routers[address] = stand.start(Spec("http", f"infra{index}", address, numbers["HTTPS_PORT"], "never", tls))
        plain[address] = stand.http(f"infra{index}", address, port=numbers["HTTP_PORT"])
        variables |= {f"MASTER{index}": address, f"INFRA{index}": address}
    shown = certificates.authority(PUBLIC).issue(APPS).write(folder, "apps")
    variables |= {"API_VIP": API_VIP, "OAUTH_VIP": OAUTH_VIP, "APPS_VIP": APPS_VIP}
    variables |= {"APPS_CERTIFICATE": str(shown.combined), "INGRESS_CA": str(certificates.authority(INGRESS).write(folder))}
    return Cluster(masters, routers, plain, variables)


@pytest.fixture(scope="module")
def lab(haproxy_path: Path, stand: servers.Stand, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("openshift")
    good = certificates.authority(INGRESS).issue(APPS)
    cluster = _cluster(stand, folder, "1", (good, good, good))
    with up.running(SITE, up.Place(haproxy_path, folder, cluster.variables), *LISTENERS) as hapilot:
        yield Lab(hapilot, cluster)
    for server in (*cluster.masters.values(), *cluster.routers.values(), *cluster.plain.values()):
        server.stop()


@pytest.fixture(scope="module")
def false_lab(haproxy_path: Path, stand: servers.Stand, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The same in front of routers that are not who they should be: another CA, another name, out of date."""
    folder = tmp_path_factory.mktemp("false")
    leaves = (
        certificates.authority("somebody else").issue(APPS),
        certificates.authority(INGRESS).issue("*.apps.other.example.test"),
        certificates.authority(INGRESS).issue(APPS, validity="expired"),
    )
    cluster = _cluster(stand, folder, "2", leaves)
    with up.running(SITE, up.Place(haproxy_path, folder, cluster.variables), *LISTENERS) as hapilot:
        yield Lab(hapilot, cluster)
    for server in (*cluster.masters.values(), *cluster.routers.values(), *cluster.plain.values()):
        server.stop()


def test_the_api_is_passed_through(lab: Lab) -> None:
    """The client speaks TLS with a master, not with us."""
    outcome = lab.https(API_VIP, API, trusts=MASTERS)
    assert (outcome.status, outcome.peer_names) == (200, (API,))
    assert str(outcome.standin).startswith("master")


def test_the_api_needs_no_name(lab: Lab) -> None:
    """Tools that connect by address send no SNI; this port is the API's alone."""
    address = (API_VIP, int(lab.cluster.variables["API_PORT"]))
    assert str(client.get(address, tls=Tls(certificates.trusting_nobody())).standin).startswith("master")


def test_oauth_is_passed_through(lab: Lab) -> None:
    """On its own address, with the routers' certificate; headers are as the client sent them."""
    outcome = lab.https(OAUTH_VIP, OAUTH, trusts=INGRESS, headers=FORGED)
    assert outcome.status == 200
    assert list(FORGED[0]) in outcome.json()["headers"]


def test_only_oauth_is_on_its_address(lab: Lab) -> None:
    assert lab.https(OAUTH_VIP, SHOP, trusts=INGRESS).kind in ("closed", "reset")


def test_applications_are_decrypted_and_encrypted_anew(lab: Lab) -> None:
    """The client sees the public certificate; the router sees TLS with the application's name as SNI."""
    outcome = lab.https(APPS_VIP, SHOP, trusts=PUBLIC, target="/cart?id=1")
    seen = outcome.json()
    assert (outcome.status, seen["target"], seen["tls"]["sni"]) == (200, "/cart?id=1", SHOP)
    assert str(outcome.standin).startswith("infra")


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_a_router_is_told_the_true_client(lab: Lab, scheme: str) -> None:
    """What the client says of itself reaches nobody, in TLS and in clear text."""
    outcome = lab.https(APPS_VIP, SHOP, trusts=PUBLIC, headers=FORGED) if scheme == "https" else lab.http(SHOP, FORGED)
    assert outcome.status == 200, outcome
    headers = [(name.lower(), value) for name, value in outcome.json()["headers"]]
    told = {name: [value for key, value in headers if key == name] for name, _ in headers}
    assert told["x-forwarded-for"] == [CLIENT]
    assert told["x-forwarded-proto"] == [scheme]
    assert "203.0.113.66" not in str(headers)
    assert "gopher" not in str(headers)
    assert not {"x-real-ip", "forwarded"} & told.keys()


def test_plain_http_is_served_on_the_third_address(lab: Lab) -> None:
    """Clear text goes on in clear text, as routes without TLS need it; OAuth has none."""
    assert lab.http(SHOP).json()["tls"] is None
    assert lab.http("nowhere.example.test").status == 404


def test_a_client_keeps_its_router(lab: Lab) -> None:
    assert len({lab.https(APPS_VIP, SHOP, trusts=PUBLIC).standin for _ in range(10)}) == 1


def test_a_router_that_fails_is_replaced_by_another(lab: Lab) -> None:
    """And takes its clients back."""
    usual = lab.https(APPS_VIP, SHOP, trusts=PUBLIC).json()["local"][0]
    server, name = lab.cluster.routers[usual], f"{usual}:{lab.cluster.variables['HTTPS_PORT']}"
    server.stop()
    try:
        assert lab.https(APPS_VIP, SHOP, trusts=PUBLIC).status == 200
        lab.hapilot.wait_for_health("apps", {name: "DOWN"})
        assert lab.https(APPS_VIP, SHOP, trusts=PUBLIC).json()["local"][0] != usual
    finally:
        server.start()
    lab.hapilot.wait_for_health("apps", {name: "UP"})
    assert lab.https(APPS_VIP, SHOP, trusts=PUBLIC).json()["local"][0] == usual


def test_false_routers_get_no_request(false_lab: Lab) -> None:
    """A certificate of another CA, of another name or out of date: 503, from the first request on."""
    before = false_lab.cluster.seen
    outcomes = [false_lab.https(APPS_VIP, SHOP, trusts=PUBLIC) for _ in range(3)]
    assert [outcome.status for outcome in outcomes] == [503] * 3
    assert false_lab.cluster.seen == before


def test_status_says_why_a_router_is_refused(false_lab: Lab) -> None:
    """In JSON for each server, and in text."""
    down = {f"{address}:{false_lab.cluster.variables['HTTPS_PORT']}": "DOWN" for address in false_lab.cluster.routers}
    false_lab.hapilot.wait_for_health("apps", down)
    (apps,) = [one for one in false_lab.hapilot.status()["services"] if one["name"] == "apps"]
    assert apps["health"] == "down"
    assert all("certificate" in server["reason"].lower() for server in apps["servers"]), [one["reason"] for one in apps["servers"]]
    shown = [line for line in false_lab.hapilot.status_text().splitlines() if "certificate" in line.lower() and "DOWN" in line]
    assert len(shown) == len(down), false_lab.hapilot.status_text()


def test_false_routers_leave_the_rest_alone(false_lab: Lab) -> None:
    """API, plain HTTP and OAuth do not go through the failed verification."""
    assert false_lab.https(API_VIP, API, trusts=MASTERS).status == 200
    assert false_lab.http(SHOP).status == 200
