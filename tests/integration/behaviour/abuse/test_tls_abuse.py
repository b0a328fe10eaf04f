"""What is no TLS on a TLS port, and TLS that wants more than it should have: ended, and nobody else notices."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping

import pytest

from integration.behaviour import sites, visits
from integration.behaviour.abuse import garbage
from support import client
from support import haproxy as programs
from support.raw_server import RawServer

pytestmark = pytest.mark.haproxy


@pytest.mark.parametrize("kind", garbage.GARBAGE)
def test_what_is_no_tls_is_ended_at_once(target: sites.Running, raw_servers: Mapping[str, RawServer], kind: str) -> None:
    """Without a byte to a server. What may yet become TLS waits for the client's timeout, which is 300 ms here."""
    raw_servers["web"].forget()
    with client.connect(target.at("HTTPS")) as connection:
        connection.send(garbage.GARBAGE[kind])
        began = time.monotonic()
        assert connection.read_to_end(2).kind in ("closed", "reset")
        assert time.monotonic() - began < 0.8
    assert raw_servers["web"].requests == ()
    assert visits.https(target.at("HTTPS"), "web.example.test", "/innocent").body == b"/innocent"


def test_a_client_may_not_renegotiate(target: sites.Running, raw_servers: Mapping[str, RawServer]) -> None:
    """A new handshake inside a connection of TLS 1.2 is refused (CVE-2011-1473); TLS 1.3 has none."""
    openssl = programs.require("openssl", "it asks for a new handshake")
    raw_servers["web"].forget()
    host, port = target.at("HTTPS")
    done = subprocess.run(
        [openssl, "s_client", "-connect", f"{host}:{port}", "-servername", "web.example.test", "-tls1_2", "-no_ign_eof"],
        input=b"R\nGET /renegotiated HTTP/1.1\r\nHost: web.example.test\r\n\r\n",
        capture_output=True,
        timeout=10,
        check=False,
    )
    said = (done.stdout + done.stderr).decode("latin-1")
    assert "TLSv1.2" in said, said
    assert "RENEGOTIATING" in said, said
    assert "no renegotiation" in said, said
    assert raw_servers["web"].requests == ()
    assert visits.https(target.at("HTTPS"), "web.example.test", "/innocent").status == 200
