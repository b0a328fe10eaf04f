"""HTTP/2 between the client and the stand-in: many authorities on one connection, flow control, gRPC."""

from __future__ import annotations

import concurrent.futures
import socket

import h2.config
import h2.connection
import h2.events
import pytest

from support import certificates, client, client_http2, servers
from support.client import Request, Tls


@pytest.mark.parametrize("is_tls", [True, False])
def test_several_authorities_on_one_connection(is_tls: bool, stand: servers.Stand, authority: certificates.Authority) -> None:
    leaf = authority.issue("*.example")
    server = stand.https("web", leaf, alpn=("h2",)) if is_tls else stand.http("web")
    tls = Tls(authority.client_context(["h2"]), "a.example") if is_tls else None
    server.answers["/gone"] = 410
    wanted = [Request(host="a.example"), Request(host="b.example", target="/gone"), Request("HEAD", host="c.example")]
    outcomes = client_http2.requests(server.address, wanted, tls=tls)
    assert [(outcome.kind, outcome.status) for outcome in outcomes] == [
        ("response", 200), ("response", 410), ("response", 200),
    ]  # fmt: skip
    assert [seen.header(":authority") for seen in server.requests] == ["a.example", "b.example", "c.example"]
    assert server.connections == 1
    assert outcomes[0].json()["version"] == "HTTP/2"
    assert outcomes[0].peer_names == (("*.example",) if is_tls else ())


def test_bodies_larger_than_the_windows(stand: servers.Stand) -> None:
    server = stand.http("web")
    body = b"x" * 400_000
    grpc = Request("POST", "/pkg.Service/Method", body=body, headers=(("content-type", "application/grpc"),))
    [outcome] = client_http2.requests(server.address, [grpc])
    assert (outcome.body == body, outcome.header("grpc-status")) == (True, "0")


def test_breaks_are_outcomes(stand: servers.Stand) -> None:
    server = stand.http("web")
    with client.connect(server.address) as connection:
        engine = client_http2.Http2(connection, "http")
        assert engine.request().ok
        server.stop()
        assert engine.request().kind in ("closed", "reset")
    assert client_http2.requests(server.address, [Request(), Request()])[1].kind == "refused"


def test_a_server_without_http2(stand: servers.Stand, authority: certificates.Authority) -> None:
    server = stand.https("web", authority.issue("a.example"), alpn=("http/1.1",))
    tls = Tls(authority.client_context(["h2", "http/1.1"]), "a.example")
    [outcome] = client_http2.requests(server.address, [Request()], tls=tls)
    assert (outcome.kind, outcome.detail) == ("garbage", "ALPN gave http/1.1, not h2")


def test_answers_after_a_goaway_still_count() -> None:
    ours, theirs = socket.socketpair()
    with client.Connection(ours, None) as connection, theirs, concurrent.futures.ThreadPoolExecutor(1) as pool:
        engine = client_http2.Http2(connection, "http")
        answers = pool.submit(engine.requests, [Request(target="/1"), Request(target="/3")])
        server = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        asked = 0
        while asked < 2:
            events = server.receive_data(theirs.recv(65_536))
            asked += sum(isinstance(event, h2.events.RequestReceived) for event in events)
        theirs.sendall(server.data_to_send() + _goaway(last_stream=1))
        server.send_headers(1, [(":status", "204")], end_stream=True)
        theirs.sendall(server.data_to_send())
        outcomes = answers.result(10)
    assert [(outcome.kind, outcome.status, outcome.detail) for outcome in outcomes] == [
        ("response", 204, ""), ("closed", 0, "GOAWAY NO_ERROR"),
    ]  # fmt: skip
    assert engine.goaway == 0


def _goaway(last_stream: int) -> bytes:
    return b"\0\0\x08\x07\0" + bytes(4) + last_stream.to_bytes(4) + bytes(4)
