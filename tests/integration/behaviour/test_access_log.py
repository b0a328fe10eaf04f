"""The heading "access log": what happened in the site file's own words, in JSON and in text."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from integration.behaviour import sites, visits
from support import certificates, client, servers
from support.client import Request, Tls
from support.standin import Server

pytestmark = pytest.mark.haproxy

SITE = """
log: {format: "${FORMAT}", to: "syslog:127.0.0.1:${LOG}"}
listeners:
  front: {bind: "127.0.0.1:${FRONT}", sniff_timeout: 1s}
  http: {bind: "127.0.0.1:${HTTP}", redirect: https}
services:
  shop: {host: shop.example.test, path: [/, /cart], servers: ["${shop}"], listener: front}
  post: {host: shop.example.test, match: {method: POST}, servers: ["${shop}"], listener: front}
  any: {host: "*.example.test", servers: ["${shop}"], listener: front}
  ports: {host: ports.apps.test, tls: none, servers: ["127.0.0.2"], listener: [front, http]}
  dead: {host: dead.apps.test, servers: ["127.0.0.1:${DEAD}"], listener: front}
  vault: {host: vault.example.test, tls: passthrough, servers: ["${vault}"], listener: front}
certificates: [{file: "${PEM}"}]
defaults: {health: off, retries: 0}
"""


class Log:
    """A syslog server for one test."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]

    def close(self) -> None:
        self._socket.close()

    def line(self, wanted: str, timeout: float = 5.0) -> str:
        """The next line with ``wanted`` in it, without the syslog header."""
        deadline = time.monotonic() + timeout
        while (left := deadline - time.monotonic()) > 0:
            self._socket.settimeout(left)
            text = self._socket.recv(65536).decode()
            if wanted in text:
                return text.partition("]: ")[2].strip()
        raise AssertionError(f"no line with {wanted!r}")


@pytest.fixture(scope="module")
def log() -> Iterator[Log]:
    made = Log()
    yield made
    made.close()


@pytest.fixture(scope="module")
def named(stand: servers.Stand) -> dict[str, Server]:
    return {"shop": stand.http("shop"), "vault": stand.https("vault", certificates.authority().issue("vault.example.test"))}


def _start(starter: sites.Starter, named: dict[str, Server], **values: object) -> sites.Running:
    return starter.start(SITE, named, **values)


@pytest.fixture(scope="module")
def as_json(starter: sites.Starter, named: dict[str, Server], pem: str, log: Log) -> sites.Running:
    return _start(starter, named, PEM=pem, LOG=log.port, FORMAT="json")


@pytest.fixture(scope="module")
def as_text(starter: sites.Starter, named: dict[str, Server], pem: str, log: Log) -> sites.Running:
    return _start(starter, named, PEM=pem, LOG=log.port, FORMAT="text")


def _record(log: Log, wanted: str) -> dict[str, Any]:
    """The next line with this text in it; HAProxy writes slashes in JSON as ``\\/``."""
    return json.loads(log.line(wanted.replace("/", r"\/")))


def test_a_request_is_told_in_the_sites_own_words(as_json: sites.Running, log: Log) -> None:
    """Listener, route, service and server, and nothing of frontends and backends."""
    visits.https(as_json.at("FRONT"), "shop.example.test", "/cart/first?x=1")
    seen = _record(log, "/cart/first")
    told = {name: seen[name] for name in ("listener", "route", "service", "method", "host", "uri", "status", "reason", "termination")}
    assert told == {
        "listener": "front",
        "route": "shop.example.test/cart",
        "service": "shop",
        "method": "GET",
        "host": "shop.example.test",
        "uri": "/cart/first?x=1",
        "status": 200,
        "reason": "-",
        "termination": "--",
    }
    assert seen["client"] == "127.0.0.1"
    assert seen["port"] > 0
    assert seen["ms"] >= 0
    visits.https(as_json.at("FRONT"), "other.example.test", "/wild")
    assert _record(log, "/wild")["route"] == "*.example.test"


