"""``hapilot test``: everything a site expects, on a real HAProxy in private."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from hapilot.compile import build, private
from support import certificates

from .conftest import PATIENCE, Hapilot, until

pytestmark = [pytest.mark.haproxy, pytest.mark.system]

SITE = """
listeners:
  http: {bind: ":80", redirect: https}
  https: {bind: ":443"}
  far: {bind: ["192.0.2.1:8443", "[2001:db8::1]:8443"], accept_proxy: optional, trusted: [10.0.0.0/8], sniff_timeout: 500ms}
  must: {bind: ":9443", accept_proxy: required, trusted: [10.0.0.0/8]}
  wide: {bind: ":9444", accept_proxy: required, trusted: ["2001:db8:1::/48", 172.16.0.0/12], sniff_timeout: 500ms}
  inside: {bind: "unix:/nowhere/else.sock", accept_proxy: required}
  local: {bind: "unix:/nowhere/at/all.sock"}
  api: {bind: ":6443"}
  mail: {bind: ":25"}
services:
  shop:
    host: shop.example.test
    listener: [https, far, must, wide, inside]
    servers: [shop.example.test:8080, "[2001:db8::12]:8080"]
    health: {http: /healthy, expect: 204}
    headers: {request: {set: {X-A: "1"}, add: {X-B: "2"}, remove: [X-C]}, response: {remove: [X-Hapilot-Visit]}}
    rewrite: {prefix: /in}
  local: {listener: local, tls: none, servers: [10.0.0.1:80]}
  vault: {host: vault.example.test, tls: passthrough, listener: [https, wide], servers: [10.0.0.2:8200], send_proxy: v2}
  console: {host: "*.apps.example.test", tls: reencrypt, servers: [10.0.0.3:443], send_proxy: v1, verify: {ca: ca.pem}}
  fixed: {host: fixed.example.test, tls: reencrypt, servers: [10.0.0.4:443], verify: {name: inner.example.test}}
  modern: {host: modern.example.test, tls: reencrypt, servers: [10.0.0.5:443], http2: h2, health: {http: /h, expect: 206}}
  clear: {host: clear.example.test, servers: [10.0.0.6:80], http2: h2c}
  beta: {host: clear.example.test, match: {header: {X-Beta: "1"}}, servers: [10.0.0.10:80]}
  guarded: {host: guarded.example.test, listener: [https, must], servers: [10.0.0.7:80], allow: [203.0.113.0/24, "2001:db8:5::/48"]}
  limited: {host: limited.example.test, servers: [10.0.0.8:80], rate_limit: {requests: 1, per: 1m}}
  members:
    host: members.example.test
    servers: [10.0.0.11:80, 10.0.0.12:80]
    basic_auth: {users: {ann: {password: for this test}}}
    sticky: {cookie: SRV}
  moved: {host: moved.example.test, redirect: {to: "https://else.example.test{path}", code: 302}}
  old: {host: old.example.test, servers: [10.0.0.13:80], canary: {service: new, percent: 100}}
  new: {servers: [10.0.0.14:80]}
  closed: {host: closed.example.test, maintenance: {status: 503, body: later}}
  proven: {host: proven.example.test, servers: [10.0.0.9:80], client_certificates: {ca: ca.pem}}
  ssh: {protocol: ssh, listener: [https, far, wide], servers: [10.0.0.30:22]}
  cluster: {protocol: tcp, tls: passthrough, host: api.example.test, listener: api, servers: ["[2620:52:0:1305::100]"]}
  imap: {protocol: tcp, tls: edge, host: imap.example.test, listener: api, servers: [10.0.0.50:143]}
  smtp: {protocol: tcp, listener: mail, servers: [10.0.0.40:25], send_proxy: v2}
certificates:
  - self_signed: ["*.example.test", "*.apps.example.test"]
log: {format: json}
raw:
  global: ["log 10.0.0.99:514 local1"]
  listener:
    mail: ["tcp-request connection reject if { src 198.51.100.9 }"]
    must: ["tcp-request connection reject if !{ src 10.0.0.0 }", "tcp-request session reject if { src 198.51.100.8 }"]
