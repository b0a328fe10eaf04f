"""``hapilot import`` as a user runs it: files, streams, exit codes, and a site that the other commands take."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hapilot.cli import main
from support import haproxy

PLAIN = """\
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend web
    bind 127.0.0.1:8080
    use_backend api if { hdr(host) -i api.test }
    default_backend shop
backend shop
    server s1 127.0.0.1:9001
backend api
    server a1 127.0.0.1:9002
"""
SECRET = "listen stats\n    bind 127.0.0.1:8404\n    stats enable\n    stats auth ann:abc\n"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    monkeypatch.chdir(tmp_path)
    Path("plain.cfg").write_text(PLAIN)
    Path("secret.cfg").write_text(PLAIN + SECRET)


def run(*arguments: str, given: str = "") -> Result:
    done = CliRunner().invoke(main.cli, arguments, input=given, prog_name="hapilot")
    assert done.exception is None or isinstance(done.exception, SystemExit | Exception), done.output
    return done


def test_without_a_folder_the_site_goes_to_standard_output() -> None:
    done = run("import", "plain.cfg")
    assert done.exit_code == 0
    assert "\nlisteners:\n  web:\n" in done.stdout
    assert done.stderr.startswith("8 of 13 lines understood (61 %)\n")


def test_secrets_are_not_printed() -> None:
    done = run("import", "secret.cfg")
    assert done.exit_code == 1
    assert "- {file: secrets/stats.cfg}" in done.stdout
    assert "abc" not in done.output
    assert "say -o DIR" in done.stderr


def test_into_a_folder() -> None:
    done = run("import", "secret.cfg", "-o", "out")
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr.endswith("2 files in out\n")
    assert Path("out/secrets/stats.cfg").stat().st_mode & 0o777 == 0o600
    assert "stats auth ann:abc" in Path("out/secrets/stats.cfg").read_text()


def test_nothing_is_written_over_without_force() -> None:
    assert run("import", "plain.cfg", "-o", "out").exit_code == 0
    Path("out/site.yaml").write_text("mine")
    done = CliRunner().invoke(main.cli, ["import", "plain.cfg", "-o", "out"])
    assert "is there already" in str(done.exception)
    assert Path("out/site.yaml").read_text() == "mine"
    assert run("import", "plain.cfg", "-o", "out", "--force").exit_code == 0
    assert "shop" in Path("out/site.yaml").read_text()


def test_several_files_and_folders_are_one_configuration() -> None:
    folder = Path("conf.d")
    folder.mkdir()
    front, _, back = PLAIN.partition("\nbackend shop\n")
    (folder / "10-front.cfg").write_text(f"{front}\n")
    (folder / "20-back.cfg").write_text(f"backend shop\n{back}")
    one, other = run("import", "conf.d"), run("import", "conf.d/10-front.cfg", "conf.d/20-back.cfg")
    assert one.stdout == other.stdout
    assert f"folder: {folder.absolute()}\n" in one.stdout
    assert "default: shop" in one.stdout


def test_standard_input() -> None:
    done = run("import", "-", given=PLAIN)
    assert done.exit_code == 0
    assert f"folder: {Path.cwd()}\n" in done.stdout


def test_json() -> None:
    printed = json.loads(run("import", "secret.cfg", "--json").stdout)
    assert printed["site"]["listeners"]["web"]["default"] == "shop"
    assert printed["secrets"] == ["secrets/stats.cfg"]
    written = json.loads(run("import", "secret.cfg", "--json", "-o", "out").stdout)
    assert written["files"] == ["out/site.yaml", "out/secrets/stats.cfg"]
    assert written["report"] == printed["report"]
    assert "site" not in written
    assert "abc" not in json.dumps([printed, written])


def test_usage() -> None:
    assert run("import").exit_code == 2
    assert "can't read nowhere.cfg" in str(run("import", "nowhere.cfg").exception)


@pytest.mark.haproxy
def test_the_other_commands_take_the_site() -> None:
    haproxy.embedded()
    run("import", "secret.cfg", "-o", "out")
    checked = run("check", "out", "--haproxy", "embedded")
    assert checked.exit_code == 0, checked.output
    told = run("explain", "out", "http://api.test:8080/", "--header", "Host: api.test", "--haproxy", "embedded", "--json")
    assert json.loads(told.stdout)["service"] == "api"
