"""``hapilot export podman``: what it prints, writes and refuses."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hapilot.base import errors
from hapilot.cli import main

SITE = """\
listeners: {web: {bind: ':8080'}}
services:
  shop: {listener: web, host: a.test, tls: none, servers: ['${SHOP:-10.0.0.1:80}']}
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site whose folder may be mounted, readable by all."""
    folder = tmp_path / "site"
    folder.mkdir(mode=0o755)
    path = folder / "front.yaml"
    path.write_text(SITE)
    path.chmod(0o644)
    return path


def export(*arguments: str | Path, code: int = 0) -> Result:
    """The command's result."""
    done = CliRunner().invoke(main.cli, ["export", "podman", *map(str, arguments)])
    assert done.exit_code == code or done.exception is not None, done.output
    return done


def test_it_prints_what_belongs_to_the_site(site: Path) -> None:
    shown = export(site).stdout
    assert [line[6:] for line in shown.splitlines() if line.startswith("# --- ")] == [
        "hapilot-front.sh",
        "hapilot-front.container",
        "hapilot-front.env",
    ]
    assert f"--volume={site.parent}:{site.parent}:ro,z" in shown
    assert f"Exec=up {site} --stop-seconds=30" in shown


def test_it_writes_all_files_and_keeps_what_the_user_filled_in(site: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    export(site, "-o", out)
    assert sorted(path.name for path in out.iterdir()) == [
        "Containerfile",
        "hapilot-front.container",
        "hapilot-front.env",
        "hapilot-front.sh",
    ]
    assert [(out / f"hapilot-front.{kind}").stat().st_mode & 0o777 for kind in ("sh", "env", "container")] == [0o755, 0o600, 0o644]
    (out / "hapilot-front.env").write_text("SHOP=10.9.9.9:80\n")
    (out / "hapilot-front.sh").write_text("old")
    again = export(site, "-o", out)
    assert "stays as it is" in again.stderr
    assert (out / "hapilot-front.env").read_text() == "SHOP=10.9.9.9:80\n"
    assert "podman run" in (out / "hapilot-front.sh").read_text()


def test_the_same_site_gives_the_same_bytes(site: Path) -> None:
    assert export(site).stdout == export(site).stdout


def test_json(site: Path) -> None:
    said = json.loads(export(site, "--json", "--name", "front", "--image", "img:1", "--stop-seconds", "5").stdout)
    assert said["command"][:2] == ["podman", "run"]
    assert said["command"][-4:] == ["img:1", "up", str(site), "--stop-seconds=5"]
    assert (said["name"], said["image"], said["capabilities"], said["variables"]) == ("front", "img:1", [], ["SHOP"])
    assert said["mounts"] == [str(site.parent)]
    assert [file["path"] for file in said["files"]] == ["front.sh", "front.container", "front.env", "Containerfile"]
    assert said["files"][2]["mode"] == "0600"


def test_files_elsewhere_are_warned_of_until_they_are_mounted(site: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o755)
    shutil.copy(site, elsewhere / "more.yaml")
    (elsewhere / "more.yaml").write_text("log: {to: stdout}\n")
    site.write_text(f"{SITE}include: ['{elsewhere}/more.yaml']\n")
    assert "container-outside" in export(site).stderr
    mounted = export(site, "--mount", elsewhere)
    assert "container-outside" not in mounted.stderr
    assert f"Volume={elsewhere}:{elsewhere}:ro,z" in mounted.stdout


def test_a_site_with_errors_is_not_exported(site: Path, tmp_path: Path) -> None:
    site.write_text("services: {shop: {hst: a.test}}\n")
    done = export(site, "-o", tmp_path / "out", code=1)
    assert type(done.exception).__name__ == "SiteError"
    assert done.stdout == ""
    assert not (tmp_path / "out").exists()


def test_a_path_that_could_be_read_as_something_else_is_refused(site: Path) -> None:
    hostile = site.with_name("x\nrm -rf ~.yaml")
    site.rename(hostile)
    done = export(hostile, "--json", code=1)
    assert "container-mount" in str(getattr(done.exception, "diagnostics", ""))
    assert done.stdout == ""


@pytest.mark.parametrize("wrong", [["--name", "a b"], ["--image", "--privileged=1;x"], ["--stop-seconds", "-1"], ["--mount", "/nowhere"]])
def test_wrong_usage(site: Path, wrong: list[str]) -> None:
    assert export(site, *wrong, code=2).exit_code == 2


def test_the_group_lists_its_targets() -> None:
    assert "podman" in CliRunner().invoke(main.cli, ["export", "--help"]).stdout


def systemd(*arguments: str | Path) -> Result:
    """``export systemd``."""
    done = CliRunner().invoke(main.cli, ["export", "systemd", *map(str, arguments)])
    assert done.exit_code == 0 or done.exception is not None, done.output
    return done


def test_a_unit_is_printed_and_written_with_its_user(tmp_path: Path) -> None:
    site = Path("/dev/shm") / f"hapilot-{os.getpid()}.yaml"
    site.write_text(SITE)
    try:
        shown = systemd(site, "--name", "door", "--program", "/opt/hapilot/bin/hapilot").stdout
        assert [line[6:] for line in shown.splitlines() if line.startswith("# --- ")] == ["door.service", "door.sysusers.conf", "door.env"]
        assert f"ExecStart=/opt/hapilot/bin/hapilot up {site} --stop-seconds=30" in shown
        assert json.loads(systemd(site, "--name", "door", "--program", "/opt/hapilot/bin/hapilot", "--json").stdout)["user"] == "hapilot"
        out = tmp_path / "out"
        assert systemd(site, "--name", "door", "--program", "/opt/hapilot/bin/hapilot", "-o", out).stdout == ""
        assert sorted(path.name for path in out.iterdir()) == ["door.env", "door.service", "door.sysusers.conf"]
        (out / "door.env").write_text("SHOP=10.9.9.9:80\n")
        assert "stays as it is" in systemd(site, "--name", "door", "--program", "/opt/hapilot/bin/hapilot", "-o", out).stderr
        assert (out / "door.env").read_text() == "SHOP=10.9.9.9:80\n"
    finally:
        site.unlink()


def test_a_site_in_tmp_is_no_site_for_a_service(site: Path) -> None:
    done = systemd(site)
    assert isinstance(done.exception, errors.SiteError)
    assert {one.code for one in done.exception.diagnostics} >= {"service-hidden"}


@pytest.mark.parametrize("wrong", [("--user", "root"), ("--program", "hapilot"), ("--name", "a/b")])
def test_words_that_systemd_would_not_take(site: Path, wrong: tuple[str, str]) -> None:
    assert systemd(site, *wrong).exit_code == 2
