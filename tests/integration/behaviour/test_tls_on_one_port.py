"""The heading "TLS on one port": layers, names, split hellos, coalesced connections, and TLS on to servers."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from hapilot.runtime import binary, observe
from integration.behaviour import sites, sockets, visits
from support import certificates, client, clienthello, servers
from support.client import Request, Tls

pytestmark = pytest.mark.haproxy

SITE = """
listeners:
  https: {bind: "127.0.0.1:${MIXED}", sniff_timeout: 1s}
  ends: {bind: "127.0.0.1:${ENDS}"}
  passes: {bind: "127.0.0.1:${PASSES}", sniff_timeout: 1s}
  default: {bind: "127.0.0.1:${DEFAULT}", sniff_timeout: 1s}
services:
  shop: {host: [shop.example.test, cart.example.test], servers: ["${shop}"], listener: [https, ends, default]}
  any: {host: "*.example.test", servers: ["${any}"]}
  vault: {host: vault.example.test, tls: passthrough, servers: ["${vault}"], listener: [https, passes]}
  below: {host: "*.pass.test", tls: passthrough, servers: ["${below}"]}
  open: {host: open.pass.test, servers: ["${open}"]}
  console: {host: "*.apps.test", tls: reencrypt, servers: ["${console}"], verify: {ca: "${CA}"}, listener: [https, ends]}
  catch-all: {tls: passthrough, servers: ["${below}"], listener: default}
