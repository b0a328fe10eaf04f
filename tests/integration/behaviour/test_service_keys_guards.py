"""Who may use a service and what others are told: networks, passwords, rates, maintenance, error pages."""

from __future__ import annotations

import base64
import time
from pathlib import Path

import pytest

from integration.behaviour import sites, visits
from support import client, servers, websocket
from support.client import Request
from support.outcome import Outcome

pytestmark = pytest.mark.haproxy

PAGE = "<h1>Schön: 100% down %[src]</h1>\n"

SITE = """
listeners:
  https: {bind: ["127.0.0.1:${HTTPS}", "[::1]:${HTTPS}"], trusted: 127.0.0.99}
  mixed: {bind: "127.0.0.1:${MIXED}"}
  db: {bind: ["127.0.0.1:${DB}", "[::1]:${DB}"]}
services:
  allow: {host: allow.example.test, listener: https, servers: ["${web}"], allow: [127.0.0.2, 127.0.1.0/24], deny: 127.0.1.7}
  deny: {host: deny.example.test, listener: https, servers: ["${web}"], deny: [127.0.0.2, "::1"], errors: {403: "${HTML}"}}
  six: {host: six.example.test, listener: https, servers: ["${web}"], deny: "::/0"}
  vault: {host: vault.example.test, tls: passthrough, listener: mixed, servers: ["${web}"], allow: 127.0.0.2}
  closed: {host: closed.example.test, tls: passthrough, listener: mixed, servers: ["${web}"], maintenance: {}}
  beside: {host: beside.example.test, listener: mixed, servers: ["${web}"]}
  db: {protocol: tcp, listener: db, servers: ["${db}"], deny: [127.0.0.2, "::/0"]}
  users:
    host: users.example.test
    listener: https
    servers: ["${web}"]
    basic_auth: {users: {joe: {password_env: JOE}, "ann'ä": {password_env: ANN}}}
  shown:
    host: shown.example.test
    listener: https
    servers: ["${web}"]
    basic_auth: {users: {joe: {password_env: JOE}}}
    errors: {401: "${HTML}"}
  rated: {host: rated.example.test, listener: https, servers: ["${web}"], rate_limit: {requests: 5, per: 2s}}
  paged: {host: paged.example.test, listener: https, servers: ["${web}"], rate_limit: {requests: 1, per: 1h}, errors: {429: "${JSON}"}}
  down: {host: down.example.test, listener: https, maintenance: {}}
  told: {host: told.example.test, listener: https, servers: ["${web}"], maintenance: {body: "${BODY}"}}
  gone: {host: gone.example.test, listener: https, maintenance: {status: 410}, errors: {410: "${HTML}"}, allow: 127.0.0.0/8}
  nothing: {host: nothing.example.test, listener: https, maintenance: {status: 204}}
  dead: {host: dead.example.test, listener: https, servers: ["127.0.0.1:${DEAD}"], errors: {503: "${HTML}"}}
  lost:
    host: lost.example.test
    listener: https
    servers: ["127.0.0.1:${DEAD}"]
    errors: {503: "${LARGE}"}
    headers: {response: {set: {X-Ours: always}}}
  slow: {host: slow.example.test, listener: https, servers: ["${web}"], timeouts: {server: 200ms}, errors: {504: "${JSON}"}}
  broken: {host: broken.example.test, listener: https, servers: ["${db}"], errors: {502: "${HTML}"}}
  own: {host: own.example.test, listener: https, servers: ["${web}"], errors: {503: "${HTML}"}}
certificates: [{file: "${PEM}"}]
defaults: {health: off, retries: 0}
"""


@pytest.fixture(scope="module")
def site(starter: sites.Starter, stand: servers.Stand, pem: str, tmp_path_factory: pytest.TempPathFactory) -> sites.Running:
    folder = tmp_path_factory.mktemp("pages")
    pages = {"HTML": "down.html", "JSON": "error.json", "LARGE": "large.txt"}
    texts = {"HTML": PAGE, "JSON": '{"error": true}', "LARGE": "x" * (14 * 1024)}
    for name, file in pages.items():
        (folder / file).write_text(texts[name], encoding="utf-8")
    values = {name: folder / file for name, file in pages.items()}
    known = {"web": stand.http("web"), "db": stand.tcp("db")}
    known["web"].answers["/503"] = 503
    return starter.start(SITE, known, PEM=pem, JOE="correct horse", ANN="pass:wörd", BODY="Back at noon, 100%", **values)


def _from(site: sites.Running, host: str, source: str) -> Outcome:
    return visits.https(site.at("HTTPS", "::1" if ":" in source else "127.0.0.1"), host, source=source)


# Networks


