"""``hapilot plan`` against running HAProxies: beside ``up`` and without it, before and after changes, and when it can't tell."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from hapilot.runtime import commands, process
from support import certificates, servers

from .conftest import Hapilot, until

pytestmark = pytest.mark.haproxy


def site(hapilot: Hapilot, services: str, rest: str = "") -> Path:
    """A site with a listener of plain HTTP and one of HTTPS."""
    listeners = f"  web: {{bind: '127.0.0.1:{hapilot.port}'}}\n  tls: {{bind: '127.0.0.1:{hapilot.other_port}'}}\n"
    return hapilot.write(f"listeners:\n{listeners}defaults: {{health: false}}\nservices:\n{services}{rest}")


def service(name: str, *ports: int, more: str = "") -> str:
    """A service of plain HTTP."""
    addresses = ", ".join(f"127.0.0.1:{port}" for port in ports)
    return f"  {name}: {{host: {name}.example.test, tls: none, listener: web, servers: [{addresses}]{more}}}\n"


SECURE = "  safe: {host: safe.example.test, listener: tls, servers: ['127.0.0.1:9']}\n"
SIGNED = "certificates: [{self_signed: [safe.example.test]}]\n"


def test_before_and_after_a_change(each_hapilot: Hapilot, stand: servers.Stand) -> None:
    hapilot, one, two = each_hapilot, stand.http("one").port, stand.http("two").port
    site(hapilot, service("shop", one) + SECURE, SIGNED)
    nothing = hapilot.run("plan", hapilot.site, "--detailed-exitcode")
    assert (nothing.returncode, nothing.stdout.splitlines()[-1]) == (2, "HAProxy starts")
    hapilot.up("--on-change", "ask")
    assert hapilot.run("plan", "--detailed-exitcode").returncode == 0

    site(hapilot, service("shop", one, two) + service("blog", two) + SECURE, SIGNED)
    planned = hapilot.json("plan")
    assert (planned["ok"], planned["reload"], planned["reload_reasons"], planned["generation"]) == (True, False, [], 1)
    kinds = [step["kind"] for step in planned["actions"]]
    assert kinds[:3] == ["give-spare", "add-server", "add-server"]
    assert set(kinds[3:]) == {"replace-table"}
    assert {"kind", "object", "reason", "disturbs"} <= planned["actions"][0].keys()
    before = _servers(hapilot)
    again = hapilot.run("plan", "--detailed-exitcode")
    assert (again.returncode, "+ service blog" in again.stdout) == (2, True)
    assert _servers(hapilot) == before, "a plan changes nothing"

    done = hapilot.json("apply")
    assert (done["how"], done["reasons"]) == ("runtime", [])
    empty = hapilot.json("plan")
    assert (empty["actions"], empty["summary"], empty["generation"]) == ([], "nothing to change", 2)

    site(hapilot, service("shop", one, two, more=", retries: 7") + service("blog", two) + SECURE, SIGNED)
    planned = hapilot.json("plan")
    assert [step["kind"] for step in planned["actions"]] == ["reload"]
    assert planned["reload_reasons"] == ["service shop: settings change (retries)"]
    assert hapilot.json("apply")["reasons"] == planned["reload_reasons"]
    assert hapilot.run("plan", "--detailed-exitcode").returncode == 0


def _servers(hapilot: Hapilot) -> list[tuple[object, ...]]:
    """What can be told to HAProxy of its servers; what their checks find changes all the time."""
    lines = commands.parse_servers_state(hapilot.haproxy().runtime.send("show servers state"))
    return [(line.backend, line.name, line.address, line.port, line.admin_state, line.weight) for line in lines]


@pytest.mark.system
def test_what_verbs_said_is_no_difference_and_what_a_hand_did_is(hapilot: Hapilot, stand: servers.Stand) -> None:
    one = stand.http("one").port
    site(hapilot, service("shop", one, 9))
    hapilot.up("--on-change", "ask")
    server = f"shop/127.0.0.1:{one}"
    assert hapilot.run("drain", server).returncode == 0
    assert hapilot.run("weight", "shop/127.0.0.1:9", "7").returncode == 0
    assert hapilot.json("plan")["actions"] == []
    hapilot.haproxy().runtime.send(f"set server {server} state ready")
    assert [step["reason"] for step in hapilot.json("plan")["actions"]] == ["state from ready to drain, as told"]
    # Which `up` makes true again by itself.
    until(lambda: hapilot.json("plan")["actions"] == [], "what the verbs have said holds")
    hapilot.haproxy().runtime.send("set server shop/127.0.0.1:9 addr 127.0.0.1 port 11")
    site(hapilot, service("shop", one, 9, 10))
    assert [step["kind"] for step in hapilot.json("plan")["actions"]] == ["move-server", "add-server"]


@pytest.mark.system
def test_without_a_running_up(hapilot: Hapilot, stand: servers.Stand) -> None:
    """HAProxy runs alone, as after a crash; and the certificates of the local CA are the ones that it has."""
    site(hapilot, service("shop", stand.http("one").port) + SECURE, SIGNED)
    hapilot.up().end(signal.SIGKILL)
    assert hapilot.run("plan", "--detailed-exitcode").returncode == 0
    site(hapilot, service("shop", 9) + SECURE, SIGNED)
    assert [step["kind"] for step in hapilot.json("plan")["actions"]] == ["add-server", "remove-server"]
    assert process.adopt(hapilot.state) is not None


@pytest.mark.system
def test_a_site_of_another_path_and_with_errors(hapilot: Hapilot, stand: servers.Stand) -> None:
    site(hapilot, service("shop", stand.http("one").port))
    hapilot.up()
    copy = hapilot.folder / "copy"
    copy.mkdir()
    other = copy / "site.yaml"
    other.write_text(hapilot.site.read_text())
    assert hapilot.run("plan", other, "--detailed-exitcode").returncode == 0
    other.write_text(hapilot.site.read_text().replace("servers", "srevers"))
    without = hapilot.json("plan", other)
    assert (without["quarantined"], without["actions"]) != ([], [])
    refused = hapilot.run("plan", other, "--detailed-exitcode", "--strict")
    assert (refused.returncode, "error[unknown-key]" in refused.stderr, refused.stdout) == (1, True, "")
    said = hapilot.run("plan", other, "--json", "--strict")
    assert (said.returncode, json.loads(said.stdout)["ok"]) == (1, False)
    assert "unknown-key" in {one["code"] for one in json.loads(said.stdout)["diagnostics"]}
    missing = hapilot.run("plan", copy / "none.yaml")
    assert (missing.returncode, "there is no site at" in missing.stderr) == (1, True)


@pytest.mark.system
def test_a_line_that_only_haproxy_refuses(hapilot: Hapilot, stand: servers.Stand) -> None:
    site(hapilot, service("shop", stand.http("one").port))
    hapilot.up("--on-change", "ask")
    for line in ("no such line", "server x", "server y 127.0.0.1:1 weight -9", "server z 127.0.0.1:1 sni '"):
        site(hapilot, service("shop", 9), f'raw: {{service: {{shop: ["{line}"]}}}}\n')
        refused = hapilot.run("plan", "--strict")
        assert (refused.returncode, "error[haproxy-refused]" in refused.stderr) == (1, True), f"{line}: {refused.stderr}"
        assert "bug" not in refused.stderr


@pytest.mark.system
def test_with_the_environment_of_the_running_up(hapilot: Hapilot, stand: servers.Stand) -> None:
    """Not with that of whoever asks."""
    guarded = ", basic_auth: {users: {ann: {password_env: SHOP_PASSWORD}}}"
    site(hapilot, service("shop", stand.http("one").port, more=guarded))
    up = hapilot.start(env={"SHOP_PASSWORD": "geheim"})
    until(lambda: up.ready, "a ready line")
    done = hapilot.run("plan", "--detailed-exitcode")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "nothing to change")


def test_nothing_was_ever_run(hapilot: Hapilot) -> None:
    done = hapilot.run("plan")
    assert (done.returncode, "no site has been run in" in done.stderr) == (1, True)


@pytest.mark.system
def test_certificates_and_keys_are_not_shown(hapilot: Hapilot) -> None:
    authority = certificates.authority("plan")
    authority.issue("safe.example.test").write(hapilot.folder, "safe")
    site(hapilot, SECURE, "certificates: [{file: safe.pem}]\n")
    hapilot.up("--on-change", "ask")
    authority.issue("safe.example.test").write(hapilot.folder, "safe")
    text, data = hapilot.run("plan").stdout, hapilot.run("plan", "--json").stdout
    assert "~ certificate safe" in text
    assert [step["kind"] for step in json.loads(data)["actions"]] == ["set-certificate"]
    key = (hapilot.folder / "safe.pem").read_text().splitlines()
    assert not any(line in text + data for line in key if len(line) > 20)
