"""``status`` and ``explain --live``: what runs, also where the site file says something else by now."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from support import certificates, client, haproxy, servers

from .conftest import PATIENCE, Hapilot, hapilot_in, until

pytestmark = pytest.mark.haproxy


def write_site(hapilot: Hapilot, stand: servers.Stand) -> None:
    """Every kind of answer there is: forwarded, redirected, misdirected, unknown, refused."""
    shop, vault = stand.http("shop"), stand.https("vault", certificates.authority().issue("vault.example.test"))
    hapilot.write(
        f"""listeners:
  http: {{bind: "127.0.0.1:{hapilot.other_port}", redirect: https}}
  https: {{bind: "127.0.0.1:{hapilot.port}"}}
services:
  shop:
    host: shop.example.test
    path: /cart
    servers: ["127.0.0.1:{shop.port}", "127.0.0.1:1"]
    health: {{every: 200ms, fall: 1}}
  vault:
    host: vault.example.test
    tls: passthrough
    servers: ["127.0.0.1:{vault.port}"]
certificates:
  - self_signed: [shop.example.test]
"""
    )


def service(report: dict[str, Any], name: str) -> dict[str, Any]:
    """One service of ``status --json``."""
    return next(one for one in report["services"] if one["name"] == name)


@pytest.fixture
def running(hapilot: Hapilot, stand: servers.Stand) -> Hapilot:
    """The site, up."""
    write_site(hapilot, stand)
    hapilot.up()
    return hapilot


def test_status_describes_what_runs_whatever_the_file_says_now(running: Hapilot) -> None:
    tls = client.Tls(certificates.trusting_nobody(), "shop.example.test")
    answer = client.get(("127.0.0.1", running.port), client.Request("GET", "/cart", "shop.example.test"), tls=tls)
    assert answer.standin == "shop"
    before = running.json("status")
    assert before["site"] == str(running.site)
    assert before["generation"] == 1
    assert before["hapilot_pid"] == running.started[0].process.pid
    assert [(one["name"], one["bind"], one["status"]) for one in before["listeners"]] == [
        ("http", [f"127.0.0.1:{running.other_port}"], "OPEN"),
        ("https", [f"127.0.0.1:{running.port}"], "OPEN"),
    ]
    assert service(before, "shop")["tls"] == "edge"
    assert service(before, "shop")["total"] == 1
    assert service(before, "vault")["tls"] == "passthrough"
    assert before["certificates"][0]["hosts"] == ["shop.example.test"]
    until(lambda: service(running.json("status"), "shop")["health"] == "degraded", "the dead server is noticed")
    dead = service(running.json("status"), "shop")["servers"][1]
    assert dead["health"].startswith("DOWN")
    assert "Connection refused" in dead["reason"]

    running.write("services: [\n")
    running.started[0].wait_said("not applied")
    broken = running.json("status")
    assert broken["generation"] == 1
    assert [one["name"] for one in broken["services"]] == [one["name"] for one in before["services"]]
    running.started[0].end(signal.SIGKILL)
    running.site.unlink()
    gone = running.run("status")
    assert gone.returncode == 0
    assert "no hapilot looks after it" in gone.stdout
    assert "vault (passthrough)" in gone.stdout
    assert "\x1b" not in gone.stdout


def test_status_follows_a_change(hapilot: Hapilot, stand: servers.Stand) -> None:
    one, two = stand.http("one"), stand.http("two")
    hapilot.plain(one.port)
    up = hapilot.up()
    hapilot.plain(two.port, "basket")
    up.wait_said("applied: generation 2 (")
    report = hapilot.json("status")
    assert report["generation"] == 2
    assert [(one["name"], one["servers"][0]["address"]) for one in report["services"]] == [("basket", f"127.0.0.1:{two.port}")]


def test_status_watch_prints_a_line_per_look_and_survives_a_dead_haproxy(running: Hapilot) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "hapilot", "status", "--watch", "--json"],
        env=running.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as watch:
        assert watch.stdout is not None
        assert watch.stderr is not None
        first = json.loads(watch.stdout.readline())
        os.kill(running.haproxy().pid, signal.SIGKILL)
        assert "nothing runs in" in watch.stderr.readline()
        while (later := json.loads(watch.stdout.readline()))["pid"] == first["pid"]:
            pass
        assert service(later, "vault")["tls"] == "passthrough"
        watch.send_signal(signal.SIGINT)
        assert watch.wait(PATIENCE) == 0
        assert "Traceback" not in watch.stderr.read()


def test_status_where_nothing_runs(hapilot: Hapilot) -> None:
    for arguments in (("status",), ("status", "--json"), ("status", "--watch")):
        done = hapilot.run(*arguments)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == (
            f"error nothing runs in {hapilot.state.root}\n    start it with `hapilot up SITE`, or name its state directory with --state\n"
        )


TARGETS = {
    "forward": ("https://shop.example.test:{port}/cart", "forward", 200),
    "passed through": ("https://vault.example.test:{port}/ui", "forward", 200),
    "redirect": ("http://shop.example.test:{other}/cart?id=1", "redirect", 308),
    "not found": ("https://shop.example.test:{port}/other", "respond", 404),
    "refused": ("https://nowhere.example.test:{port}/", "reject", None),
    "handshake": ("tls://vault.example.test:{port}", "forward", None),
}


@pytest.fixture(scope="module", params=haproxy.each(slow=True))
def explained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, stand: servers.Stand) -> Generator[Hapilot]:
    """The site, up for all targets, on each HAProxy."""
    binary: haproxy.Binary = request.param
    with hapilot_in(tmp_path_factory.mktemp("live"), binary.path) as made:
        write_site(made, stand)
        made.up()
        yield made


@pytest.mark.parametrize("kind", TARGETS)
def test_explain_live_agrees(explained: Hapilot, kind: str) -> None:
    target, outcome, status = TARGETS[kind]
    shown = target.format(port=explained.port, other=explained.other_port)
    said = explained.json("explain", explained.site, shown, "--live")
    assert said["live"]["differences"] == []
    assert (said["outcome"], said["live"]["status"]) == (outcome, status)


def test_explain_live_agrees_on_a_misdirected_request(explained: Hapilot) -> None:
    """The name of the handshake is served here, the request's is passed through."""
    header = f"Host: vault.example.test:{explained.port}"
    said = explained.json("explain", explained.site, f"https://shop.example.test:{explained.port}/cart", "--live", "--header", header)
    assert said["status"] == 421
    assert said["live"]["status"] == 421
    assert said["live"]["agrees"] is True


def test_explain_live_says_where_the_running_site_differs(running: Hapilot, tmp_path: Path) -> None:
    text = running.site.read_text()
    other = tmp_path / "other.yaml"
    target = f"https://shop.example.test:{running.port}/cart"

    other.write_text(text.replace("  shop:", "  basket:"))
    done = running.run("explain", other, target, "--live")
    assert done.returncode == 1
    assert "  live       differs: 200 to" not in done.stdout
    assert "said: service basket; taken by shop" in done.stdout

    other.write_text(text.replace("path: /cart", "path: /shelf"))
    done = running.run("explain", other, target, "--live", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["live"]["differences"] == ["said: 404; seen: 200"]

    other.write_text(text.replace(str(running.port), "1"))
    done = running.run("explain", other, "https://nowhere.example.test:1/", "--live")
    assert done.returncode == 1
    assert "said: listener https; nothing listens there" in done.stdout


def test_explain_live_where_nothing_runs(hapilot: Hapilot, stand: servers.Stand) -> None:
    write_site(hapilot, stand)
    done = hapilot.run("explain", hapilot.site, f"https://shop.example.test:{hapilot.port}/cart", "--live")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"error nothing runs in {hapilot.state.root}\n")
