"""The entry point: verbs, wrong usage, what becomes of errors, and that nobody sees a traceback."""

from __future__ import annotations

import contextlib
import io
import os
import pty
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from unittest import mock

import click
import pytest

from hapilot import __version__
from hapilot.base import diagnostics, errors
from hapilot.base.origin import Origin
from hapilot.cli import main, output


def run(*arguments: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """A command, in this process, from its entry point to its exit code."""
    out, err = io.StringIO(), io.StringIO()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HAPILOT_")}
    argv = ["hapilot", *(str(argument) for argument in arguments)]
    with (
        mock.patch.dict(os.environ, {**kept, **(env or {})}, clear=True),
        mock.patch.object(sys, "argv", argv),
        contextlib.chdir(cwd or Path.cwd()),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        pytest.raises(SystemExit) as leaving,
    ):
        main.main()
    assert isinstance(leaving.value.code, int)
    return subprocess.CompletedProcess(argv, leaving.value.code, out.getvalue(), err.getvalue())


def test_runs_as_a_module_too() -> None:
    done = subprocess.run([sys.executable, "-m", "hapilot", "version"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"hapilot {__version__}\n", "")


def leaves_with(monkeypatch: pytest.MonkeyPatch, raised: BaseException) -> int:
    """The exit code where a command raises ``raised``."""

    def fail(*_: object, **__: object) -> None:
        raise raised

    monkeypatch.setattr(main.cli, "main", fail)
    with pytest.raises(SystemExit) as leaving:
        main.main()
    assert isinstance(leaving.value.code, int)
    return leaving.value.code


def test_help_lists_every_verb_without_importing_one() -> None:
    done = run("--help")
    assert done.returncode == 0
    assert [line.split()[0] for line in done.stdout.partition("Commands:\n")[2].splitlines()] == list(main.VERBS)


@pytest.mark.parametrize("verb", main.VERBS)
def test_every_verb_has_help(verb: str) -> None:
    command = main.cli.get_command(click.Context(main.cli), verb)
    assert command is not None
    assert command.help


def test_a_verb_that_does_not_exist_is_wrong_usage() -> None:
    done = run("chekc")
    assert (done.returncode, done.stdout) == (2, "")
    assert "No such command 'chekc'. did you mean 'check'?" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("check", "--exapnd"), "--expand"),
        (("explain",), "TARGET"),
        (("explain", "site.yaml", "shop.example.test"), "'shop.example.test' is not a target"),
        (("explain", "a", "b", "c"), "one target"),
        (("explain", "https://a.test/", "--from", "nowhere"), "'nowhere' is not an IP address"),
        (("explain", "https://a.test/", "--header", "x"), "'x' is not a header"),
        (("up", "--stop-seconds", "-1"), "-1"),
        (("completion", "tcsh"), "tcsh"),
    ],
)
def test_wrong_usage_ends_with_2(arguments: Sequence[str], said: str) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("verb", ["up", "check", "render", "explain"])
def test_a_site_that_is_not_there(verb: str, tmp_path: Path) -> None:
    done = run(verb, *(["https://a.test/"] if verb == "explain" else []), cwd=tmp_path, env={"HAPILOT_STATE": str(tmp_path / "state")})
    assert (done.returncode, done.stdout) == (1, "")
    assert "hapilot.yaml" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"\0", b"", b"- 1\n", b"services: {shop: " + b"[" * 5000])
