"""HTTP/1.1 between the byte-level client and the stand-in: what is sent is what is reported."""

from __future__ import annotations

import pytest

from support import certificates, client, proxy_protocol, servers, websocket
from support.client import Request, Tls

_SOURCE, _DESTINATION = ("192.0.2.7", 4711), ("192.0.2.8", 443)


def test_a_request_is_reported_exactly(stand: servers.Stand) -> None:
    server = stand.http("web")
    wanted = Request("POST", "/a%2e?b", "x.example", (("X-ODD-case", "1"), ("x-odd-case", "2")), b"hello")
    with client.connect(server.address) as connection:
        outcome = connection.request(wanted)
        seen = outcome.json()
        assert seen["peer"] == list(connection.local)
    assert (outcome.kind, outcome.status, outcome.standin) == ("response", 200, "web")
    assert (seen["method"], seen["target"], seen["body"]) == ("POST", "/a%2e?b", "hello")
    assert seen["headers"][:3] == [["Host", "x.example"], ["X-ODD-case", "1"], ["x-odd-case", "2"]]
    assert (seen["proxy"], seen["tls"]) == (None, None)
    assert server.last.all("X-Odd-Case") == ("1", "2")


def test_one_connection_carries_many_requests(stand: servers.Stand) -> None:
    server = stand.http("web", "127.0.0.5")
    server.answers["/-/healthy"] = 503
    with client.connect(server.address) as connection:
        big = connection.request(Request(target="/big?bytes=300000"))
        chunked = connection.request(Request("PUT", "/c", body=b"x" * 70_001, chunked=True))
        events = connection.request(Request(target="/sse?count=3&interval=0"))
        slow = connection.request(Request(target="/slow?seconds=0.01"))
        sick = connection.request(Request("HEAD", "/-/healthy"))
    assert len(big.body) == 300_000
    assert chunked.json()["body_size"] == 70_001
    assert events.body == b"data: 0\n\ndata: 1\n\ndata: 2\n\n"
    assert (slow.status, sick.status) == (200, 503)
    assert (server.connections, server.request_count) == (1, 5)


def test_outcomes_of_broken_connections(stand: servers.Stand) -> None:
    server = stand.http("web")
    server.stop()
    assert client.get(server.address).kind == "refused"
    server.start()
    with client.connect(server.address) as connection:
        assert connection.request().ok
        server.stop()
        assert connection.request().kind in ("closed", "reset")
        assert not connection.request().ok, "a broken connection stays broken"
    server.start()
    with client.connect(server.address) as connection:
        assert connection.send(b"GET / HTTP/1.1\r\n").ok
        assert connection.read_response(timeout=0.05).kind == "timeout"
    assert client.get(server.address, Request("GE T")).status == 400
    assert client.get(("127.0.0.1", server.port), tls=Tls(certificates.trusting_nobody())).kind == "garbage"
    assert client.get(stand.tcp("echo", "tcp-echo").address).kind == "garbage"


