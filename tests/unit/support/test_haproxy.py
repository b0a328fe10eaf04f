"""A real HAProxy between client and stand-in: both ends tell the same story."""

from __future__ import annotations

from pathlib import Path

import pytest

from support import client, haproxy, proxy_protocol, servers

_CONFIG = """
defaults
    timeout connect 2s
    timeout client 5s
    timeout server 5s
frontend in
    bind 127.0.0.1:{port} accept-proxy
    default_backend out
backend out
    server one 127.0.0.1:{server} send-proxy-v2
"""

pytestmark = pytest.mark.haproxy


@pytest.mark.parametrize("binary", haproxy.binaries(), ids=lambda binary: binary.id)
def test_the_client_s_address_goes_through(binary: haproxy.Binary, stand: servers.Stand, tmp_path: Path) -> None:
    server, port = stand.tcp("line", proxy="required"), haproxy.free_port()
    config = _CONFIG.format(port=port, server=server.port)
    with haproxy.running(binary.path, config, tmp_path, ports=[("127.0.0.1", port)]):
        header = proxy_protocol.build_v1(("192.0.2.7", 4711), ("192.0.2.8", 443))
        outcome = client.speak(("127.0.0.1", port), b"x\n", proxy=header)
    assert outcome.json()["proxy"]["src"] == ["192.0.2.7", 4711]
    assert haproxy.check(binary.path, tmp_path / "haproxy.cfg")[0] == 0


def test_what_does_not_start_is_said(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="unknown keyword 'nonsense'"):
        with haproxy.running(haproxy.embedded(), "nonsense\n", tmp_path, ports=[("127.0.0.1", haproxy.free_port())]):
            pass


def test_require(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HAPILOT_REQUIRE_ALL", raising=False)
    assert haproxy.require("sh", "the test").is_file()
    with pytest.raises(pytest.skip.Exception, match="no-such-tool is not installed: the test"):
        haproxy.require("no-such-tool", "the test")
    monkeypatch.setenv("HAPILOT_REQUIRE_ALL", "1")
    with pytest.raises(pytest.fail.Exception):
        haproxy.require("no-such-tool", "the test")