@pytest.mark.parametrize(
    ("host", "source", "status"),
    [
        ("allow", "127.0.0.2", 200),
        ("allow", "127.0.1.1", 200),
        ("allow", "127.0.1.7", 403),
        ("allow", "127.0.0.1", 403),
        ("allow", "::1", 403),
        ("deny", "127.0.0.2", 403),
        ("deny", "127.0.0.1", 200),
        ("deny", "::1", 403),
        ("six", "::1", 403),
        ("six", "127.0.0.1", 200),
    ],
)
def test_networks_are_allowed_and_denied(site: sites.Running, host: str, source: str, status: int) -> None:
    """``deny`` wins over ``allow``; ``::/0`` means IPv6 clients and no others. A refused request reaches no server."""
    count = site.servers["web"].request_count
    assert _from(site, f"{host}.example.test", source).status == status
    assert site.servers["web"].request_count == count + (status == 200)


def test_the_client_behind_a_trusted_proxy_is_judged(site: sites.Running) -> None:
    """What counts is who the client is; a stranger's word about it is not believed."""
    for source, said, status in (("127.0.0.99", "127.0.0.2", 200), ("127.0.0.99", "192.0.2.1", 403), ("127.0.0.1", "127.0.0.2", 403)):
        headers = [("X-Forwarded-For", said)]
        assert visits.https(site.at("HTTPS"), "allow.example.test", headers=headers, source=source).status == status


def test_a_refusal_brings_the_services_page(site: sites.Running) -> None:
    """Instead of the plain text."""
    outcome = _from(site, "deny.example.test", "127.0.0.2")
    assert (outcome.body.decode(), outcome.header("content-type")) == (PAGE, "text/html; charset=utf-8")
    plain = _from(site, "allow.example.test", "127.0.0.1")
    assert (plain.body, plain.header("content-type")) == (b"403 Forbidden: this address may not use the service", "text/plain")


def test_networks_count_where_connections_are_passed_on(site: sites.Running) -> None:
    """TCP and passthrough: who may not is cut off before a byte reaches the server."""
    assert client.speak(site.at("DB"), b"hello\n").ok
    for address, source in (("127.0.0.1", "127.0.0.2"), ("::1", "::1")):
        with client.connect(site.at("DB", address), source=source) as connection:
            connection.send(b"hello\n")
            assert connection.read().kind in ("closed", "reset")
    count = site.servers["web"].connections
    for source in ("127.0.0.1", "127.0.0.3"):
        assert visits.https(site.at("MIXED"), "vault.example.test", source=source).kind in ("closed", "reset")
    assert site.servers["web"].connections == count
    visits.https(site.at("MIXED"), "vault.example.test", source="127.0.0.2")
    assert site.servers["web"].connections == count + 1


# Passwords


def _as_user(site: sites.Running, host: str, user: str, password: str) -> Outcome:
    token = base64.b64encode(f"{user}:{password}".encode()).decode()
    return visits.https(site.at("HTTPS"), host, headers=[("Authorization", f"Basic {token}")])


@pytest.mark.parametrize(
    ("user", "password", "status"),
    [
        ("joe", "correct horse", 200),
        ("ann'ä", "pass:wörd", 200),
        ("joe", "pass:wörd", 401),
        ("joe", "", 401),
        ("joe", "correct horse ", 401),
        ("", "correct horse", 401),
        ("nobody", "correct horse", 401),
    ],
)
def test_only_users_with_their_password_get_in(site: sites.Running, user: str, password: str, status: int) -> None:
    """Colons and other alphabets in passwords are fine."""
    count = site.servers["web"].request_count
    assert _as_user(site, "users.example.test", user, password).status == status
    assert site.servers["web"].request_count == count + (status == 200)


def test_who_brings_no_password_is_asked_for_one(site: sites.Running) -> None:
    """Over either version, also before a WebSocket; what is no Basic authentication is none."""
    challenge = 'Basic realm="users"'
    bare = visits.https(site.at("HTTPS"), "users.example.test")
    (second,) = visits.http2(site.at("HTTPS"), "users.example.test", [Request(host="users.example.test")])
    bearer = visits.https(site.at("HTTPS"), "users.example.test", headers=[("Authorization", "Bearer correct horse")])
    socket = visits.https(site.at("HTTPS"), "users.example.test", headers=websocket.upgrade_headers())
    for outcome in (bare, second, bearer, socket):
        assert (outcome.status, outcome.header("www-authenticate")) == (401, challenge)


def test_the_question_for_a_password_may_have_a_page(site: sites.Running) -> None:
    """The challenge stays."""
    outcome = visits.https(site.at("HTTPS"), "shown.example.test")
    assert (outcome.status, outcome.header("www-authenticate"), outcome.body.decode()) == (401, 'Basic realm="shown"', PAGE)


def test_passwords_of_services_stand_hashed_in_the_configuration(site: sites.Running) -> None:
    """Nobody who reads it can log in."""
    assert "correct horse" not in site.config
    assert "pass:wörd" not in site.config
    assert site.config.count("password '$6$rounds=") == 3


# Rates


