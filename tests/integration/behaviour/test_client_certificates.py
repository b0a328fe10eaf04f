"""The heading "client certificates": asked for by host, never by another host's answer, and told to servers."""

from __future__ import annotations

import base64
import hashlib
import socket
import ssl
from collections.abc import Sequence
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from integration.behaviour import sites
from support import certificates, client, client_http2, servers
from support.client import Request, Tls
from support.outcome import Outcome
from support.standin import Server

pytestmark = pytest.mark.haproxy

SITE = """
listeners:
  https: {bind: "127.0.0.1:${HTTPS}"}
  mixed: {bind: "127.0.0.1:${MIXED}", sniff_timeout: 1s}
  plain: {bind: "127.0.0.1:${PLAIN}"}
services:
  open: {host: [open.example.test, free.apps.test], servers: ["${open}"], listener: [https, mixed]}
  bare: {host: open.example.test, tls: none, servers: ["${open}"], listener: plain}
  staff: {host: staff.example.test, servers: ["${staff}"], client_certificates: {ca: "${STAFF}"}, listener: [https, mixed]}
  again: {host: again.example.test, servers: ["${staff}"], client_certificates: {ca: "${STAFF}"}, listener: [https, mixed]}
  maybe: {host: maybe.example.test, servers: ["${maybe}"], client_certificates: {ca: "${STAFF}", require: false}, listener: [https, mixed]}
  other: {host: "*.apps.test", servers: ["${other}"], client_certificates: {ca: "${OTHER}"}, listener: [https, mixed]}
  vault: {host: vault.test, tls: passthrough, servers: ["${vault}"], listener: mixed}
certificates: [{file: "${PEM}"}]
defaults: {health: off}
"""
PLACES = ("HTTPS", "MIXED")


@pytest.fixture(scope="module")
def named(stand: servers.Stand) -> dict[str, Server]:
    found = {name: stand.http(name) for name in ("open", "staff", "maybe", "other")}
    return {**found, "vault": stand.https("vault", certificates.authority().issue("vault.test"))}


@pytest.fixture(scope="module")
def site(starter: sites.Starter, named: dict[str, Server], pem: str, tmp_path_factory: pytest.TempPathFactory) -> sites.Running:
    folder: Path = tmp_path_factory.mktemp("authorities")
    staff = certificates.authority("staff").write(folder, "staff.pem")
    other = certificates.authority("other").write(folder, "other.pem")
    return starter.start(SITE, named, PEM=pem, STAFF=staff, OTHER=other)


def _leaf(authority: str) -> certificates.Leaf:
    return certificates.authority(authority).issue("alice", usage="client")


def _tls(sni: str, identity: certificates.Leaf | None = None, alpn: Sequence[str] = ()) -> Tls:
    return Tls(certificates.authority().client_context(alpn, identity=identity), sni)


def _get(site: sites.Running, place: str, host: str, identity: certificates.Leaf | None = None) -> Outcome:
    return client.get(site.at(place), Request(host=host), tls=_tls(host, identity))


@pytest.mark.parametrize("place", PLACES)
def test_each_host_asks_for_its_own(site: sites.Running, place: str) -> None:
    """With one listener and one certificate for all hosts, each asks for what its service says, wildcards and their exceptions too."""
    staff, other = _leaf("staff"), _leaf("other")
    assert _get(site, place, "staff.example.test", staff).standin == "staff"
    assert _get(site, place, "staff.example.test").status == 0
    assert _get(site, place, "staff.example.test", other).status == 0
    assert _get(site, place, "x.apps.test", other).standin == "other"
    assert _get(site, place, "x.apps.test", staff).status == 0
    assert _get(site, place, "free.apps.test").standin == "open"
    assert _get(site, place, "open.example.test").standin == "open"


@pytest.mark.parametrize("place", PLACES)
def test_an_optional_one_may_be_missing_but_not_wrong(site: sites.Running, named: dict[str, Server], place: str) -> None:
    """Without one the server is told nothing; one that the CA did not sign is refused."""
    assert _get(site, place, "maybe.example.test").standin == "maybe"
    assert named["maybe"].last.header("client-cert") is None
    assert _get(site, place, "maybe.example.test", _leaf("staff")).standin == "maybe"
    assert named["maybe"].last.header("x-ssl-client-cn") == "alice"
    assert _get(site, place, "maybe.example.test", _leaf("other")).status == 0