certificates: [{file: "${PEM}"}]
defaults: {health: off}
"""

SEGMENTS = (1, 5, 100, 600)


@pytest.fixture(scope="module")
def site(starter: sites.Starter, stand: servers.Stand, pem: str, ca: str) -> sites.Running:
    authority = certificates.authority()
    named = {
        "shop": stand.http("shop"),
        "any": stand.http("any"),
        "open": stand.http("open"),
        "vault": stand.https("vault", authority.issue("vault.example.test")),
        "below": stand.https("below", authority.issue("*.pass.test")),
        "console": stand.https("console", authority.issue("*.apps.test")),
    }
    return starter.start(SITE, named, PEM=pem, CA=ca)


def test_terminated_hosts_alone_take_one_layer(site: sites.Running) -> None:
    """Edge and re-encrypt hosts on a listener: it ends TLS itself, nothing looks at the first bytes before."""
    for host in ("shop.example.test", "console.apps.test"):
        assert [hop.kind for hop in site.explain(f"https://{host}:${{ENDS}}/").hops] == ["tls"]
        assert visits.https(site.at("ENDS"), host).status == 200
    assert not sites.lines_of(site.build, "ends", "tcp-request")


def test_passthrough_hosts_alone_take_one_tcp_layer(site: sites.Running) -> None:
    """Only names that are passed through: one layer that reads the name, and no certificate of ours."""
    assert [hop.kind for hop in site.explain("https://vault.example.test:${PASSES}/").hops] == ["sni"]
    assert visits.https(site.at("PASSES"), "vault.example.test").standin == "vault"
    assert not [line for line in sites.lines_of(site.build, "passes", "bind") if "ssl" in line.words]


def test_mixed_hosts_share_one_terminating_frontend_behind_a_sniffing_layer(site: sites.Running) -> None:
    """Terminated and passed hosts: a TCP layer first, and a single frontend behind it for all that ends here."""
    for host in ("shop.example.test", "console.apps.test", "open.pass.test"):
        assert [(hop.kind, hop.frontend) for hop in site.explain(f"https://{host}:${{MIXED}}/").hops] == [
            ("sniff", "https"),
            ("tls", "https.tls"),
        ]
    assert [hop.kind for hop in site.explain("https://vault.example.test:${MIXED}/").hops] == ["sniff"]


def test_a_hand_over_keeps_the_clients_address(site: sites.Running) -> None:
    """What was handed from layer to layer still comes from its client, not from a socket of ours."""
    outcome = visits.https(site.at("MIXED"), "shop.example.test", "/who", source="127.0.0.9")
    assert outcome.standin == "shop"
    assert ["X-Forwarded-For", "127.0.0.9"] in [[name.title(), value] for name, value in outcome.json()["headers"]]


def test_a_hand_over_takes_no_trip_through_loopback_tcp(site: sites.Running) -> None:
    """No TCP connection of the worker has its other end in the worker."""
    with client.connect(site.at("MIXED")) as connection:
        connection.start_tls(visits.hello("shop.example.test"))
        assert connection.request(Request(host="shop.example.test")).standin == "shop"
        worker = site.process.serving_worker()
        assert worker is not None
        ends = sockets.established(worker)
        assert (site.at("MIXED"), connection.local) in ends, "the client's connection must be among them"
    assert site.servers["shop"].address in [far for _, far in ends], "and the server's"
    assert not [pair for pair in ends if (pair[1], pair[0]) in ends]


@pytest.mark.parametrize(
    ("listener", "service", "reason"),
    [
        ("", "{protocol: ssh, servers: ['127.0.0.1:9']}", "SSH"),
        (", accept_proxy: optional, trusted: [10.0.0.0/8]", None, "PROXY header"),
        (", plain_http: redirect", None, "plain HTTP"),
    ],
    ids=["ssh", "accept_proxy", "plain_http"],
)
def test_what_shares_the_port_with_tls_costs_a_layer_that_explain_names(
    listener: str, service: str | None, reason: str, tmp_path: Path
) -> None:
    """ssh, optional PROXY headers or a redirect for plain HTTP beside TLS: two hops, the first of which says what it is for."""
    text = f"""
    listeners: {{https: {{bind: "127.0.0.1:8443"{listener}}}}}
    services:
      shop: {{host: shop.example.test, servers: ["127.0.0.1:9"]}}
      {f"git: {service}" if service else ""}
    certificates: [{{self_signed: ["*.example.test"]}}]
    """
    hops = sites.explained(sites.compiled(text, tmp_path), "https://shop.example.test:8443/").hops
    assert [hop.kind for hop in hops] == ["sniff", "tls"]
    assert reason in hops[0].why


def test_an_exact_passthrough_host_wins_over_a_wildcard(site: sites.Running) -> None:
    """vault.example.test is passed on although *.example.test ends here."""
    outcome = visits.https(site.at("MIXED"), "vault.example.test")
    assert (outcome.standin, outcome.peer_names) == ("vault", ("vault.example.test",))
    assert visits.https(site.at("MIXED"), "other.example.test").standin == "any"


def test_an_exact_terminated_host_wins_over_a_passthrough_wildcard(site: sites.Running) -> None:
    """open.pass.test ends here although *.pass.test is passed on."""
    assert visits.https(site.at("MIXED"), "open.pass.test").standin == "open"
    assert visits.https(site.at("MIXED"), "deep.pass.test").standin == "below"


def test_a_wildcard_stands_for_one_label(site: sites.Running) -> None:
    """a.b.pass.test is not *.pass.test."""
    assert visits.https(site.at("MIXED"), "a.b.pass.test").kind == "tls-alert"


def test_a_service_without_a_host_takes_what_no_name_matches(site: sites.Running) -> None:
    """Last of all comes the service for every host."""
    assert visits.https(site.at("DEFAULT"), "elsewhere.test").standin == "below"
    assert visits.https(site.at("DEFAULT"), "shop.example.test").standin == "shop"


def test_a_coalesced_http2_request_for_a_passthrough_host_gets_421(site: sites.Running) -> None:
    """A wildcard certificate lets browsers send a request for vault over the shop's connection: they are told to open another."""
    requests = [Request(host=host) for host in ("shop.example.test", "vault.example.test", "deep.pass.test", "shop.example.test")]
    outcomes = visits.http2(site.at("MIXED"), "shop.example.test", requests)
    assert [outcome.status for outcome in outcomes] == [200, 421, 421, 200]


def test_a_reused_http1_connection_for_a_passthrough_host_gets_421(site: sites.Running) -> None:
    """The same over HTTP/1.1."""
    with client.connect(site.at("MIXED")) as connection:
        connection.start_tls(visits.hello("shop.example.test"))
        statuses = [connection.request(Request(host=host)).status for host in ("shop.example.test", "vault.example.test")]
    assert statuses == [200, 421]


def test_other_terminated_hosts_are_served_on_the_same_connection(site: sites.Running) -> None:
    """Edge and re-encrypt hosts share a connection as browsers like it."""
    hosts = ("shop.example.test", "cart.example.test", "other.example.test", "a.apps.test", "open.pass.test")
    outcomes = visits.http2(site.at("MIXED"), "shop.example.test", [Request(host=host) for host in hosts])
    assert [outcome.standin for outcome in outcomes] == ["shop", "shop", "any", "console", "open"]