expect:
"""

ROWS = (
    ('{url: "https://shop.example.test/q?a=b", headers: {X-C: "1", X-B: "9"}, service: shop, tls: edge}', "-> shop (edge)"),
    ('{url: "https://shop.example.test:8443/", service: shop}', "-> shop (edge)"),
    ('{url: "https://shop.example.test:8443/", from: "2001:db8::99", service: shop}', "-> shop (edge)"),
    ('{url: "https://shop.example.test:8443/", from: 127.0.0.9, service: shop}', "-> shop (edge)"),
    ('{url: "https://shop.example.test:9443/", service: shop, tls: edge}', "-> shop (edge)"),
    (
        '{url: "http://shop.example.test/x?y=1", redirect: "https://shop.example.test/x?y=1", status: 308}',
        "308 -> https://shop.example.test/x?y=1",
    ),
    ('{url: "http://local.example.test:2525/", service: local, tls: none}', "-> local (none), 10.0.0.1:80"),
    ('{url: "https://vault.example.test/ui", service: vault, tls: passthrough}', "-> vault (passthrough), 10.0.0.2:8200"),
    ('{connect: "tls://vault.example.test:443", service: vault}', "-> vault (passthrough), 10.0.0.2:8200"),
    ('{url: "https://a.apps.example.test/", service: console, tls: reencrypt}', "-> console (reencrypt), 10.0.0.3:443"),
    ('{url: "https://fixed.example.test/", service: fixed, tls: reencrypt}', "-> fixed (reencrypt), 10.0.0.4:443"),
    ('{url: "https://modern.example.test/", service: modern, tls: reencrypt}', "-> modern (reencrypt), 10.0.0.5:443"),
    ('{url: "https://clear.example.test/", service: clear}', "-> clear (edge), 10.0.0.6:80"),
    ('{url: "https://clear.example.test/", headers: {X-Beta: "1"}, service: beta}', "-> beta (edge), 10.0.0.10:80"),
    ('{url: "https://guarded.example.test/", outcome: respond, status: 403}', "403"),
    ('{url: "https://guarded.example.test/", from: 203.0.113.9, service: guarded}', "-> guarded (edge), 10.0.0.7:80"),
    ('{url: "https://guarded.example.test/", from: "2001:db8:5::9", service: guarded}', "-> guarded (edge), 10.0.0.7:80"),
    ('{url: "https://limited.example.test/", service: limited}', "-> limited (edge), 10.0.0.8:80"),
    ('{url: "https://limited.example.test/again", service: limited}', "-> limited (edge), 10.0.0.8:80"),
    ('{url: "https://members.example.test/", status: 401}', "401"),
    (
        '{url: "https://members.example.test/", headers: {Authorization: "Basic YW5uOmZvciB0aGlzIHRlc3Q="}, service: members}',
        "-> members (edge)",
    ),
    (
        '{url: "https://moved.example.test/a?b", redirect: "https://else.example.test/a?b", status: 302}',
        "302 -> https://else.example.test/a?b",
    ),
    ('{url: "https://old.example.test/", service: new}', "-> new (edge), 10.0.0.14:80"),
    ('{url: "https://closed.example.test/", status: 503}', "503"),
    ('{url: "https://proven.example.test/", outcome: reject}', "refused"),
    ('{connect: "ssh://example.test:443", service: ssh, tls: none}', "-> ssh (none), 10.0.0.30:22"),
    ('{connect: "tcp://:8443", service: ssh}', "-> ssh (none), 10.0.0.30:22"),
    ('{connect: "tls://api.example.test:6443", service: cluster}', "-> cluster (passthrough), 2620:52:0:1305::100:6443"),
    ('{connect: "tls://imap.example.test:6443", service: imap, tls: edge}', "-> imap (edge), 10.0.0.50:143"),
    ('{url: "https://other.example.test:6443", outcome: reject}', "refused"),
    ('{connect: "tcp://:25", service: smtp}', "-> smtp (none), 10.0.0.40:25"),
    ('{connect: "tcp://:25", from: 198.51.100.9, outcome: reject}', "refused"),
    ('{url: "https://192.0.2.9/", outcome: reject}', "refused"),
    ('{url: "https://nowhere.example.test/", status: 404}', "404"),
    ('{url: "https://shop.example.test:9443/", from: "2001:db8::99", service: shop}', "-> shop (edge)"),
    ('{url: "https://shop.example.test:9443/", from: 198.51.100.8, outcome: reject}', "refused"),
    ('{url: "https://guarded.example.test:9443/", status: 403}', "403"),
    ('{url: "https://guarded.example.test:9443/", from: 10.0.0.0, status: 403}', "403"),
    ('{url: "https://guarded.example.test:9443/", from: 203.0.113.9, service: guarded}', "-> guarded (edge), 10.0.0.7:80"),
    ('{url: "https://shop.example.test:9444/", service: shop}', "-> shop (edge)"),
    ('{url: "https://shop.example.test:9444/", from: "2001:db8::99", service: shop}', "-> shop (edge)"),
    ('{url: "https://vault.example.test:9444/", from: "2001:db8::99", service: vault}', "-> vault (passthrough), 10.0.0.2:8200"),
    ('{connect: "tcp://:9444", from: 203.0.113.9, service: ssh}', "-> ssh (none), 10.0.0.30:22"),
    ('{url: "https://shop.example.test:2525/", from: 203.0.113.9, service: shop}', "-> shop (edge)"),
)
"""An expectation, and what is told of it: with everything that a site can have, nothing of which this machine has."""


def write(hapilot: Hapilot, *expected: str, site: str = SITE) -> None:
    """The site with these expectations."""
    (hapilot.folder / "ca.pem").write_bytes(certificates.authority().pem)
    hapilot.write(site + "".join(f"  - {one}\n" for one in expected))


def report(hapilot: Hapilot, code: int) -> dict[str, Any]:
    """What ``test --json`` says."""
    done = hapilot.run("test", hapilot.site, "--json")
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)


def failures(said: Mapping[str, Any]) -> dict[str, list[str]]:
    """By target."""
    return {one["target"]: one["failures"] for one in said["expectations"] if one["failures"]}


def test_everything_that_a_site_can_have(each_hapilot: Hapilot) -> None:
    write(each_hapilot, *(row for row, _ in ROWS))
    done = each_hapilot.run("test", each_hapilot.site)
    lines = done.stdout.splitlines()
    assert [line for line in lines if not line.startswith("ok ")] == lines[-1:], done.stdout
    assert done.returncode == 0
    for (row, told), line in zip(ROWS, lines, strict=False):
        assert f"  {told}" in line, row
    assert lines[-1].startswith(f"{len(ROWS)} of {len(ROWS)} expectations hold on HAProxy 2.")
    assert lines[-1].endswith("; health checks of 20 of 20 servers succeed")
    assert not Path("/nowhere").exists()


def test_what_came_of_a_connection_is_told_in_json(hapilot: Hapilot) -> None:
    balanced = '{url: "https://vault.example.test:9444/", from: 203.0.113.5, service: vault}'
    write(hapilot, ROWS[1][0], ROWS[5][0], ROWS[15][0], ROWS[32][0], balanced)
    said = report(hapilot, 0)
    assert (said["ok"], said["passed"], said["failed"]) == (True, 5, 0)
    far, moved, guarded, refused, behind = (one["seen"] for one in said["expectations"])
    assert behind["client_ip"] == "203.0.113.5", "not the load balancer's"
    assert (far["client_ip"], far["certificate"]) == ("192.0.2.77", ["*.example.test", "*.apps.example.test"])
    assert (moved["outcome"], moved["status"], moved["location"]) == ("redirect", 308, "https://shop.example.test/x?y=1")
    assert (guarded["client_ip"], guarded["service"]) == ("203.0.113.9", "guarded")
    assert (refused["outcome"], refused["server"]) == ("reject", None)
    assert said["health"] == {"servers": 20, "checked": 20, "failing": []}
    assert said["expectations"][0]["expected"] == {"service": "shop"}


WRONG = (
    ('{url: "https://shop.example.test/", service: vault}', "service is shop, expected vault"),
    ('{url: "https://fixed.example.test/", tls: edge}', "tls is reencrypt, expected edge"),
    (
        '{url: "http://shop.example.test/", redirect: "https://shop.example.test:8443/"}',
        "redirect is https://shop.example.test/, expected ",
    ),
    ('{url: "https://guarded.example.test/", status: 401}', "status is 403, expected 401"),
    ('{connect: "ssh://example.test:22", service: ssh}', "service is none, expected ssh"),
    ('{connect: "udp://example.test", outcome: reject}', "'udp://example.test' is not a target"),
    ('{url: "https://limited.example.test/", from: nobody, service: limited}', "'nobody' is not an IP address"),
)


def test_what_does_not_hold_is_said_and_fails(hapilot: Hapilot) -> None:
    """Each with its reason, on the terminal and for CI."""
    # Without the socket that has no port: it would take every port that no listener has.
    site = SITE.replace('  local: {bind: "unix:/nowhere/at/all.sock"}\n', "").replace(
        "  local: {listener: local, tls: none, servers: [10.0.0.1:80]}\n", ""
    )
    write(hapilot, *(row for row, _ in WRONG), ROWS[0][0], site=site)
    junit = hapilot.folder / "out.xml"
    done = hapilot.run("test", hapilot.site, "--junit", junit)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert sum(line.startswith("FAIL") for line in lines) == len(WRONG)
    assert lines[-1].startswith(f"1 of {len(WRONG) + 1} expectations hold on HAProxy ")
    for _, reason in WRONG:
        assert any(line.startswith(f"      {reason}") for line in lines), (reason, done.stdout)
    (suite,) = ElementTree.parse(junit).getroot()
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == (str(len(WRONG) + 2), str(len(WRONG)), "0")
    failed = [case.find("failure") for case in suite]
    assert [one is not None for one in failed] == [True] * len(WRONG) + [False, False]
    assert failed[0] is not None
    assert str(failed[0].get("message")).startswith("service is shop, expected vault")
    assert str(failed[0].text).endswith(f"at {hapilot.site}:{site.count(chr(10)) + 1}:5")


def test_a_lie_of_explain_is_found(hapilot: Hapilot, monkeypatch: pytest.MonkeyPatch) -> None:
    """What runs is not what was explained: the servers of two services have changed places."""
    real = private.private

    def swapped(made: build.Build, opened: private.Opened) -> build.Build:
        places = private.survey(made).places
        ports = dict(zip((place.service for place in places), opened.places, strict=True))
        other = {"clear": "guarded", "guarded": "clear"}
        return real(made, private.Opened(opened.doors, [ports[other.get(place.service, place.service)] for place in places], opened.every))

    monkeypatch.setattr(private, "private", swapped)
    site = SITE.replace(', "[2001:db8::12]:8080"]', "]").replace("http2: h2c", "retries: 1")
    write(hapilot, '{url: "https://clear.example.test/", outcome: forward}', site=site)
    told = failures(report(hapilot, 1))["https://clear.example.test/"]
    assert told == ["not as explained: it said service clear, seen: guarded"]


def test_the_gate_for_load_balancers_is_the_site_s_own(each_hapilot: Hapilot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where somebody else than the load balancer connects, with the same header, what runs lets nobody in."""
    real = private.private

    def strange(made: build.Build, opened: private.Opened) -> build.Build:
        doors = [replace(one, balancer=one.balancer and "198.51.100.1") for one in opened.doors]
        return real(made, replace(opened, doors=doors))

    monkeypatch.setattr(private, "private", strange)
    write(each_hapilot, '{connect: "tcp://:9444", service: ssh}', ROWS[0][0])
    told = failures(report(each_hapilot, 1))
    assert list(told) == ["tcp://:9444"]
    assert told["tcp://:9444"][0].startswith("service is none, expected ssh")
    assert told["tcp://:9444"][1].startswith("not as explained: it said forward, seen: refused")


