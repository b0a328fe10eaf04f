"""``explain`` on a listener in front of which a load balancer always sends a PROXY header."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from hapilot.cli import main
from hapilot.explain import probe
from hapilot.reconcile import live
from hapilot.runtime import attempt

TARGET = "https://shop.test:9443/"
SITE = """
listeners: {must: {bind: ":9443", accept_proxy: required, trusted: [10.0.0.0/8]}}
services: {shop: {host: shop.test, tls: passthrough, servers: [10.0.0.1:443]}}
"""


@pytest.fixture
def site(tmp_path: Path) -> str:
    path = tmp_path / "site.yaml"
    path.write_text(SITE)
    return str(path)


def said(site: str, *options: str) -> list[str]:
    """The lines of the answer."""
    done = CliRunner().invoke(main.cli, ["explain", site, TARGET, *options])
    assert done.exit_code == 0, done.output
    return done.stdout.splitlines()


def test_the_client_behind_it_is_meant(site: str) -> None:
    lines = said(site, "--from", "203.0.113.9")
    assert lines[0] == f"{TARGET}  -> shop"
    assert "  PROXY      a header from 10.0.0.0 says: client 203.0.113.9, port 9443" in lines
    assert "  client     203.0.113.9" in lines
    told = json.loads("\n".join(said(site, "--from", "203.0.113.9", "--json")))
    assert told["proxy"] == {"peer": "10.0.0.0", "source": "203.0.113.9", "destination": "203.0.113.9:9443"}


def test_a_client_without_a_header_is_asked_for(site: str) -> None:
    assert said(site, "--no-proxy") == [f"{TARGET}  refused", "  because    only trusted addresses may connect"]
    assert said(site, "--no-proxy", "--from", "10.0.0.1")[1] == "  because    a PROXY header is required, and there is none"
    assert json.loads("\n".join(said(site, "--no-proxy", "--json")))["proxy"] is None


def test_with_live_it_is_this_machine_that_connects_without_one(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[probe.Probe] = []

    def compared(_: object, what: probe.Probe, *__: object) -> live.Comparison:
        asked.append(what)
        return live.Comparison(attempt.Seen("closed", problem="reset"), (), ())

    monkeypatch.setattr(live, "compare", compared)
    lines = said(site, "--live")
    assert lines[0] == f"{TARGET}  refused"
    assert lines[-1] == "  live       agrees: closed (reset)"
    assert [one.behind_balancer for one in asked] == [False]