def test_check_warns_where_a_certificate_covers_a_passthrough_host(site: sites.Running) -> None:
    """The detour over 421 is announced where it can be avoided."""
    found = [one for one in site.build.diagnostics if one.code == "certificate-covers-passthrough"]
    assert [("vault.example.test" in one.message, one.severity) for one in found] == [(True, "warning")]


@pytest.mark.parametrize("size", SEGMENTS)
@pytest.mark.parametrize(("host", "server"), [("vault.example.test", "vault"), ("shop.example.test", "shop"), ("a.apps.test", "console")])
def test_a_hello_in_small_segments_reaches_its_service(site: sites.Running, host: str, server: str, size: int) -> None:
    """However TCP cuts the ClientHello, the name in it counts."""
    tls = Tls(certificates.trusting_nobody(), host, segments=size, pause=0.0005)
    assert client.get(site.at("MIXED"), Request(host=host), tls=tls).standin == server


@pytest.mark.parametrize("size", [*SEGMENTS, 1460])
@pytest.mark.parametrize(("host", "is_passed"), [("vault.example.test", True), ("shop.example.test", False)])
def test_a_hello_with_a_large_key_share_reaches_its_service(site: sites.Running, host: str, is_passed: bool, size: int) -> None:
    """A post-quantum key share of 1,600 bytes makes the hello longer than a packet: it is waited for to its end."""
    before = site.servers["vault"].connections
    flight = clienthello.build(clienthello.Hello(host, ("h2", "http/1.1"), key_share_bytes=1600))
    assert len(flight) > 1600
    answer = client.raw_hello(site.at("MIXED"), flight, size, pause=0)
    assert answer.body[:2] == b"\x16\x03", answer
    assert answer.body[5:6] == b"\x02", "a ServerHello"
    assert site.servers["vault"].connections - before == is_passed


def test_a_slow_hello_is_waited_for(site: sites.Running) -> None:
    """Half of it now, half of it later, but within the sniff timeout."""
    for host, server in (("vault.example.test", "vault"), ("shop.example.test", "shop")):
        tls = Tls(certificates.trusting_nobody(), host, segments=(100, 1), pause=0.3)
        assert client.get(site.at("MIXED"), Request(host=host), tls=tls).standin == server


def test_half_a_hello_leads_nowhere(site: sites.Running) -> None:
    """What is not complete within the sniff timeout is refused; no service sees it."""
    vault, below = site.servers["vault"], site.servers["below"]
    before = vault.connections, below.connections
    flight = clienthello.build(clienthello.Hello("vault.example.test", key_share_bytes=1600))
    for listener in ("MIXED", "PASSES"):
        began = time.monotonic()
        outcome = client.raw_hello(site.at(listener), flight[:1000])
        assert outcome.kind in ("closed", "reset")
        assert time.monotonic() - began > 0.8
    assert (vault.connections, below.connections) == before


def _record_sizes(where: str, host: str) -> clienthello.Sizes:
    name = visits.start_of_message(host).index(host.encode())
    sizes = {
        "first byte alone": (1,),
        "inside the length": (3,),
        "inside the random": (20,),
        "before the name": (name,),
        "inside the name": (name + 4,),
        "just before its end": (name + len(host) - 1,),
        "after the name": (name + len(host),),
        "three records": (2, name),
        "every 100 bytes": 100,
        "every 7 bytes": 7,
        "every byte": 1,
    }
    return sizes[where]


CUTS = (
    "first byte alone", "inside the length", "inside the random", "before the name", "inside the name", "just before its end",
    "after the name", "three records", "every 100 bytes", "every 7 bytes", "every byte",
)  # fmt: skip


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize(("host", "server"), [("vault.example.test", "vault"), ("shop.example.test", "shop"), ("open.pass.test", "open")])
def test_a_hello_in_several_records_reaches_its_service(site: sites.Running, host: str, server: str, cut: str) -> None:
    """RFC 8446 lets a client split its hello over TLS records anywhere; passed and terminated hosts are found all the same."""
    for segments in ((), 300):
        tls = Tls(certificates.trusting_nobody(), host, records=_record_sizes(cut, host), segments=segments, pause=0.002)
        assert client.get(site.at("MIXED"), Request(host=host), tls=tls).standin == server, segments


