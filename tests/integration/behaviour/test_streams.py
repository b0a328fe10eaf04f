"""The heading "TLS of other protocols": it ends here, by name, beside everything else on the port; and the listener's default."""

from __future__ import annotations

import pytest

from integration.behaviour import sites, visits
from support import certificates, client, servers
from support.client import Tls
from support.outcome import Outcome
from support.standin import Server

pytestmark = pytest.mark.haproxy

SITE = """
listeners:
  mail: {bind: "127.0.0.1:${MAIL}"}
  only: {bind: "127.0.0.1:${ONLY}"}
  mixed: {bind: "127.0.0.1:${MIXED}", sniff_timeout: 1s, default: shop}
  loop: {bind: "127.0.0.1:${LOOP}", sniff_timeout: 1s, accept_proxy: optional, trusted: [127.0.0.0/8]}
services:
  imap: {protocol: tcp, tls: edge, host: imap.example.test, servers: ["${imap}"], listener: [mail, mixed, loop]}
  others: {protocol: tcp, tls: edge, host: "*.apps.test", servers: ["${others}"], listener: mail}
  onwards: {protocol: tcp, tls: reencrypt, host: onwards.example.test, servers: ["${on}"], verify: {ca: "${CA}"}, listener: [mail, mixed]}
  every: {protocol: tcp, tls: edge, servers: ["${others}"], listener: only}
  shop: {host: shop.example.test, servers: ["${shop}"], listener: mixed}
  vault: {host: vault.example.test, tls: passthrough, servers: ["${vault}"], listener: mixed}
  told: {protocol: tcp, tls: edge, host: told.example.test, send_proxy: v2, servers: ["${told}"], listener: mail}
certificates: [{file: "${PEM}"}]
defaults: {health: off}
"""


@pytest.fixture(scope="module")
def named(stand: servers.Stand) -> dict[str, Server]:
    authority = certificates.authority()
    return {
        "imap": stand.tcp("imap"),
        "others": stand.tcp("others"),
        "told": stand.tcp("told", proxy="required"),
        "shop": stand.http("shop"),
        "vault": stand.https("vault", authority.issue("vault.example.test")),
        "on": stand.https("onwards", authority.issue("onwards.example.test")),
    }


@pytest.fixture(scope="module")
def site(starter: sites.Starter, named: dict[str, Server], pem: str, ca: str) -> sites.Running:
    return starter.start(SITE, named, PEM=pem, CA=ca)


def _say(site: sites.Running, place: str, sni: str | None, proxy: bytes | None = None) -> Outcome:
    with client.connect(site.at(place), proxy=proxy) as connection:
        started = connection.start_tls(Tls(certificates.trusting_nobody(), sni))
        if not started.ok:
            return started
        connection.send(b"hello\r\n")
        return connection.read_until(b"\n")


def test_tls_ends_here_and_the_inside_goes_on_by_name(site: sites.Running) -> None:
    """One layer where nothing else is to be told apart: the name in the ClientHello chooses, wildcards too."""
    assert [hop.kind for hop in site.explain("tls://imap.example.test:${MAIL}").hops] == ["stream"]
    assert _say(site, "MAIL", "imap.example.test").standin == "imap"
    assert _say(site, "MAIL", "any.apps.test").standin == "others"
    assert _say(site, "ONLY", "shop.example.test").standin == "others"


def test_a_name_without_a_service_or_certificate_is_refused(site: sites.Running) -> None:
    """Never somebody else's server."""
    for sni in ("nobody.example.test", "nobody.test", None):
        assert _say(site, "MAIL", sni).standin is None


def test_requests_and_streams_share_a_port(site: sites.Running) -> None:
    """Beside HTTP and passthrough a layer in front reads the name."""
    assert [hop.kind for hop in site.explain("tls://imap.example.test:${MIXED}").hops] == ["sniff", "stream"]
    assert _say(site, "MIXED", "imap.example.test").standin == "imap"
    assert visits.https(site.at("MIXED"), "shop.example.test").standin == "shop"
    assert visits.https(site.at("MIXED"), "vault.example.test").standin == "vault"


def test_a_stream_goes_on_over_tls_to_a_verified_server(site: sites.Running, named: dict[str, Server]) -> None:
    """Re-encrypted: the client's name is the one that the server's certificate must have."""
    for place in ("MAIL", "MIXED"):
        assert visits.https(site.at(place), "onwards.example.test").standin == "onwards"
    seen = named["on"].last.tls
    assert seen is not None
    assert seen.sni == "onwards.example.test"


def test_a_stream_comes_with_the_clients_address(site: sites.Running, named: dict[str, Server]) -> None:
    """send_proxy works as it does for what is passed through."""
    assert _say(site, "MAIL", "told.example.test").standin == "told"
    assert named["told"].last.proxy is not None


def test_a_stream_may_bring_a_proxy_header_or_not(site: sites.Running) -> None:
    """``accept_proxy: optional`` in front of streams alone."""
    assert _say(site, "LOOP", "imap.example.test").standin == "imap"
    header = b"PROXY TCP4 192.0.2.7 192.0.2.1 40000 993\r\n"
    assert _say(site, "LOOP", "imap.example.test", header).standin == "imap"


def test_without_a_known_name_the_listeners_default_shows_its_certificate(site: sites.Running) -> None:
    """No SNI, or one that no certificate covers: the default's certificate and its service, and no other's."""
    for sni in (None, "unknown.test"):
        outcome = client.get(site.at("MIXED"), client.Request(host="unknown.test"), tls=Tls(certificates.trusting_nobody(), sni))
        assert outcome.standin == "shop"
        assert "*.example.test" in outcome.peer_names


def test_explain_agrees_about_streams(site: sites.Running) -> None:
    """The same answers as above, without a connection."""
    assert site.explain("tls://imap.example.test:${MAIL}").service == "imap"
    assert site.explain("tls://x.apps.test:${MAIL}").service == "others"
    assert site.explain("tls://nobody.example.test:${MAIL}").outcome == "reject"
    assert site.explain("tls://onwards.example.test:${MIXED}").service == "onwards"
    assert site.explain("https://unknown.test:${MIXED}/").service == "shop"