def test_a_site_that_is_none(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_bytes(content)
    done = run("check", "site.yaml", cwd=tmp_path)
    assert done.returncode == 1
    assert "site.yaml" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_site_that_is_a_device(tmp_path: Path) -> None:
    done = run("check", "/dev/null", cwd=tmp_path)
    assert done.returncode == 1
    assert "/dev/null error[file-unreadable] '/dev/null' is not a regular file" in done.stderr


def test_a_haproxy_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text("services: {}\n")
    done = run("check", "site.yaml", "--haproxy", "/nowhere/haproxy", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("error the HAProxy '/nowhere/haproxy' does not exist\n    give the path of")


@pytest.mark.parametrize("arguments", [("schema",), ("version",), ("doctor",)])
def test_nobody_reads_the_output(arguments: Sequence[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run([sys.executable, "-m", "hapilot", *arguments], stdout=writer, stderr=subprocess.PIPE, timeout=60)
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (1, b"")


def test_ctrl_c_is_130_and_says_nothing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert leaves_with(monkeypatch, KeyboardInterrupt()) == 130
    assert leaves_with(monkeypatch, click.Abort()) == 130
    assert capsys.readouterr() == ("", "")


def test_an_error_is_one_message_with_its_hint(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert leaves_with(monkeypatch, errors.HaproxyMissing("there is none", "install one")) == 1
    assert capsys.readouterr() == ("", "error there is none\n    install one\n")


def test_a_site_error_shows_its_diagnostics(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    found = diagnostics.error("unknown-key", "no such key", Origin("a.yaml", 3, 5), "did you mean 'host'?")
    assert leaves_with(monkeypatch, errors.SiteError([found])) == 1
    expected = "a.yaml:3:5 error[unknown-key] no such key\n    did you mean 'host'?\nerror the site has 1 error\n"
    assert capsys.readouterr() == ("", expected)


def test_a_bug_is_a_message_too(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("HAPILOT_TRACEBACK", raising=False)
    assert leaves_with(monkeypatch, ZeroDivisionError("division by zero")) == 1
    said = capsys.readouterr().err
    assert said.startswith("error this is a bug in hapilot: ZeroDivisionError: division by zero\n")
    assert "Traceback" not in said
    monkeypatch.setenv("HAPILOT_TRACEBACK", "1")
    assert leaves_with(monkeypatch, ZeroDivisionError("division by zero")) == 1
    assert "Traceback" in capsys.readouterr().err


def test_what_the_system_refuses_is_no_bug(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert leaves_with(monkeypatch, OSError(24, "Too many open files")) == 1
    assert "error [Errno 24] Too many open files\n" in capsys.readouterr().err


def test_a_name_that_no_encoding_has_is_no_error(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/sit\xe9.yaml"
    Path(os.fsdecode(path)).write_text("no: 1\n")
    for form in ([], ["--json"]):
        done = subprocess.run([sys.executable, "-m", "hapilot", "check", "--no-haproxy", path, *form], capture_output=True, timeout=60)
        assert done.returncode == 1
        assert b"unknown-key" in done.stdout + done.stderr
        assert b"this is a bug" not in done.stderr


def on_terminal(command: list[str], env: dict[str, str]) -> bytes:
    """What a command writes to a terminal on its stderr."""
    ours, theirs = pty.openpty()
    try:
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=theirs, env={**os.environ, "TERM": "xterm", **env}, timeout=60)
        return os.read(ours, 65536)
    finally:
        os.close(ours)
        os.close(theirs)


def test_colour_is_for_terminals_that_want_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hapilot", "check", "--no-haproxy", str(tmp_path / "none.yaml")]
    assert b"\x1b[31m" in on_terminal(command, {"NO_COLOR": ""})
    assert b"\x1b" not in on_terminal(command, {"NO_COLOR": "1"})
    assert b"\x1b" not in on_terminal(command, {"TERM": "dumb"})
    assert b"\x1b" not in subprocess.run(command, capture_output=True, timeout=60).stderr


def test_progress_is_silent_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with output.progress("working"):
        pass
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("severities", "expected"),
    [((), "0 errors, 0 warnings"), (("error",), "1 error, 0 warnings"), (("error", "error", "warning"), "2 errors, 1 warning")],
)
def test_summary_counts(severities: Sequence[str], expected: str) -> None:
    makers: dict[str, Callable[..., diagnostics.Diagnostic]] = {"error": diagnostics.error, "warning": diagnostics.warning}
    assert output.summary(makers[word]("conflict", "x", Origin("a")) for word in severities) == expected