def test_websocket_echo(stand: servers.Stand) -> None:
    server = stand.http("web")
    with client.connect(server.address) as connection:
        headers = websocket.upgrade_headers()
        outcome = connection.request(Request(headers=headers))
        assert outcome.status == 101
        assert outcome.header("Sec-WebSocket-Accept") == websocket.accept_key(dict(headers)["Sec-WebSocket-Key"])
        for size in (5, 200, 70_000):
            sent = websocket.Frame(websocket.BINARY, bytes(range(256)) * (size // 256) + b"x" * (size % 256))
            connection.send(websocket.encode(sent, is_masked=True))
            expected = websocket.encode(sent, is_masked=False)
            assert websocket.decode(connection.read_exactly(len(expected)).body) == (sent, len(expected))
        connection.send(websocket.encode(websocket.Frame(websocket.CLOSE, b""), is_masked=True))
        assert connection.read_to_end().body == b"\x88\x00"


def test_the_key_of_the_standards_example() -> None:
    assert websocket.accept_key("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def test_raw_upgrade(stand: servers.Stand) -> None:
    with client.connect(stand.http("web").address) as connection:
        assert connection.request(Request(headers=(("Upgrade", "raw"),))).status == 101
        connection.send(b"anything")
        assert connection.read_exactly(8).body == b"anything"


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("is_tls", [False, True])
def test_proxy_header_before_http(version: int, is_tls: bool, stand: servers.Stand, authority: certificates.Authority) -> None:
    build = proxy_protocol.build_v1 if version == 1 else proxy_protocol.build_v2
    leaf = authority.issue("a.example")
    server = stand.https("web", leaf, proxy="required") if is_tls else stand.http("web", proxy="required")
    tls = Tls(authority.client_context(), "a.example") if is_tls else None
    outcome = client.get(server.address, tls=tls, proxy=build(_SOURCE, _DESTINATION))
    seen = outcome.json()["proxy"]
    assert (seen["version"], seen["src"], seen["dst"]) == (version, list(_SOURCE), list(_DESTINATION))
    assert not client.get(server.address, tls=tls).ok
    server.wait_for(1)
    assert server.refusals[0].startswith("no PROXY header")


def test_optional_and_unexpected_proxy_header(stand: servers.Stand) -> None:
    server = stand.http("web", "::1", proxy="optional")
    assert client.get(server.address).json()["proxy"] is None
    local = client.get(server.address, proxy=proxy_protocol.build_v2_local()).json()["proxy"]
    assert (local["command"], local["src"]) == ("LOCAL", None)
    bare = stand.http("bare")
    assert client.get(bare.address, proxy=proxy_protocol.build_v1(_SOURCE, _DESTINATION)).status == 400


def test_tls_is_reported(stand: servers.Stand, authority: certificates.Authority) -> None:
    server = stand.https("web", authority.issue("*.example", "127.0.0.1"), alpn=("http/1.1",))
    outcome = client.get(server.address, tls=Tls(authority.client_context(["http/1.1"]), "b.example"))
    assert (outcome.alpn, outcome.peer_names) == ("http/1.1", ("*.example", "127.0.0.1"))
    assert outcome.json()["tls"] == {
        "sni": "b.example", "alpn": "http/1.1", "version": "TLSv1.3", "offered": ["http/1.1"], "client": [],
    }  # fmt: skip
    nameless = client.get(server.address, tls=Tls(authority.client_context()))
    assert nameless.json()["tls"]["sni"] is None


def test_tls_failures_are_outcomes(stand: servers.Stand, authority: certificates.Authority) -> None:
    server = stand.https("web", authority.issue("a.example"))
    other = certificates.authority("another CA")
    assert client.get(server.address, tls=Tls(other.client_context(), "a.example")).kind == "untrusted"
    named = authority.client_context(check_hostname=True)
    assert client.get(server.address, tls=Tls(named, "a.example")).ok
    assert client.get(server.address, tls=Tls(named, "b.example")).kind == "untrusted"
    for validity in ("expired", "not-yet"):
        late = stand.https("late", authority.issue("a.example", validity=validity))
        assert client.get(late.address, tls=Tls(named, "a.example")).kind == "untrusted"


def test_client_certificates(stand: servers.Stand, authority: certificates.Authority) -> None:
    server = stand.https("web", authority.issue("a.example").server_context(client_authority=authority))
    bare = client.get(server.address, tls=Tls(authority.client_context(), "a.example"))
    assert (bare.kind, bare.detail) == ("tls-alert", "TLSV13_ALERT_CERTIFICATE_REQUIRED")
    identity = authority.issue("me.example", usage="client", key="rsa")
    known = client.get(server.address, tls=Tls(authority.client_context(identity=identity), "a.example"))
    assert known.json()["tls"]["client"] == ["me.example"]