@pytest.mark.parametrize("cut", ["first byte alone", "inside the name"])
def test_a_hello_in_several_records_is_passed_on_where_nothing_ends(site: sites.Running, cut: str) -> None:
    """The same on a listener that only passes on, and on the one-layer TLS listener."""
    for listener, host, server in (("PASSES", "vault.example.test", "vault"), ("ENDS", "shop.example.test", "shop")):
        tls = visits.hello(host, records=_record_sizes(cut, host))
        assert client.get(site.at(listener), Request(host=host), tls=tls).standin == server


def test_half_of_a_hello_in_records_leads_nowhere(site: sites.Running) -> None:
    """One record of two and then silence: refused after the sniff timeout, seen by nobody."""
    before = site.servers["vault"].connections
    flight = clienthello.build(clienthello.Hello("vault.example.test"), (90,))
    outcome = client.raw_hello(site.at("MIXED"), flight[:95])
    assert outcome.kind in ("closed", "reset")
    assert site.servers["vault"].connections == before


@pytest.mark.parametrize("sni", [None, "stranger.test"], ids=["no name", "a strange name"])
@pytest.mark.parametrize("listener", ["MIXED", "ENDS"])
def test_a_hello_without_a_known_name_gets_an_alert(site: sites.Running, listener: str, sni: str | None) -> None:
    """A TLS alert, and no look at anybody's certificate."""
    outcome = client.get(site.at(listener), tls=visits.hello(sni))
    assert (outcome.kind, outcome.peer_names) == ("tls-alert", ())


def test_a_hello_without_a_known_name_is_closed_where_nothing_ends(site: sites.Running) -> None:
    """A listener that only passes on has no certificate and no service for it."""
    before = site.servers["vault"].connections
    for sni in (None, "stranger.test"):
        assert client.get(site.at("PASSES"), tls=visits.hello(sni)).kind in ("closed", "reset")
    assert site.servers["vault"].connections == before


def test_a_hello_without_a_name_goes_to_the_service_for_every_host(site: sites.Running) -> None:
    """Where a listener has a service for whatever comes, a hello without a name is that."""
    assert client.get(site.at("DEFAULT"), tls=visits.hello(None)).standin == "below"


@pytest.mark.parametrize("listener", ["MIXED", "ENDS"])
@pytest.mark.parametrize(
    ("offered", "agreed"), [(("h2", "http/1.1"), "h2"), (("http/1.1", "h2"), "h2"), (("http/1.1",), "http/1.1"), ((), None)]
)
def test_terminated_listeners_agree_on_http2_or_http1(
    site: sites.Running, listener: str, offered: tuple[str, ...], agreed: str | None
) -> None:
    """ALPN: HTTP/2 where the client has it."""
    with client.connect(site.at(listener)) as connection:
        assert connection.start_tls(visits.hello("shop.example.test", offered)).alpn == agreed


def test_passed_through_clients_agree_with_the_server(site: sites.Running) -> None:
    """ALPN is the server's business where it ends TLS: this one has no HTTP/2."""
    with client.connect(site.at("MIXED")) as connection:
        assert connection.start_tls(visits.hello("vault.example.test", visits.HTTP2)).alpn == "http/1.1"


def test_reencrypt_sends_the_requested_host_as_sni(site: sites.Running) -> None:
    """The server is asked for by the name in the request, over whatever connection the request came."""
    with client.connect(site.at("MIXED")) as connection:
        connection.start_tls(visits.hello("one.apps.test"))
        for host in ("one.apps.test", "TWO.apps.test:443"):
            assert connection.request(Request(host=host)).json()["tls"]["sni"] == host.lower().removesuffix(":443")


