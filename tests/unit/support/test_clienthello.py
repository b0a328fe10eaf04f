"""ClientHellos by hand: an OpenSSL server understands them, and re-framed ones still complete a handshake."""

from __future__ import annotations

import ssl

import hypothesis
import pytest
from hypothesis import strategies

from support import certificates, client, clienthello, servers
from support.clienthello import Hello

_SIZES: list[clienthello.Sizes] = [1, 5, 100, (1, 5), (3, 1, 40)]


@hypothesis.given(strategies.binary(max_size=60), strategies.integers(1, 70) | strategies.lists(strategies.integers(1, 20)))
def test_pieces_join_again(data: bytes, sizes: int | list[int]) -> None:
    pieces = list(clienthello.cut(data, sizes))
    assert b"".join(pieces) == data
    assert all(pieces)


@pytest.mark.parametrize(
    "hello",
    [
        Hello("a.example", ("h2", "http/1.1")),
        Hello(),
        Hello("a.example", key_share_bytes=1600),
        Hello("a.example", ("acme-tls/1",), 1216, 16_000),
    ],
)
@pytest.mark.parametrize("sizes", [(), 100, (1, 5)])
def test_a_built_hello_is_understood(hello: Hello, sizes: clienthello.Sizes, authority: certificates.Authority) -> None:
    flight = clienthello.build(hello, sizes)
    said = clienthello.read(flight)
    assert (said.sni, said.alpn) == (hello.sni, hello.alpn)
    assert len(flight) > hello.key_share_bytes + (hello.padding or 0)

    context = authority.issue("a.example").server_context(["h2", "http/1.1", "acme-tls/1"])
    names: list[str | None] = []
    context.sni_callback = lambda _tls, name, _context: names.append(name)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    engine = context.wrap_bio(incoming, outgoing, server_side=True)
    incoming.write(flight)
    with pytest.raises(ssl.SSLWantReadError):
        engine.do_handshake()
    assert names == [hello.sni]
    assert outgoing.read()[5:6] == b"\x02", "the server answers with a ServerHello"
    assert engine.selected_alpn_protocol() == (hello.alpn[0] if hello.alpn else None)


@pytest.mark.parametrize("records", [(), *_SIZES])
@pytest.mark.parametrize("segments", [(), 30, (1, 5)])
def test_a_real_handshake_in_many_pieces(
    records: clienthello.Sizes, segments: clienthello.Sizes, stand: servers.Stand, authority: certificates.Authority
) -> None:
    server = stand.https("web", authority.issue("a.example"))
    how = client.Tls(authority.client_context(["http/1.1"]), "a.example", records, segments, pause=0.001)
    outcome = client.get(server.address, tls=how)
    assert (outcome.status, outcome.standin, outcome.peer_names) == (200, "web", ("a.example",))
    assert outcome.json()["tls"]["sni"] == "a.example"


def test_the_hello_really_goes_in_several_records(authority: certificates.Authority) -> None:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    engine = authority.client_context().wrap_bio(incoming, outgoing, server_hostname="a.example")
    with pytest.raises(ssl.SSLWantReadError):
        engine.do_handshake()
    flight = outgoing.read()
    again = clienthello.reframe(flight, (1, 5))
    assert [again[3:5], again[9:11]] == [b"\0\1", b"\0\5"]
    assert clienthello.read(again) == clienthello.read(flight)
    assert len(again) == len(flight) + 10
