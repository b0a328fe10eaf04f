"""The heading "HTTP", its part on silence: tunnels and streams in which nobody says anything for a while."""

from __future__ import annotations

import time

import pytest

from integration.behaviour import sites, visits
from support import certificates, client, servers, standin_tcp, websocket
from support.client import Request

pytestmark = pytest.mark.haproxy

IDLE = """
listeners:
  https: {bind: "127.0.0.1:${HTTPS}", sniff_timeout: 400ms}
  http: {bind: "127.0.0.1:${HTTP}"}
services:
  web: {host: web.example.test, servers: ["${web}"]}
  clear: {host: clear.example.test, tls: none, servers: ["${web}"], listener: http}
  vault: {host: vault.example.test, tls: passthrough, servers: ["${vault}"]}
  git-ssh: {protocol: ssh, servers: ["${git}"], listener: https}
  short: {host: short.example.test, servers: ["${web}"], timeouts: {tunnel: 400ms}}
certificates: [{file: "${PEM}"}]
defaults: {health: off, timeouts: {client: 400ms, server: 400ms}}
"""

PAUSE = 1.0
"""Longer than the client's and the server's timeouts together."""


@pytest.fixture(scope="module")
def idle(starter: sites.Starter, stand: servers.Stand, pem: str) -> sites.Running:
    named = {
        "web": stand.http("web"),
        "vault": stand.https("vault", certificates.authority().issue("vault.example.test")),
        "git": stand.tcp("git", "ssh"),
    }
    return starter.start(IDLE, named, PEM=pem)


def test_idle_tunnels_are_not_cut_by_the_client_timeout(idle: sites.Running) -> None:
    """WebSockets (ended here, in clear, passed through) and ssh: nobody says anything for longer than the timeouts of client and
    server, then all go on. A tunnel's own timeout does cut it."""
    with (
        client.connect(idle.at("HTTPS")) as ended,
        client.connect(idle.at("HTTP")) as clear,
        client.connect(idle.at("HTTPS")) as passed,
        client.connect(idle.at("HTTPS")) as shell,
        client.connect(idle.at("HTTPS")) as short,
    ):
        visits.open_websocket(ended, "web.example.test")
        assert clear.request(Request(host="clear.example.test", headers=websocket.upgrade_headers())).status == 101
        visits.open_websocket(passed, "vault.example.test")
        shell.send(b"SSH-2.0-client\r\n")
        assert shell.read_until(standin_tcp.BANNER).ok
        assert shell.read_until(b"\n").standin == "git"
        visits.open_websocket(short, "short.example.test")
        time.sleep(PAUSE)
        for connection in (ended, clear, passed):
            assert visits.websocket_echo(connection, b"still here").payload == b"still here"
        shell.send(b"still here\n")
        assert shell.read_until(b"\n").body == b"still here\n"
        assert short.read(timeout=0.1).kind in ("closed", "reset")


PATIENT = """
listeners: {https: {bind: "127.0.0.1:${HTTPS}"}}
services:
  web: {host: web.example.test, servers: ["${web}"], timeouts: {tunnel: 1m}}
  vault: {host: vault.example.test, tls: passthrough, servers: ["${web}"]}
certificates: [{file: "${PEM}"}]
defaults: {health: off, timeouts: {tunnel: 400ms}}
"""


def test_a_longer_tunnel_of_a_service_counts_behind_a_hand_over(starter: sites.Starter, stand: servers.Stand, pem: str) -> None:
    """The layer in front waits as long as the most patient service behind it."""
    site = starter.start(PATIENT, {"web": stand.http("web")}, PEM=pem)
    with client.connect(site.at("HTTPS")) as connection:
        visits.open_websocket(connection, "web.example.test")
        time.sleep(PAUSE)
        assert visits.websocket_echo(connection, b"still here").payload == b"still here"


def test_quiet_event_streams_are_not_cut_by_the_timeouts(idle: sites.Running) -> None:
    """Between two events there may be a long silence; over HTTP/2 too."""
    target = f"/sse?count=2&interval={PAUSE}"
    wanted = Request(target=target, host="web.example.test", headers=(("Accept", "text/event-stream"),))
    assert b"data: 1" in client.get(idle.at("HTTPS"), wanted, tls=visits.hello("web.example.test")).body
    (outcome,) = visits.http2(idle.at("HTTPS"), "web.example.test", [wanted])
    assert b"data: 1" in outcome.body, outcome