@pytest.mark.parametrize("place", PLACES)
def test_a_request_for_another_policy_gets_421(site: sites.Running, place: str) -> None:
    """Over HTTP/2 a browser may ask for any host of the certificate: what was asked in the handshake must be what this host asks for."""
    hosts = ("open.example.test", "staff.example.test", "maybe.example.test", "x.apps.test", "free.apps.test", "again.example.test")
    expected = {
        ("open.example.test", None): (200, 421, 421, 421, 200, 421),
        ("staff.example.test", "staff"): (421, 200, 421, 421, 421, 200),
        ("maybe.example.test", "staff"): (421, 421, 200, 421, 421, 421),
        ("x.apps.test", "other"): (421, 421, 421, 200, 421, 421),
        ("free.apps.test", None): (200, 421, 421, 421, 200, 421),
    }
    for (sni, authority), statuses in expected.items():
        identity = None if authority is None else _leaf(authority)
        wanted = [Request(host=host) for host in hosts]
        seen = client_http2.requests(site.at(place), wanted, tls=_tls(sni, identity, ("h2",)))
        assert tuple(outcome.status for outcome in seen) == statuses, sni


def test_servers_are_told_of_the_certificate(site: sites.Running, named: dict[str, Server]) -> None:
    """The whole of it (RFC 9440), and its parts for servers that do not parse it."""
    leaf = _leaf("staff")
    assert _get(site, "HTTPS", "staff.example.test", leaf).status == 200
    der = leaf.certificate.public_bytes(serialization.Encoding.DER)
    seen = named["staff"].last
    assert seen.header("client-cert") == f":{base64.b64encode(der).decode()}:"
    assert seen.header("x-ssl-client-fingerprint") == hashlib.sha256(der).hexdigest()
    assert seen.header("x-ssl-client-dn") == leaf.certificate.subject.rfc4514_string()
    assert seen.header("x-ssl-client-issuer") == leaf.certificate.issuer.rfc4514_string()
    assert seen.header("x-ssl-client-cn") == "alice"
    assert int(seen.header("x-ssl-client-serial") or "", 16) == leaf.certificate.serial_number


FORGED = (
    ("Client-Cert", ":Zm9yZ2Vk:"),
    ("Client-Cert-Chain", ":Zm9yZ2Vk:"),
    ("X-SSL-Client-CN", "root"),
    ("X_SSL_Client_CN", "root"),
    ("X-Ssl_Client-DN", "CN=root"),
    ("client_cert", "forged"),
)


@pytest.mark.parametrize("place", ["HTTPS", "MIXED", "PLAIN"])
def test_a_clients_own_copies_never_pass(site: sites.Running, named: dict[str, Server], place: str) -> None:
    """Neither to the service that asks for certificates, nor to another whose server may believe them."""
    tls = None if place == "PLAIN" else _tls("open.example.test")
    assert client.get(site.at(place), Request(host="open.example.test", headers=FORGED), tls=tls).status == 200
    names = {name.lower().replace("_", "-") for name, _ in named["open"].last.headers}
    assert not {name for name in names if name.startswith(("client-cert", "x-ssl-client"))}


def test_its_own_facts_win_over_forged_ones(site: sites.Running, named: dict[str, Server]) -> None:
    """A client with a good certificate can't claim to be somebody else."""
    request = Request(host="staff.example.test", headers=FORGED)
    assert client.get(site.at("HTTPS"), request, tls=_tls("staff.example.test", _leaf("staff"))).status == 200
    assert named["staff"].last.all("x-ssl-client-cn") == ("alice",)
    assert "root" not in str(named["staff"].last.headers)


def test_a_resumed_session_brings_no_verdict_along(site: sites.Running) -> None:
    """TLS sessions are not resumed on such a site: one made for a host that asks for nothing would be good for one that does."""
    context = certificates.authority().client_context(identity=_leaf("staff"))
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context.minimum_version = context.maximum_version = version
        session, _ = _session(site, context, None)
        _, reused = _session(site, context, session)
        assert not reused


def _session(site: sites.Running, context: ssl.SSLContext, session: ssl.SSLSession | None) -> tuple[ssl.SSLSession | None, bool | None]:
    """A connection of the standard library's client, made with a former session: its own, and whether the former one was taken."""
    host = "maybe.example.test"
    with socket.create_connection(site.at("HTTPS"), 5) as plain, context.wrap_socket(plain, server_hostname=host, session=session) as tls:
        tls.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        while tls.recv(65536):
            pass
        return tls.session, tls.session_reused


def test_explain_knows_what_is_asked(site: sites.Running) -> None:
    """Without a certificate the connection is refused, where one is required."""
    assert site.explain("https://staff.example.test:${HTTPS}/").outcome == "reject"
    assert site.explain("https://maybe.example.test:${HTTPS}/").service == "maybe"
    assert site.explain("https://free.apps.test:${MIXED}/").service == "open"


