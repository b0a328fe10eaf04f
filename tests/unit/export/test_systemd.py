"""What a service may do follows from the site; hostile words stay words; systemd itself has nothing to say against the unit."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from hapilot.compile import target
from hapilot.export import surroundings, systemd, systemd_unit
from hapilot.export import systemd_service as services
from hapilot.model import site
from hapilot.reconcile import pipeline
from support import haproxy

AROUND = surroundings.Surroundings(PurePosixPath("/etc/hapilot"), PurePosixPath("/etc/hapilot"), (), (), ())
WISH = services.Wish(("/bin/sh",))
MOST_EXPOSED = 20
"""Of 100, as `systemd-analyze security` counts; what it calls OK ends at 40."""


def load(folder: Path, bind: str, more: str = "") -> site.Site:
    """A small site that listens there."""
    path = folder / "site.yaml"
    services_of = "services: {shop: {listener: web, tls: none, servers: ['10.0.0.1:80']}}"
    path.write_text(f"listeners: {{web: {{bind: '{bind}'}}}}\n{services_of}\n{more}")
    made = pipeline.prepare(path, target.Target(), None, {})
    assert made.build is not None, made.diagnostics
    return made.build.site


def keys(text: str) -> dict[str, list[str]]:
    """Every key of a unit with its values."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line and line[0] not in "#[":
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


def unit(said: site.Site, around: surroundings.Surroundings = AROUND, wish: services.Wish = WISH) -> dict[str, list[str]]:
    """The unit of a site."""
    return keys(systemd_unit.unit(services.make_service(said, around, wish)))


@pytest.mark.parametrize(
    ("bind", "capabilities"), [(":1024", ""), (":1023", "CAP_NET_BIND_SERVICE"), ("127.0.0.1:80", "CAP_NET_BIND_SERVICE")]
)
def test_only_ports_below_1024_need_a_right(tmp_path: Path, bind: str, capabilities: str) -> None:
    made = unit(load(tmp_path, bind))
    assert made["CapabilityBoundingSet"] == made["AmbientCapabilities"] == [capabilities]


def test_a_folder_for_a_socket_is_writable_and_nothing_else(tmp_path: Path) -> None:
    assert unit(load(tmp_path, "unix:/run/door/http.sock"))["ReadWritePaths"] == ["-/run/door"]
    assert "ReadWritePaths" not in unit(load(tmp_path, ":8080"))


@pytest.mark.parametrize(
    ("used", "program", "homes"),
    [("/etc/a", "/usr/bin/h", "yes"), ("/home/ann/site", "/usr/bin/h", "read-only"), ("/etc/a", "/root/h", "read-only")],
)
def test_homes_are_shown_where_they_are_needed(tmp_path: Path, used: str, program: str, homes: str) -> None:
    around = replace(AROUND, used=(PurePosixPath(used),))
    assert unit(load(tmp_path, ":8080"), around, services.Wish((program,)))["ProtectHome"] == [homes]


@pytest.mark.parametrize("seconds", [0, 30, 3600])
def test_systemd_waits_longer_than_up_takes(tmp_path: Path, seconds: int) -> None:
    """10 seconds are HAProxy's from SIGTERM to the end."""
    made = unit(load(tmp_path, ":8080"), wish=replace(WISH, stop_seconds=seconds))
    assert made["ExecStart"] == [f"/bin/sh up /etc/hapilot --stop-seconds={seconds}"]
    assert int(made["TimeoutStopSec"][0]) > seconds + 10


def test_haproxy_outlives_a_hapilot_that_dies(tmp_path: Path) -> None:
    """A systemd shows it in tests/e2e/test_systemd.py; each of these lines is a part of it."""
    made = unit(load(tmp_path, ":8080"))
    assert made["KillMode"] == ["process"]
    assert made["RuntimeDirectoryPreserve"] == ["yes"]
    assert made["OOMPolicy"] == ["continue"]
    assert "RemoveIPC" not in made
    assert "DynamicUser" not in made


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("/srv/site", "/srv/site"),
        ("/srv/my site", '"/srv/my site"'),
        ("50%n", '"50%%n"'),
        ("$HOME", '"$$HOME"'),
        ('a"b\\c', '"a\\"b\\\\c"'),
        ("a\nExecStartPre=/bin/evil", '"a\\x0aExecStartPre=/bin/evil"'),
        ("a;b", '"a;b"'),
        ("", '""'),
    ],
)
def test_words(text: str, word: str) -> None:
    assert systemd_unit.word(text) == word


