"""``hapilot lint`` as a user runs it: exit codes, what goes to which stream, and what ``--fix`` writes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hapilot.cli import main
from support import certificates

BAD = "global\n    nbproc 1  # one\n\nbackend b\n    server s 2001:db8::1:80\n"
FIXED = "global\n    # one\n\nbackend b\n    server s [2001:db8::1]:80\n"
GOOD = "global\n    maxconn 100\n"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    monkeypatch.chdir(tmp_path)
    Path("bad.cfg").write_text(BAD)
    Path("good.cfg").write_text(GOOD)


def lint(*arguments: str, given: str = "") -> Result:
    done = CliRunner().invoke(main.cli, ["lint", "--target", "2.8", "--ignore", "timeouts", *arguments], input=given, prog_name="hapilot")
    assert done.exception is None or isinstance(done.exception, SystemExit), done.output
    return done


def codes(done: Result) -> Sequence[str]:
    return [each["code"] for each in json.loads(done.stdout)["findings"]]


def test_exit_codes() -> None:
    assert lint("good.cfg").exit_code == 0
    assert lint("bad.cfg").exit_code == 1
    assert lint("bad.cfg", "--select", "addresses").exit_code == 0, "a warning is no error"
    assert lint("bad.cfg", "--select", "nothing").exit_code == 2
    assert lint().exit_code == 2
    assert CliRunner().invoke(main.cli, ["lint", "gone.cfg"], standalone_mode=False).exception is not None


def test_findings_go_to_stdout_and_their_number_to_stderr() -> None:
    done = lint("bad.cfg")
    assert done.stdout.startswith("bad.cfg:2:5 error[keyword-removed] 'nbproc' was removed in HAProxy 2.5; 2.8 refuses it\n    why: ")
    assert done.stderr == "for HAProxy 2.8: 1 error, 1 warning, 0 notes\n"


@pytest.mark.parametrize("form", ["json", "sarif"])
def test_documents(form: str) -> None:
    data = json.loads(lint("bad.cfg", "--format", form).stdout)
    assert ("findings" in data) == (form == "json")
    assert ("runs" in data) == (form == "sarif")


def test_select_and_ignore_take_lists() -> None:
    assert codes(lint("bad.cfg", "--format", "json", "--select", "addresses,keywords")) == ["keyword-removed", "ipv6-without-brackets"]
    assert codes(lint("bad.cfg", "--format", "json", "--ignore", "keywords,addresses")) == []


def test_standard_input() -> None:
    assert lint("-", given=BAD).stdout.startswith("<stdin>:2:5 error")
    done = lint("-", "--fix", given=BAD)
    assert (done.stdout, done.exit_code) == (FIXED, 0)
    assert lint("-", "--fix", given=GOOD).stdout == GOOD
    assert lint("-", "--fix", "--format", "json", given=BAD).exit_code == 2


def test_a_folder_is_one_configuration() -> None:
    Path("d").mkdir()
    Path("d/1.cfg").write_text("frontend f\n    default_backend b\n")
    Path("d/2.cfg").write_text("backend b\n")
    assert codes(lint("d", "--format", "json")) == []
    assert codes(lint("d/1.cfg", "--format", "json")) == ["reference-undefined"]
    assert codes(lint("d/1.cfg", "d/2.cfg", "--format", "json")) == []


def test_fix_asks_before_it_writes() -> None:
    done = lint("bad.cfg", "--fix")
    assert "+    server s [2001:db8::1]:80" in done.stdout
    assert "nothing was written" in done.stderr
    assert (Path("bad.cfg").read_text(), done.exit_code) == (BAD, 1)


def test_fix_writes() -> None:
    Path("bad.cfg").chmod(0o640)
    done = lint("bad.cfg", "--fix", "--yes")
    assert (Path("bad.cfg").read_text(), Path("bad.cfg").stat().st_mode & 0o777, done.exit_code) == (FIXED, 0o640, 0)
    assert "2 findings mended" in done.stderr
    assert "there is nothing to mend" in lint("bad.cfg", "--fix", "--yes").stderr


def test_fix_takes_only_what_is_selected() -> None:
    lint("bad.cfg", "--fix", "--yes", "--select", "addresses")
    assert Path("bad.cfg").read_text() == BAD.replace("2001:db8::1:80", "[2001:db8::1]:80")


def test_fix_keeps_json_apart_from_the_difference() -> None:
    done = lint("bad.cfg", "--fix", "--yes", "--format", "json")
    assert codes(done) == []
    assert "+    server s" in done.stderr


def test_the_target_is_the_haproxy_in_use() -> None:
    done = CliRunner().invoke(main.cli, ["lint", "good.cfg", "--haproxy", "embedded"])
    assert done.stderr.startswith("for HAProxy 2.8: ")


def test_certificates_are_looked_up() -> None:
    authority = certificates.authority("lint")
    authority.issue("a.test").write(Path("certs"), "good")
    authority.issue("a.test", validity="expired").write(Path("certs"), "old")
    Path("tls.cfg").write_text("".join(f"frontend {name}\n    bind :8443 ssl crt certs/{name}.pem\n" for name in ("good", "old", "gone")))
    done = lint("tls.cfg", "--select", "tls")
    assert [line.partition(" ")[2].partition(" ")[0] for line in done.stdout.splitlines() if line.startswith("tls.cfg")] == [
        "error[certificate-ending]",
        "warning[certificate-missing]",
    ]
