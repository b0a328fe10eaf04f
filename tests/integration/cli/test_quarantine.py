"""A bad service among good ones, with a running ``hapilot up`` and a real HAProxy."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from support import certificates, client, servers

from .conftest import Hapilot, until

pytestmark = pytest.mark.haproxy


def write(hapilot: Hapilot, services: dict[str, str], more: str = "", tls: str = "none") -> None:
    """Services by name on one listener."""
    lines = "".join(f"  {name}: {{host: {name}.example.test, tls: {tls}, listener: web, {text}}}\n" for name, text in services.items())
    hapilot.write(f'listeners:\n  web: {{bind: "127.0.0.1:{hapilot.port}"}}\nservices:\n{lines}{more}')


def at(one: servers.Stand, name: str) -> str:
    """Servers: a stand-in of this name."""
    return f'servers: ["127.0.0.1:{one.http(name).port}"]'


def who(hapilot: Hapilot, name: str) -> str | int | None:
    """The stand-in that answers for a service, else the status."""
    found = client.get(("127.0.0.1", hapilot.port), client.Request("GET", "/", f"{name}.example.test"))
    return found.standin or found.status


def parts(hapilot: Hapilot) -> dict[str, str]:
    """What ``status`` says of the quarantine."""
    return {one["part"]: one["instead"] for one in hapilot.json("status")["quarantined"]}


def applied(hapilot: Hapilot, *arguments: str) -> tuple[int, dict[str, Any]]:
    """The exit code and the JSON of ``apply``."""
    done = hapilot.run("apply", *arguments, "--json")
    return done.returncode, json.loads(done.stdout)


def test_a_bad_service_from_its_failure_to_its_repair(each_hapilot: Hapilot, stand: servers.Stand) -> None:
    hapilot = each_hapilot
    one, two, new = at(stand, "one"), at(stand, "two"), at(stand, "new")
    write(hapilot, {"shop": one, "late": f"{two}, retires: 3"})
    up = hapilot.up("--on-change", "ask")
    up.wait_said("quarantined service late (it answers that it is out of service): ")
    assert (who(hapilot, "shop"), who(hapilot, "late")) == ("one", 503)
    assert parts(hapilot) == {"service late": "closed"}

    write(hapilot, {"shop": one, "late": two})
    code, done = applied(hapilot)
    assert (code, done["ok"], done["quarantined"]) == (0, True, [])
    assert (who(hapilot, "shop"), who(hapilot, "late")) == ("one", "two")
    assert parts(hapilot) == {}

    write(hapilot, {"shop": f"{new}, retires: 3", "late": new, "more": new})
    code, done = applied(hapilot)
    assert (code, done["ok"]) == (1, True)
    assert [line.partition(":")[0] for line in done["quarantined"]] == ["service shop (its last good version goes on)"]
    assert [each["code"] for each in done["diagnostics"] if each["severity"] == "error"] == ["unknown-key"]
    assert [who(hapilot, name) for name in ("shop", "late", "more")] == ["one", "new", "new"]
    status = hapilot.run("status").stdout
    assert "quarantined since " in status
    assert ": service shop (its last good version goes on): " in status
    since = hapilot.json("status")["quarantined"][0]["since"]

    code, done = applied(hapilot, "--strict")
    assert (code, done["ok"], done["error"]) == (1, False, "the site has 1 error")
    up.end(signal.SIGKILL)
    again = hapilot.up()
    assert [who(hapilot, name) for name in ("shop", "late", "more")] == ["one", "new", "new"]
    assert hapilot.json("status")["quarantined"][0]["since"] == since
    again.wait_said("quarantined service shop (its last good version goes on)")

    write(hapilot, {"shop": new, "late": new, "more": new})
    until(lambda: who(hapilot, "shop") == "new", "the repair")
    until(lambda: parts(hapilot) == {}, "the end of the quarantine")


@pytest.mark.system
def test_strict_refuses_as_a_whole(each_hapilot: Hapilot, stand: servers.Stand) -> None:
    hapilot = each_hapilot
    one, two = at(stand, "one"), at(stand, "two")
    write(hapilot, {"shop": one, "late": f"{two}, retires: 3"})
    assert "the site has 1 error" in hapilot.refused("--strict")
    write(hapilot, {"shop": one})
    up = hapilot.up("--strict")
    write(hapilot, {"shop": two, "late": f"{two}, retires: 3"})
    up.wait_said("not applied, the former state serves on")
    assert who(hapilot, "shop") == "one"
    assert parts(hapilot) == {}


@pytest.mark.system
def test_a_first_start_of_which_nothing_is_left_is_refused(hapilot: Hapilot, stand: servers.Stand) -> None:
    write(hapilot, {"shop": f"{at(stand, 'one')}, retires: 3"})
    assert "the site has 1 error" in hapilot.refused()


@pytest.mark.system
@pytest.mark.parametrize("line", ["no such thing", "http-request set-header X-A %[nowhere]"])
def test_what_only_haproxy_refuses(each_hapilot: Hapilot, stand: servers.Stand, line: str) -> None:
    """It names the line, so it is asked once more."""
    hapilot = each_hapilot
    one, two = at(stand, "one"), at(stand, "two")
    write(hapilot, {"shop": one, "late": two, "more": one})
    up = hapilot.up()
    write(hapilot, {"shop": two, "late": one, "more": two}, f'raw: {{service: {{late: ["{line}"], more: ["timeout server 7s"]}}}}\n')
    up.wait_said("quarantined service late (its last good version goes on): ")
    assert [who(hapilot, name) for name in ("shop", "late", "more")] == ["two", "two", "two"]
    assert parts(hapilot) == {"service late": "former"}
    check = hapilot.run("check", hapilot.site)
    assert check.returncode == 1
    assert "`hapilot up` would do without service late, and serve the rest" in check.stderr
    assert json.loads(hapilot.run("check", hapilot.site, "--json").stdout)["quarantined"] == ["service late"]


@pytest.mark.system
def test_what_haproxy_refuses_without_saying_where(each_hapilot: Hapilot, stand: servers.Stand) -> None:
    """A backend that waits for a list of users that is nowhere is told without a line."""
    hapilot = each_hapilot
    one, two = at(stand, "one"), at(stand, "two")
    names = [f"s{number}" for number in range(6)]
    write(hapilot, dict.fromkeys(names, one))
    up = hapilot.up()
    raw = ", ".join(f'{name}: ["{"use-server nobody if TRUE" if name == "s4" else "timeout server 7s"}"]' for name in names)
    write(hapilot, dict.fromkeys(names, two), f"raw: {{service: {{{raw}}}}}\n")
    up.wait_said("quarantined service s4 (its last good version goes on): ")
    assert [who(hapilot, name) for name in names] == ["two", "two", "two", "two", "one", "two"]
    assert parts(hapilot) == {"service s4": "former"}


def _certificate(folder: Path, *names: str, validity: certificates.Validity = "valid", matching: bool = True) -> None:
    folder.mkdir(exist_ok=True)
    leaf = certificates.authority().issue(*names, validity=validity, matching_key=matching)
    beside = folder / ".new"
    beside.touch(mode=0o600)
    beside.write_bytes(leaf.pem + leaf.key_pem)
    beside.replace(folder / "shop.pem")


def _shown(hapilot: Hapilot, name: str) -> tuple[str | None, tuple[str, ...]]:
    """Who answers over TLS, and the names of the certificate that is shown."""
    tls = client.Tls(certificates.trusting_nobody(), f"{name}.example.test")
    found = client.get(("127.0.0.1", hapilot.port), client.Request("GET", "/", f"{name}.example.test"), tls=tls)
    return found.standin, found.peer_names


@pytest.mark.system
@pytest.mark.parametrize("how", ["expired", "mismatched"])
def test_a_bad_new_certificate_leaves_the_former_one_in_use(each_hapilot: Hapilot, stand: servers.Stand, how: str) -> None:
    """Also over a restart of everything."""
    hapilot, folder = each_hapilot, each_hapilot.folder / "certs"
    one, two = at(stand, "one"), at(stand, "two")
    more = "certificates: [{dir: certs}]\n"
    _certificate(folder, "shop.example.test")
    write(hapilot, {"shop": one}, more, "edge")
    up = hapilot.up()
    assert _shown(hapilot, "shop") == ("one", ("shop.example.test",))
    wrong = ("shop.example.test", "wrong.example.test")
    _certificate(folder, *wrong, validity="expired" if how == "expired" else "valid", matching=how != "mismatched")
    up.wait_said("shop.pem (its last good version goes on): ")
    write(hapilot, {"shop": two}, more, "edge")
    until(lambda: _shown(hapilot, "shop") == ("two", ("shop.example.test",)), "the change that is good")
    until(lambda: list(parts(hapilot).values()) == ["former"], "the quarantine")
    up.end()
    hapilot.up()
    assert _shown(hapilot, "shop") == ("two", ("shop.example.test",))
    _certificate(folder, "shop.example.test", "new.example.test")
    until(lambda: _shown(hapilot, "shop") == ("two", ("shop.example.test", "new.example.test")), "the repair")
    until(lambda: parts(hapilot) == {}, "the end of the quarantine")


@pytest.mark.system
def test_a_rollback_brings_the_quarantine_back_too(hapilot: Hapilot, stand: servers.Stand) -> None:
    one, two = at(stand, "one"), at(stand, "two")
    write(hapilot, {"shop": one, "late": two})
    up = hapilot.up()
    write(hapilot, {"shop": one, "late": f"{one}, retires: 3", "more": two})
    up.wait_said("quarantined service late")
    until(lambda: hapilot.state.serving() is not None and parts(hapilot), "the quarantine")
    write(hapilot, {"shop": two, "late": one})
    until(lambda: parts(hapilot) == {}, "the repair")
    assert hapilot.run("rollback").returncode == 0
    assert (who(hapilot, "late"), parts(hapilot)) == ("two", {"service late": "former"})
    assert hapilot.run("rollback").returncode == 0
    assert parts(hapilot) == {}


@pytest.mark.system
def test_a_service_that_can_not_be_closed_lets_nobody_in(each_hapilot: Hapilot, stand: servers.Stand) -> None:
    """Renamed with a path that is none, it has no last good version and no routes: its requests must not go to the service of the host."""
    hapilot, one = each_hapilot, at(stand, "one")
    admin = f"host: shop.example.test, tls: none, listener: web, allow: [192.0.2.0/24], {one}"

    def of_admin() -> int | None:
        return client.get(("127.0.0.1", hapilot.port), client.Request("GET", "/admin", "shop.example.test")).status

    write(hapilot, {"shop": one}, f"  admin: {{path: /admin, {admin}}}\n")
    hapilot.up("--on-change", "ask")
    assert (who(hapilot, "shop"), of_admin()) == ("one", 403)
    write(hapilot, {"shop": one}, f"  office: {{path: admin, {admin}}}\n")
    code, done = applied(hapilot)
    assert (code, done["ok"]) == (1, False)
    assert any("the whole change is refused: with service office left out" in each["hint"] for each in done["diagnostics"])
    assert (who(hapilot, "shop"), of_admin(), parts(hapilot)) == ("one", 403, {})
    write(hapilot, {"shop": one}, f"  admin: {{path: admin, {admin}}}\n")
    assert applied(hapilot)[0] == 1
    assert (of_admin(), parts(hapilot)) == (403, {"service admin": "former"})