def test_a_health_check_that_can_never_succeed_is_found(each_hapilot: Hapilot) -> None:
    lines = "raw:\n  service: {limited: [option httpchk, http-check expect status 418]}\nexpect:\n"
    site = SITE.partition("raw:\n")[0] + lines
    write(each_hapilot, ROWS[0][0], site=site)
    said = report(each_hapilot, 1)
    assert failures(said) == {}
    (failing,) = said["health"]["failing"]
    assert (failing["service"], failing["server"]) == ("limited", "10.0.0.8:80")
    assert "L7STS" in failing["reason"]
    done = each_hapilot.run("test", each_hapilot.site)
    assert "FAIL  health check of limited/10.0.0.8:80: its health check ends in L7STS" in done.stdout
    assert "1 of 1 expectations hold" in done.stdout
    assert done.stdout.endswith("health checks of 19 of 20 servers succeed\n")


def test_a_dead_service_says_why(hapilot: Hapilot) -> None:
    """Explained as forwarded; HAProxy knows better by then, and says what it knows."""
    lines = "raw:\n  service: {limited: [option httpchk, http-check expect status 418]}\nexpect:\n"
    site = SITE.partition("raw:\n")[0].replace("  limited: {", "  limited: {health: {fall: 1}, ") + lines
    slow = ['{connect: "tcp://:8443", service: ssh}'] * 2
    write(hapilot, *slow, '{url: "https://limited.example.test/", service: limited}', site=site)
    told = failures(report(hapilot, 1))["https://limited.example.test/"]
    assert told[0].startswith("service is none, expected limited")
    assert told[1] == "not as explained: it said forward, seen: 503"
    assert told[2].startswith("HAProxy says of limited/10.0.0.8:80: its health check ends in L7STS")


