"""Clients that are slow on purpose: each is ended in its time, its slot is free again, and nobody else waits for it.

docs/abuse.md tells what is measured here.
"""

from __future__ import annotations

import re
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

import pytest

from hapilot.runtime import binary
from integration.behaviour import sites, visits
from integration.behaviour.abuse import slow, slow_clients
from support import client, haproxies
from support.client import Address, Request
from support.raw_server import RawServer

pytestmark = pytest.mark.haproxy

SITE = """
listeners:
  http: {bind: "127.0.0.1:${HTTP}"}
  https: {bind: "127.0.0.1:${HTTPS}"}
  mixed: {bind: "127.0.0.1:${MIXED}", plain_http: redirect, sniff_timeout: 700ms}
services:
  web: {host: web.example.test, tls: none, servers: ["${web}"], listener: http}
  secure: {host: web.example.test, servers: ["${web}"], listener: [https, mixed]}
  vault: {host: vault.example.test, tls: passthrough, servers: ["${web}"], listener: mixed}
certificates: [{file: "${PEM}"}]
defaults: {health: off, timeouts: {client: 1s, server: 1300ms}}
raw: {defaults: ["timeout http-request 400ms"]}
"""
"""The same as by default, but for the times: 10s, 1m, 1m and 3s are too long for a test."""
REQUEST, SNIFF, CLIENT, SERVER = 0.4, 0.7, 1.0, 1.3
SLACK = 0.6
"""A timer is never early, and late by what the machine is busy with."""
_SOON = 1.0
"""Seconds that others wait at most."""


@pytest.fixture(scope="module", params=["embedded", pytest.param("system", marks=pytest.mark.system)])
def haproxy(request: pytest.FixtureRequest) -> binary.Haproxy:
    """The tests wait for timers; `make test` waits for one HAProxy's."""
    return haproxies.chosen(request.param)


@pytest.fixture(scope="module")
def site(starter: sites.Starter, raw_servers: Mapping[str, RawServer], pem: str) -> sites.Running:
    return starter.start(SITE, PEM=pem, web=_at(raw_servers["web"]))


@pytest.fixture
def web(raw_servers: Mapping[str, RawServer]) -> RawServer:
    raw_servers["web"].forget()
    return raw_servers["web"]


def _at(server: RawServer) -> str:
    return f"{server.address[0]}:{server.address[1]}"


def test_every_slow_client_is_ended_in_its_time(site: sites.Running, web: RawServer, haproxy: binary.Haproxy) -> None:
    """All kinds at once. Whatever they send, it does not get them more time, but for the body of a request."""
    bodies = CLIENT if haproxy.at_least(2, 8) else SERVER
    times = (
        dict.fromkeys(slow_clients.HEADS, REQUEST)
        | dict.fromkeys(slow_clients.HANDSHAKES, CLIENT)
        | dict.fromkeys(slow_clients.SNIFFED, SNIFF)
        | dict.fromkeys(slow_clients.BODIES, bodies)
    )
    # A stream's end is not its connection's: that is silent from then on.
    times["HTTPS no body over HTTP/2"] += REQUEST
    scripts = {**slow_clients.HEADS, **slow_clients.HANDSHAKES, **slow_clients.SNIFFED, **slow_clients.BODIES, **slow_clients.BREATHING}
    ends = slow.watch({name: site.at(name.split()[0]) for name in scripts}, scripts, max(times.values()) + SLACK)
    late = {name: (ends[name], wanted) for name, wanted in times.items() if not _in_time(ends[name].seconds, wanted)}
    assert late == {}
    assert [name for name in slow_clients.BREATHING if ends[name].seconds is not None] == []
    for name in ("HTTP silent", "HTTP a byte now and then", "HTTPS silent behind the handshake"):
        assert ends[name].said.startswith(b"HTTP/1.1 408 "), (name, ends[name])
    for name in ("HTTP no body", "HTTP no chunk", "HTTP half a body"):
        assert re.match(rb"HTTP/1\.1 (400|408|504) ", ends[name].said), (name, ends[name])
    # The servers: a request for each that was answered, none for each that was not, and no connection that waits for a body.
    assert web.wait(lambda streams: not any(one.is_open and one.reading.rest for one in streams))
    assert sorted(one.target for one in web.requests) == ["/first", "/x", "/x"]
    assert [one.reading.problem for one in web.streams if one.reading.problem] == []