REENCRYPT = """
listeners: {https: {bind: "127.0.0.1:${HTTPS}"}}
services:
  by-host: {host: "*.apps.test", tls: reencrypt, servers: ["${one}"], verify: {ca: "${CA}"}}
  fixed: {host: fixed.example.test, tls: reencrypt, servers: ["${one}"], verify: {ca: "${CA}", name: one.apps.test}}
  wrong-name: {host: wrong-name.example.test, tls: reencrypt, servers: ["${one}"], verify: {ca: "${CA}", name: two.apps.test}}
  wrong-ca: {host: wrong-ca.example.test, tls: reencrypt, servers: ["${stranger}"], verify: {ca: "${CA}"}}
  expired: {host: expired.example.test, tls: reencrypt, servers: ["${expired}"], verify: {ca: "${CA}"}}
  system-ca: {host: system-ca.example.test, tls: reencrypt, servers: ["${one}"], verify: {name: one.apps.test}}
  checked: {host: checked.example.test, tls: reencrypt, servers: ["${checked}"], verify: {ca: "${CA}"}, health: {every: 100ms}}
  refused: {host: refused.example.test, tls: reencrypt, servers: ["${stranger}"], verify: {ca: "${CA}"}, health: {every: 100ms, fall: 1}}
certificates: [{file: "${PEM}"}]
defaults: {health: off, retries: 0}
"""


@pytest.fixture(scope="module")
def onwards(starter: sites.Starter, stand: servers.Stand, pem: str, ca: str) -> sites.Running:
    authority, stranger = certificates.authority(), certificates.authority("another CA")
    named = {
        "one": stand.https("one", authority.issue("one.apps.test")),
        "stranger": stand.https("stranger", stranger.issue("wrong-ca.example.test", "refused.example.test")),
        "expired": stand.https("expired", authority.issue("expired.example.test", validity="expired")),
        "checked": stand.https("checked", authority.issue("checked.example.test")),
    }
    return starter.start(REENCRYPT, named, PEM=pem, CA=ca)


@pytest.mark.parametrize("host", ["wrong-name.example.test", "wrong-ca.example.test", "expired.example.test", "system-ca.example.test"])
def test_reencrypt_gives_503_for_a_server_that_is_not_proved(onwards: sites.Running, host: str) -> None:
    """A certificate for another name, of another CA (or of one the system does not have), or out of date: no request is sent."""
    asked = sum(server.request_count for server in onwards.servers.values())
    assert visits.https(onwards.at("HTTPS"), host).status == 503
    assert sum(server.request_count for server in onwards.servers.values()) == asked


def test_reencrypt_takes_a_fixed_name(onwards: sites.Running) -> None:
    """verify.name is sent and expected in place of the requested host."""
    outcome = visits.https(onwards.at("HTTPS"), "fixed.example.test")
    assert (outcome.standin, outcome.json()["tls"]["sni"]) == ("one", "one.apps.test")


def test_reencrypt_never_reuses_a_session_or_connection_for_another_name(onwards: sites.Running) -> None:
    """The server proves one.apps.test only. After it has, two.apps.test is proved anew and fails, over idle connections and
    resumed sessions alike; one.apps.test goes on."""
    hosts = ("one.apps.test", "two.apps.test", "one.apps.test", "two.apps.test")
    requests = [Request(host=host, headers=headers) for host in hosts for headers in ((), (("Connection", "close"),))]
    statuses = [client.get(onwards.at("HTTPS"), one, tls=visits.hello(one.host)).status for one in requests]
    assert statuses == [200, 200, 503, 503, 200, 200, 503, 503]
    together = visits.http2(onwards.at("HTTPS"), "one.apps.test", [Request(host=host) for host in hosts])
    assert [outcome.status for outcome in together] == [200, 503, 200, 503]


def test_health_checks_prove_the_server_like_requests(onwards: sites.Running) -> None:
    """The check makes the same handshake: a server that requests would refuse is out of service at once."""
    found: dict[str, list[str]] = {}
    end = time.monotonic() + 5
    while time.monotonic() < end:
        seen = observe.observe(onwards.process.run_dir)
        found = {name: [one.status for one in proxy.servers] for name in ("checked", "refused") if (proxy := seen.proxy(name, "backend"))}
        if found == {"checked": ["UP"], "refused": ["DOWN"]}:
            break
        time.sleep(0.05)
    assert found == {"checked": ["UP"], "refused": ["DOWN"]}
    assert visits.https(onwards.at("HTTPS"), "checked.example.test").standin == "checked"


def test_each_haproxy_is_the_one_that_was_asked_for(site: sites.Running, haproxy: binary.Haproxy) -> None:
    """These tests are worth nothing if one HAProxy stands in for another."""
    assert observe.observe(site.process.run_dir).info.version == haproxy.version_text