AROUND = """
listeners:
  https: {bind: "127.0.0.1:${HTTPS}", default: open}
  mixed: {bind: "127.0.0.1:${MIXED}", default: open, sniff_timeout: 1s}
  mail: {bind: "127.0.0.1:${MAIL}", default: free}
services:
  open: {host: open.example.test, servers: ["${open}"], listener: [https, mixed]}
  staff: {host: [staff.example.test, "*.apps.test"], servers: ["${staff}"], client_certificates: {ca: "${STAFF}"}, listener: [https, mixed]}
  vault: {host: vault.test, tls: passthrough, servers: ["${vault}"], listener: mixed}
  free: {protocol: tcp, tls: edge, host: open.example.test, servers: ["${open}"], listener: mail}
  box: {protocol: tcp, tls: edge, host: staff.example.test, servers: ["${staff}"], client_certificates: {ca: "${STAFF}"}, listener: mail}
certificates: [{file: "${PEM}"}, {file: "${MORE}"}, {file: "${NAMED}"}]
defaults: {health: off}
"""
"""Certificates that have names in odd places: an exact one beside the wildcard, and one whose common name is another host's."""


@pytest.fixture(scope="module")
def around(starter: sites.Starter, named: dict[str, Server], pem: str, tmp_path_factory: pytest.TempPathFactory) -> sites.Running:
    folder: Path = tmp_path_factory.mktemp("around")
    authority = certificates.authority()
    more = authority.issue("open.example.test", "a.apps.test").write(folder, "more")
    common = authority.issue("open.example.test", common_name="staff.example.test", key="ecdsa").write(folder, "named")
    staff = certificates.authority("staff").write(folder, "staff.pem")
    return starter.start(AROUND, named, PEM=pem, MORE=more.combined, NAMED=common.combined, STAFF=staff)


SAID = ("staff.example.test.", "STAFF.example.test.", "nobody.test", None, "open.example.test", "a.apps.test", "x.apps.test")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("sni", SAID)
@pytest.mark.parametrize("host", ["staff.example.test", "a.apps.test", "staff.example.test.", "STAFF.example.test", "x.apps.test"])
def test_no_name_leads_round_the_question(around: sites.Running, place: str, sni: str | None, host: str) -> None:
    """Whatever name a client without a certificate says in the handshake, no request of its reaches the service that asks for one."""
    tls = Tls(certificates.trusting_nobody(), sni)
    outcome = client.get(around.at(place), Request(host=host), tls=tls)
    assert outcome.standin is None
    assert outcome.status in (0, 404, 421)


@pytest.mark.parametrize("sni", ["staff.example.test", "staff.example.test.", None])
def test_no_name_leads_a_stream_round_the_question(around: sites.Running, sni: str | None) -> None:
    """The same where no requests are seen."""
    tls = Tls(certificates.trusting_nobody(), sni)
    outcome = client.get(around.at("MAIL"), Request(host="staff.example.test"), tls=tls)
    assert outcome.standin in (None, "open")


@pytest.mark.parametrize("place", PLACES)
def test_a_table_that_is_ahead_of_the_handshake_lets_nobody_in(around: sites.Running, place: str) -> None:
    """It says that a host asks for a certificate before the list does, as amid a change: who showed none is not served."""
    runtime, key = around.process.runtime, f"maps/{place.lower()}.policy.map open.example.test"
    request, tls = Request(host="staff.example.test"), Tls(certificates.trusting_nobody(), "open.example.test")
    runtime.act(f"set map {key} 1")
    try:
        assert client.get(around.at(place), request, tls=tls).status == 421
    finally:
        runtime.act(f"set map {key} 0")
    assert client.get(around.at(place), Request(host="open.example.test"), tls=tls).standin == "open"


SHARED = """
services: {{{}, wild: {{host: '*.apps.test', servers: ['127.0.0.1:9'], client_certificates: {{ca: '${{CA}}'}}}}}}
certificates: [{{self_signed: ['*.apps.test']}}]
"""


@pytest.mark.parametrize("also", ["path: /pub", "match: {method: POST}", "path: /pub, client_certificates: {ca: '${CA}', require: false}"])
def test_a_host_whose_requests_fall_to_another_policy_is_a_conflict(tmp_path: Path, ca: str, also: str) -> None:
    """Some of its requests could never be answered: the handshake asked for what the host asks for."""
    part = f"part: {{host: x.apps.test, servers: ['127.0.0.1:9'], {also}}}"
    made = sites.compiled(SHARED.format(part), tmp_path, CA=ca)
    assert [one.code for one in made.diagnostics] == ["conflict"]


def test_what_is_for_tls_is_no_default_in_clear(tmp_path: Path) -> None:
    """A listener that redirects plain HTTP does not serve such a service instead."""
    text = "listeners: {http: {bind: ':80', redirect: https, default: web}, https: {bind: ':443'}}\n"
    text += "services: {web: {host: web.example.test, listener: https, servers: ['127.0.0.1:9']}}\n"
    text += "certificates: [{self_signed: ['*.example.test']}]\n"
    assert [one.code for one in sites.compiled(text, tmp_path).diagnostics] == ["conflict"]