def test_the_route_is_the_one_that_conditions_chose(as_json: sites.Running, log: Log) -> None:
    """A route with conditions is told with them."""
    tls = visits.hello("shop.example.test")
    client.get(as_json.at("FRONT"), Request("POST", "/post-it", "shop.example.test"), tls=tls)
    seen = _record(log, "/post-it")
    assert (seen["service"], seen["route"]) == ("post", "shop.example.test with method POST")


@pytest.mark.parametrize(
    ("host", "target", "status", "reason"),
    [
        ("nowhere.test", "/none", 404, "no-route"),
        ("shop.example.test", "/a/../none", 400, "bad-request"),
        ("vault.example.test", "/none", 421, "misdirected"),
    ],
)
def test_an_answer_of_our_own_says_why(as_json: sites.Running, log: Log, host: str, target: str, status: int, reason: str) -> None:
    """No service was asked, and the reason is there in words."""
    tls = Tls(certificates.trusting_nobody(), "shop.example.test" if status == 421 else "x.example.test" if status == 404 else host)
    client.get(as_json.at("FRONT"), Request(target=target, host=host), tls=tls)
    seen = _record(log, target)
    expected = (421, "misdirected") if host == "nowhere.test" else (status, reason)
    assert (seen["service"], seen["status"], seen["reason"]) == ("-", *expected)


def test_a_server_that_is_not_there_is_told_by_the_termination(as_json: sites.Running, log: Log) -> None:
    """``SC``: the server refused the connection (configuration manual, section 8.5)."""
    tls = visits.hello("shop.example.test")
    client.get(as_json.at("FRONT"), Request(target="/dead", host="dead.apps.test"), tls=tls)
    seen = _record(log, "/dead")
    assert (seen["service"], seen["status"], seen["termination"]) == ("dead", 503, "SC")


def test_what_is_passed_through_and_what_is_refused(as_json: sites.Running, log: Log) -> None:
    """Connections: by name, or refused with the reason."""
    visits.https(as_json.at("FRONT"), "vault.example.test", "/through")
    seen = _record(log, '"sni":"vault.example.test"')
    assert (seen["listener"], seen["service"], seen["reason"]) == ("front", "vault", "-")
    client.speak(as_json.at("FRONT"), b"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\r\n")
    assert _record(log, "nothing that is spoken")["termination"] == "PR"


def test_hostile_texts_stay_inside_their_values(as_json: sites.Running, log: Log) -> None:
    """Quotes, backslashes and line ends in what a client says do not break a line or its JSON."""
    with client.connect(as_json.at("FRONT")) as connection:
        connection.start_tls(visits.hello("shop.example.test"))
        connection.send(b'GET /quote"x\\y\xff,"status":1 HTTP/1.1\r\nHost: shop.example.test\r\nConnection: close\r\n\r\n')
        connection.read_to_end()
    line = log.line("termination")
    assert json.loads(line)["status"] in (200, 400)
    visits.https(as_json.at("FRONT"), "shop.example.test", "/%22%5c%0a")
    assert _record(log, "/%22")["uri"] == "/%22%5c%0a"


def test_a_service_with_several_backends_has_one_name(as_json: sites.Running, log: Log) -> None:
    """Servers that take the listener's port make a backend for each port; the log has the service."""
    client.get(as_json.at("HTTP"), Request(target="/ported", host="ports.apps.test"))
    assert _record(log, "/ported")["service"] == "ports"


def test_text_says_the_same(as_text: sites.Running, log: Log) -> None:
    """One line, in the same words."""
    visits.https(as_text.at("FRONT"), "shop.example.test", "/cart/text?x=1")
    line = log.line("/cart/text")
    assert " front shop/" in line
    for part in ('route="shop.example.test/cart"', 'method="GET"', 'uri="/cart/text?x=1"', "status=200"):
        assert part in line