def test_a_client_that_asks_too_much_gets_429_and_is_let_in_again(site: sites.Running) -> None:
    """With Retry-After; other clients are not concerned; refusals do not count, so that asking on does not lock a client out."""
    host, source = "rated.example.test", "127.0.2.1"
    count = site.servers["web"].request_count
    found = [_from(site, host, source) for _ in range(9)]
    assert [outcome.status for outcome in found] == [200] * 5 + [429] * 4
    assert found[-1].header("retry-after") == "2"
    assert site.servers["web"].request_count == count + 5
    assert _from(site, host, "127.0.2.2").status == 200
    assert _from(site, host, "::1").status == 200
    end = time.monotonic() + 8
    while (again := _from(site, host, source).status) == 429 and time.monotonic() < end:
        time.sleep(0.05)
    assert again == 200


def test_one_connection_counts_like_many(site: sites.Running) -> None:
    """Requests are counted, not connections, over either version."""
    host = "rated.example.test"
    with client.connect(site.at("HTTPS"), source="127.0.2.3") as connection:
        connection.start_tls(visits.hello(host))
        assert [connection.request(Request(host=host)).status for _ in range(7)] == [200] * 5 + [429] * 2
    outcomes = visits.http2(site.at("HTTPS"), host, [Request(host=host)] * 8)
    assert sorted(outcome.status for outcome in outcomes) == [200] * 5 + [429] * 3


def test_a_refusal_for_the_rate_may_have_a_page(site: sites.Running) -> None:
    """An API wants JSON."""
    assert _from(site, "paged.example.test", "127.0.2.4").status == 200
    outcome = _from(site, "paged.example.test", "127.0.2.4")
    assert (outcome.status, outcome.json(), outcome.header("content-type")) == (429, {"error": True}, "application/json")
    assert outcome.header("retry-after") == "3600"


# Maintenance


def test_a_service_under_maintenance_says_so(site: sites.Running) -> None:
    """With Retry-After, over either version; no request reaches a server."""
    count = site.servers["web"].request_count
    for host, body in (("down", "503 Service Unavailable: down for maintenance"), ("told", "Back at noon, 100%")):
        name = f"{host}.example.test"
        for outcome in (visits.https(site.at("HTTPS"), name, "/x"), *visits.http2(site.at("HTTPS"), name, [Request(host=name)])):
            assert (outcome.status, outcome.header("retry-after"), outcome.body.decode()) == (503, "300", body)
    assert site.servers["web"].request_count == count


def test_maintenance_may_have_another_status_and_a_page(site: sites.Running) -> None:
    """The page for that status, if there is one; statuses without a body have none."""
    gone = visits.https(site.at("HTTPS"), "gone.example.test")
    assert (gone.status, gone.body.decode(), gone.header("retry-after")) == (410, PAGE, "300")
    nothing = visits.https(site.at("HTTPS"), "nothing.example.test")
    assert (nothing.status, nothing.body) == (204, b"")


def test_a_passed_service_under_maintenance_is_closed(site: sites.Running) -> None:
    """There is nothing that could be told to a client; its neighbours on the port go on."""
    count = site.servers["web"].connections
    assert visits.https(site.at("MIXED"), "closed.example.test").kind in ("closed", "reset")
    assert site.servers["web"].connections == count
    assert visits.https(site.at("MIXED"), "beside.example.test").status == 200


# Error pages


def test_a_dead_service_shows_its_own_page(site: sites.Running) -> None:
    """Over either version, with the type that its name says; HEAD gets the headers alone."""
    name = "dead.example.test"
    for outcome in (visits.https(site.at("HTTPS"), name), *visits.http2(site.at("HTTPS"), name, [Request(host=name)])):
        assert (outcome.status, outcome.body.decode(), outcome.header("content-type")) == (503, PAGE, "text/html; charset=utf-8")
    head = client.get(site.at("HTTPS"), Request("HEAD", "/", name), tls=visits.hello(name))
    assert (head.status, head.body) == (503, b"")


def test_the_largest_page_can_be_sent(site: sites.Running) -> None:
    """With headers that the service adds."""
    outcome = visits.https(site.at("HTTPS"), "lost.example.test")
    assert (outcome.status, len(outcome.body), outcome.header("x-ours")) == (503, 14 * 1024, "always")


def test_slow_and_broken_servers_have_pages_too(site: sites.Running) -> None:
    """504 and 502."""
    slow = visits.https(site.at("HTTPS"), "slow.example.test", "/slow?seconds=1")
    assert (slow.status, slow.json(), slow.header("content-type")) == (504, {"error": True}, "application/json")
    broken = visits.https(site.at("HTTPS"), "broken.example.test")
    assert (broken.status, broken.body.decode()) == (502, PAGE)


def test_what_a_server_answers_is_never_replaced(site: sites.Running) -> None:
    """An error of its own is its own."""
    outcome = visits.https(site.at("HTTPS"), "own.example.test", "/503")
    assert (outcome.status, outcome.standin) == (503, "web")
    assert outcome.json()["target"] == "/503"


def test_pages_are_files_of_the_generation(site: sites.Running) -> None:
    """Copies: what happens to the named files later changes nothing."""
    assert sites.text_of(site.bundle, "pages/dead.503.html") == PAGE
    assert not any(str(Path(line).name) == "down.html" for line in site.config.split())