def test_a_site_without_expectations_is_started_all_the_same(hapilot: Hapilot) -> None:
    hapilot.plain(9)
    done = hapilot.run("test", hapilot.site)
    assert done.returncode == 0
    assert done.stdout.startswith("0 of 0 expectations hold on HAProxy 2.")
    assert done.stdout.endswith("health checks of 1 of 1 servers succeed\n")
    assert done.stderr == "the site has no expect: nothing was tried but its health checks\n"


def test_a_broken_site_is_not_tried(hapilot: Hapilot) -> None:
    hapilot.plain(9, extra="raw: {service: {shop: [nonsense here]}}\n")
    done = hapilot.run("test", hapilot.site)
    assert (done.returncode, done.stdout) == (1, "")
    assert "error[haproxy-refused]" in done.stderr
    hapilot.write("services: [\n")
    assert "error[yaml-syntax]" in hapilot.run("test", hapilot.site).stderr


def test_a_report_that_can_t_be_written_is_an_error(hapilot: Hapilot) -> None:
    hapilot.plain(9)
    done = hapilot.run("test", hapilot.site, "--junit", hapilot.folder / "no" / "such" / "folder.xml")
    assert done.returncode == 1
    assert "error can't write " in done.stderr


def test_it_leaves_the_site_s_own_ports_and_the_state_alone(hapilot: Hapilot) -> None:
    """It runs beside the real site, on the same configuration, with another HAProxy."""
    hapilot.plain(hapilot.other_port, extra=f'expect: [{{url: "http://a.test:{hapilot.port}/", service: shop}}]\n')
    hapilot.up()
    before = hapilot.haproxy().pid
    # What is known of servers is written down when it is known.
    until(lambda: (hapilot.state.root / "servers.known").exists(), "up has looked at the servers")
    state = sorted(path.name for path in hapilot.state.root.iterdir())
    assert report(hapilot, 0)["passed"] == 1
    assert hapilot.haproxy().pid == before
    assert sorted(path.name for path in hapilot.state.root.iterdir()) == state


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_it_ends_everything_when_it_is_ended(hapilot: Hapilot, tmp_path: Path, number: signal.Signals) -> None:
    site = SITE.replace("sniff_timeout: 500ms", "sniff_timeout: 1m")
    write(hapilot, '{connect: "tcp://:8443", service: ssh}', site=site)
    folder = tmp_path / "t"
    folder.mkdir()
    folder.chmod(0o711)
    command = [sys.executable, "-m", "hapilot", "test", hapilot.site]
    env = {**hapilot.environment, "TMPDIR": str(folder)}
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL) as tried:
        until(lambda: _haproxies(folder) or tried.poll() is not None, "HAProxy runs")
        (running,) = _haproxies(folder)
        time.sleep(0.2)
        tried.send_signal(number)
        assert tried.wait(PATIENCE) == 130
    until(lambda: not Path(f"/proc/{running}").exists(), "HAProxy has ended")
    assert list(folder.iterdir()) == []


def _haproxies(folder: Path) -> list[int]:
    """Those that read files below ``folder``, and serve already."""
    found: list[int] = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if os.fsencode(folder) in b" ".join(words) and b"-db" in words:
            found.append(int(path.parent.name))
    return found


def test_on_a_terminal_there_is_a_table(hapilot: Hapilot) -> None:
    write(hapilot, ROWS[0][0], WRONG[0][0])
    ours, theirs = pty.openpty()
    env = {**hapilot.environment, "COLUMNS": "120", "TERM": "xterm-256color"}
    try:
        command = [sys.executable, "-m", "hapilot", "test", hapilot.site]
        with subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=theirs, stderr=subprocess.PIPE) as tried:
            os.close(theirs)
            shown = _all(ours)
            assert tried.wait(PATIENCE) == 1
    finally:
        os.close(ours)
    assert "what happened" in shown
    assert "\x1b[32mok" in shown
    assert "FAIL" in shown
    assert "service is shop, expected vault" in shown


def _all(descriptor: int) -> str:
    """Everything until nobody holds the other end."""
    said = b""
    while True:
        try:
            part = os.read(descriptor, 65536)
        except OSError:
            return said.decode()
        if not part:
            return said.decode()
        said += part