def _in_time(seconds: float | None, wanted: float) -> bool:
    return seconds is not None and wanted - 0.05 <= seconds <= wanted + SLACK


def test_slow_bodies_hold_up_nobody(site: sites.Running, web: RawServer) -> None:
    """Each has a connection of its own to the server, which no other request shares; when they give up, it ends."""
    count = 100
    with _crowd([site.at("HTTP")] * count, slow_clients.POST + b"a"):
        assert web.wait(lambda streams: sum(bool(one.reading.rest) for one in streams) == count)
        assert _slowest(site, 20) < _SOON
    assert web.wait(lambda streams: not any(one.is_open and one.reading.rest for one in streams))
    assert {one.target for one in web.requests} == {"/innocent"}


def test_handshakes_without_an_end_hold_up_nobody(site: sites.Running) -> None:
    """On a listener that ends TLS itself, and on one that sniffs."""
    with _crowd([site.at("HTTPS"), site.at("MIXED")] * 100, slow.hello()[:100]):
        for listener in ("HTTPS", "MIXED"):
            began = time.monotonic()
            assert visits.https(site.at(listener), "web.example.test", "/innocent").status == 200
            assert time.monotonic() - began < _SOON


SLOTS = 50
FULL = """
listeners: {http: {bind: "127.0.0.1:${HTTP}"}}
services: {web: {tls: none, servers: ["${web}"]}}
defaults: {health: off}
raw: {global: ["maxconn ${SLOTS}"], defaults: ["timeout http-request 400ms"]}
"""


def test_slots_of_slow_clients_are_free_again(starter: sites.Starter, raw_servers: Mapping[str, RawServer]) -> None:
    """Every slot is taken by a client that says nothing: others wait, and get their turn when these were ended."""
    site = starter.start(FULL, SLOTS=SLOTS, web=_at(raw_servers["web"]))
    with _crowd([site.at("HTTP")] * SLOTS):
        assert REQUEST / 2 < _slowest(site, 1) < 2 * REQUEST + 2 * _SOON
        assert _slowest(site, 5) < _SOON


@contextmanager
def _crowd(addresses: Sequence[Address], said: bytes = b"") -> Generator[None]:
    """One client for each address, which stays there with what it has said."""
    with ExitStack() as crowd:
        for address in addresses:
            crowd.enter_context(client.connect(address)).send(said)
        yield


def _slowest(site: sites.Running, count: int) -> float:
    """Seconds of the slowest of so many requests."""
    times: list[float] = []
    for _ in range(count):
        began = time.monotonic()
        answer = client.get(site.at("HTTP"), Request(target="/innocent", host="web.example.test"))
        assert (answer.status, answer.body) == (200, b"/innocent"), answer
        times.append(time.monotonic() - began)
    return max(times)


DEFAULTS = """
listeners: {http: {bind: "127.0.0.1:${HTTP}"}, https: {bind: "127.0.0.1:${HTTPS}"}}
services:
  web: {host: web.example.test, tls: none, servers: ["${web}"], listener: http}
  secure: {host: web.example.test, servers: ["${web}"], listener: https}
certificates: [{file: "${PEM}"}]
defaults: {health: off}
"""


@pytest.mark.system
def test_a_site_without_timeouts_gives_a_head_ten_seconds(starter: sites.Starter, raw_servers: Mapping[str, RawServer], pem: str) -> None:
    """What docs/security.md promises, with nothing set: also to those who trickle."""
    site = starter.start(DEFAULTS, PEM=pem, web=_at(raw_servers["web"]))
    ends = slow.watch({name: site.at(name.split()[0]) for name in slow_clients.HEADS}, slow_clients.HEADS, 11.5)
    assert {name: end for name, end in ends.items() if end.seconds is None or not 9.9 <= end.seconds <= 11} == {}


def test_the_hello_is_one_that_a_server_answers(site: sites.Running) -> None:
    """So that half of it is half a handshake, and not garbage."""
    assert client.raw_hello(site.at("HTTPS"), slow.hello()).body.startswith(b"\x16\x03\x03")
