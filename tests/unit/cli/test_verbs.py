"""Verbs that need no running HAProxy: version, schema, completion, doctor."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from hapilot import __version__
from hapilot.cli import doctor, main
from hapilot.runtime import files


def invoke(*arguments: str, env: dict[str, str] | None = None) -> str:
    """The stdout of a command that succeeds."""
    done = CliRunner(env=env or {}).invoke(main.cli, arguments)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_version() -> None:
    assert invoke("version") == f"hapilot {__version__}\n"
    assert __version__ in invoke("--version")
    shown = json.loads(invoke("version", "--json"))
    assert shown["hapilot"] == __version__
    assert shown["haproxy"] is None or set(shown["haproxy"]) == {"version", "path", "origin"}


@pytest.mark.parametrize("arguments", [["version"], ["version", "--json"], ["--help"], ["completion", "zsh"]])
def test_what_starts_fast_imports_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys; from hapilot.cli import main\n"
        "try: main.cli.main(sys.argv[1:], prog_name='hapilot', standalone_mode=False)\n"
        "finally: print([n for n in ('pydantic', 'rich', 'cryptography', 'yaml', 'watchfiles') if n in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60)
    assert done.stderr == "[]\n"


def test_status_imports_nothing_that_compiles() -> None:
    code = "import sys, hapilot.cli.status, hapilot.reconcile.report; print([n for n in ('pydantic', 'cryptography') if n in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60).stdout == "[]\n"


def test_schema_is_a_json_schema() -> None:
    schema = json.loads(invoke("schema"))
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert {"listeners", "services", "certificates"} <= set(schema["properties"])


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(shell: str) -> None:
    assert "_HAPILOT_COMPLETE" in invoke("completion", shell)


def test_completion_completes_in_bash(tmp_path: Path) -> None:
    if shutil.which("bash") is None:
        pytest.skip("bash is not installed")
    program = tmp_path / "hapilot"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m hapilot "$@"\n')
    program.chmod(0o755)
    script = (
        "source <(hapilot completion bash)\ncomplete -p hapilot\n"
        'COMP_WORDS=(hapilot expl); COMP_CWORD=1; _hapilot_completion hapilot; echo "${COMPREPLY[@]}"\n'
        'COMPREPLY=(); COMP_WORDS=(hapilot explain --liv); COMP_CWORD=2; _hapilot_completion hapilot; echo "${COMPREPLY[@]}"\n'
    )
    env = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", script], env=env, capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert lines[0].startswith("complete ")
    assert lines[1:] == ["explain", "--live"]


def examine(state: Path) -> list[doctor.Finding]:
    """The findings about a state directory."""
    found = json.loads(CliRunner().invoke(main.cli, ["doctor", "--json", "--state", str(state)]).stdout)["findings"]
    return [doctor.Finding(**one) for one in found if str(state) in one["text"]]


def test_doctor_looks_at_the_state_directory(tmp_path: Path) -> None:
    state = files.StateDirectory(tmp_path / "state")
    assert [one.level for one in examine(state.root)] == ["good"]
    (state.generations / "1" / "certs").mkdir(parents=True)
    state.root.chmod(0o700)
    key = state.generations / "1" / "certs" / "a.pem"
    key.touch(mode=0o600)
    with state.lock("a test"):
        assert examine(state.root) == [doctor.Finding("good", f"state is in {state.root}; in use by process {os.getpid()}")]
    key.chmod(0o644)
    assert examine(state.root)[1:] == [doctor.Finding("bad", f"other users can read {key}", f"chmod go-rwx {key}")]
    state.root.chmod(0o755)
    assert [one.text for one in examine(state.root)[1:]] == [f"other users can read {state.root}", f"other users can read {key}"]


def test_doctor_without_the_haproxy_that_was_asked_for() -> None:
    done = CliRunner().invoke(main.cli, ["doctor", "--json", "--haproxy", "/nowhere/haproxy"])
    assert done.exit_code == 1
    shown = json.loads(done.stdout)
    assert shown["ok"] is False
    assert shown["findings"][0]["level"] == "bad"
