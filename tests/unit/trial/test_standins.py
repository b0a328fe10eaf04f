"""Stand-ins as clients see them, whatever those speak."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from hapilot.base import errors
from hapilot.runtime import attempt
from hapilot.trial import issuing, standins, talking
from support import certificates, client, client_http2, proxy_protocol

SHOP = talking.Server(7, "shop", "10.0.0.1:80")
CLIENT = ("192.0.2.9", 1), ("192.0.2.8", 2)


@contextmanager
def standing(folder: Path, *servers: talking.Server) -> Generator[tuple[standins.Standins, list[client.Address]]]:
    """The servers with their addresses."""
    with standins.standing_in(servers, issuing.Issuer(folder)) as running:
        yield running, [("127.0.0.1", port) for port in running.ports]


def test_http_is_answered_with_who_answers_and_what_arrived(tmp_path: Path) -> None:
    server = replace(SHOP, check="/healthy", status=204)
    with standing(tmp_path, server) as (running, (address,)):
        answer = client.get(address, client.Request("GET", "/cart?id=1", "a.test", headers=(("X-A", "1"), ("X-a", "2"))))
        assert (answer.status, answer.header("X-Server")) == (200, "shop")
        seen = json.loads(answer.body)
        assert (seen["service"], seen["server"], seen["path"]) == ("shop", "10.0.0.1:80", "/cart?id=1")
        visit = running.visit(int(answer.header(talking.HEADER) or 0))
        assert visit is not None
        assert (visit.server, visit.protocol, visit.header("x-a"), visit.over_tls, visit.told) == (server, "http/1.1", "2", False, None)
        assert client.get(address, client.Request("GET", "/healthy", "a.test")).status == 204
        assert client.get(address, client.Request("POST", "/", "a.test", body=b"x" * 10_000)).status == 200


def test_one_connection_serves_many_requests(tmp_path: Path) -> None:
    with standing(tmp_path, SHOP) as (_, (address,)), client.connect(address) as connection:
        assert [connection.request(client.Request("GET", "/", "a.test")).status for _ in range(3)] == [200, 200, 200]


def test_tls_is_answered_for_any_name_and_tells_whose_it_is(tmp_path: Path) -> None:
    with standing(tmp_path, SHOP) as (running, (address,)):
        tls = client.Tls(certificates.trusting_nobody(), "Vault.example.test")
        with client.connect(address) as connection:
            connection.start_tls(tls)
            names = connection.peer_names
            answer = connection.request(client.Request("GET", "/", "a.test"))
        assert "vault.example.test" in names
        assert issuing.shown_by(names) == 7
        visit = running.visit(int(answer.header(talking.HEADER) or 0))
        assert visit is not None
        assert (visit.over_tls, visit.sni) == (True, "vault.example.test")


def test_the_issuer_s_certificates_are_proved_by_its_authority(tmp_path: Path) -> None:
    issuer = issuing.Issuer(tmp_path)
    with standins.standing_in([SHOP], issuer) as running:
        context = ssl.create_default_context(cadata=issuer.authority)
        plain = socket.create_connection(("127.0.0.1", running.ports[0]), 5)
        with context.wrap_socket(plain, server_hostname="a.example.test") as secure:
            assert secure.version() == "TLSv1.3"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("secure", [False, True])
def test_http2_is_spoken_where_it_is_meant(tmp_path: Path, secure: bool) -> None:
    with standing(tmp_path, replace(SHOP, http2=True, status=206)) as (running, (address,)), client.connect(address) as connection:
        if secure:
            connection.start_tls(client.Tls(certificates.trusting_nobody(alpn=("h2", "http/1.1")), "a.test"))
            assert connection.alpn == "h2"
        http2 = client_http2.Http2(connection)
        answers = http2.requests([client.Request("GET", "/", "a.test"), client.Request("POST", "/", "a.test", body=b"x" * 50_000)])
        assert [answer.status for answer in answers] == [206, 206]
        assert json.loads(answers[1].body)["service"] == "shop"
        visits = [running.visit(int(answer.header(talking.HEADER) or 0)) for answer in answers]
        assert [visit.protocol for visit in visits if visit] == ["h2", "h2"]


def test_a_server_without_http2_does_not_offer_it(tmp_path: Path) -> None:
    with standing(tmp_path, SHOP) as (_, (address,)), client.connect(address) as connection:
        connection.start_tls(client.Tls(certificates.trusting_nobody(alpn=("h2", "http/1.1")), "a.test"))
        assert connection.alpn == "http/1.1"


def test_ssh_and_others_are_greeted(tmp_path: Path) -> None:
    servers = [replace(SHOP, protocol="ssh"), replace(SHOP, number=8, protocol="tcp", name="other")]
    with standing(tmp_path, *servers) as (running, (ssh, tcp)):
        for address, says, expected in (
            (ssh, b"", "10.0.0.1:80"),
            (ssh, b"SSH-2.0-me\r\n", "10.0.0.1:80"),
            (tcp, b"", "other"),
            (tcp, b"HELO x\r\n", "other"),
        ):
            with socket.create_connection(address, 5) as connection:
                connection.sendall(says)
                seen = attempt.Seen("data", data=connection.recv(100))
            assert seen.data.startswith(b"SSH-2.0-") is (address == ssh)
            visit = running.visit_of(seen)
            assert visit is not None
            assert visit.server.name == expected


@pytest.mark.parametrize("header", [proxy_protocol.build_v1(*CLIENT), proxy_protocol.build_v2(*CLIENT, tlvs=[(2, b"a.test")])])
def test_a_proxy_header_is_read_where_it_is_expected(tmp_path: Path, header: bytes) -> None:
    with standing(tmp_path, replace(SHOP, proxied=True)) as (running, (address,)):
        for tls in (None, client.Tls(certificates.trusting_nobody(), "a.test")):
            answer = client.get(address, client.Request("GET", "/", "a.test"), tls=tls, proxy=header)
            visit = running.visit(int(answer.header(talking.HEADER) or 0))
            assert visit is not None
            assert visit.told is not None
            assert visit.told.client == "192.0.2.9"
        with socket.create_connection(address, 5) as bare:
            bare.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert _ended(bare)
        assert running.complaints("shop") == ("10.0.0.1:80: it got no PROXY header, which send_proxy speaks of",)


def test_a_proxy_header_that_nobody_expects_is_refused(tmp_path: Path) -> None:
    with standing(tmp_path, SHOP) as (running, (address,)):
        with socket.create_connection(address, 5) as proxied:
            proxied.sendall(proxy_protocol.build_v2(*CLIENT))
            assert _ended(proxied)
        assert "it got a PROXY header that the site does not speak of" in running.complaints("shop")[0]


def _ended(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def test_those_who_only_look_are_no_reason_to_complain(tmp_path: Path) -> None:
    with standing(tmp_path, SHOP, replace(SHOP, number=8, proxied=True)) as (running, addresses):
        for address in addresses:
            socket.create_connection(address, 5).close()
        assert client.get(addresses[0], client.Request("GET", "/", "a.test")).status == 200
        assert running.complaints("shop") == ()


def test_a_client_that_does_not_trust_the_certificate_is_told_of(tmp_path: Path) -> None:
    with standing(tmp_path, SHOP) as (running, (address,)):
        with client.connect(address) as connection:
            connection.start_tls(client.Tls(certificates.authority().client_context(check_hostname=True), "a.test"))
        for _ in range(200):
            if running.complaints("shop"):
                break
            socket.create_connection(address, 5).close()
        assert "unknown ca" in running.complaints("shop")[0]


def test_more_servers_than_files_is_an_error_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def few(_: int) -> tuple[int, int]:
        return 50, 60

    monkeypatch.setattr("resource.getrlimit", few)
    with pytest.raises(errors.HapilotError, match="this process may open 60 files at most") as raised, standing(tmp_path, SHOP):
        pass
    assert "ulimit" in raised.value.hint


def test_a_port_that_is_taken_is_an_error(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        taken = replace(SHOP, port=holder.getsockname()[1])
        with pytest.raises(errors.HapilotError, match="no stand-in for shop"), standing(tmp_path, taken):
            pass