def test_hostile_words_stay_in_their_place(tmp_path: Path) -> None:
    said = load(tmp_path, ":8080")
    evil = "x\n[Service]\nExecStartPre=/bin/evil %n"
    plain = services.make_service(said, AROUND, WISH)
    made = replace(plain, title=evil, program=(f"/bin/{evil}",), arguments=(evil,), sockets=(f"/{evil}",))
    assert re.findall(r"^\[.*", systemd_unit.unit(made), re.MULTILINE) == ["[Unit]", "[Service]", "[Install]"]
    assert keys(systemd_unit.unit(made)).keys() == {*keys(systemd_unit.unit(plain)), "ReadWritePaths"}


def test_variables_have_a_file_that_is_kept(tmp_path: Path) -> None:
    said = load(tmp_path, ":8080")
    made = systemd.export(said, replace(AROUND, variables=("SHOP", "TOKEN")), WISH)
    assert made.kept == ("hapilot-site.env",)
    (env,) = [file for file in made.files if file.path in made.kept]
    assert env.mode == 0o600
    assert env.content.decode().splitlines()[1:] == ["#SHOP=", "#TOKEN="]
    assert "EnvironmentFile=-/etc/hapilot/hapilot-site.env" in made.files[0].content.decode()


@pytest.mark.parametrize(
    ("bind", "around", "wish", "code"),
    [
        (":8080", replace(AROUND, used=(PurePosixPath("/tmp/site"),)), WISH, "service-hidden"),
        (":8080", AROUND, services.Wish(("/var/tmp/hapilot",)), "service-hidden"),
        (":8080", replace(AROUND, variables=("A-B",)), WISH, "bad-value"),
        ("unix:/run/door/http.sock", AROUND, WISH, "service-socket"),
        ("fd:3", AROUND, WISH, "service-socket"),
    ],
)
def test_what_stands_in_the_way_is_said(
    tmp_path: Path, bind: str, around: surroundings.Surroundings, wish: services.Wish, code: str
) -> None:
    assert [one.code for one in systemd.export(load(tmp_path, bind), around, wish).diagnostics] == [code]


@pytest.mark.parametrize(
    ("owner", "group", "mode", "account", "said"),
    [
        (0, 0, 0o600, None, True),
        (0, 0, 0o604, None, False),
        (7, 0, 0o400, services.Account(7, frozenset({8})), False),
        (0, 8, 0o640, services.Account(7, frozenset({8})), False),
        (0, 8, 0o604, services.Account(7, frozenset({8})), True),
    ],
)
def test_what_the_user_can_not_read_is_said(
    tmp_path: Path, owner: int, group: int, mode: int, account: services.Account | None, said: bool
) -> None:
    entry = surroundings.Entry(PurePosixPath("/etc/hapilot/key.pem"), owner, group, mode)
    found = systemd.export(load(tmp_path, ":8080"), replace(AROUND, entries=(entry,)), replace(WISH, account=account)).diagnostics
    assert [one.hint for one in found] == (["chgrp hapilot /etc/hapilot/key.pem && chmod g+r /etc/hapilot/key.pem"] if said else [])


def test_what_is_in_a_home_belongs_elsewhere(tmp_path: Path) -> None:
    entry = surroundings.Entry(PurePosixPath("/root"), 0, 0, 0o700, is_folder=True)
    (found,) = systemd.export(load(tmp_path, ":8080"), replace(AROUND, entries=(entry,)), WISH).diagnostics
    assert (found.code, "/opt/hapilot" in found.hint) == ("service-unreadable", True)


@pytest.mark.parametrize(
    "wish", [replace(WISH, name="a b"), replace(WISH, user="Ann B"), replace(WISH, user="root"), services.Wish(("h",))]
)
def test_bad_words(wish: services.Wish) -> None:
    assert systemd.wrong_words(wish)


@pytest.mark.system
@pytest.mark.parametrize("bind", [":80", "unix:/run/door/http.sock"])
def test_systemd_takes_it_for_right_and_for_safe(tmp_path: Path, bind: str) -> None:
    analyze = haproxy.require("systemd-analyze", "it is the judge")
    around = replace(AROUND, variables=("SHOP",), site=PurePosixPath("/srv/my 100% $ite"))
    made = systemd.export(load(tmp_path, bind), around, WISH)
    path = tmp_path / "units" / made.files[0].path
    path.parent.mkdir()
    path.write_bytes(made.files[0].content)
    verified = subprocess.run([analyze, "verify", path], capture_output=True, text=True, timeout=60, check=False)
    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")
    command = [analyze, "security", "--offline=true", f"--threshold={MOST_EXPOSED}", path]
    secure = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert secure.returncode == 0, secure.stdout[-300:] + secure.stderr
