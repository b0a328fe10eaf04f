"""Golden cases of compiling: the configuration, the tables, where connections go; and the real HAProxy's word on each."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from golden import compilecase, loadcase
from hapilot.runtime import descriptors, plain
from support import haproxy

CASES = sorted((Path(__file__).parent / "cases" / "compile").glob("*.case"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = path.read_text()
    monkeypatch.chdir(tmp_path)
    came, _ = compilecase.run(loadcase.parse(text))
    head = compilecase.given(text)
    if request.config.getoption("--update-golden"):
        path.write_text(head + came)
        return
    assert came == text[len(head) :]


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_same_site_gives_the_same_bytes(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    case = loadcase.parse(path.read_text())
    assert compilecase.run(case)[0] == compilecase.run(case)[0]


@pytest.mark.haproxy
@pytest.mark.parametrize("binary", haproxy.binaries(), ids=lambda binary: binary.id)
@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_haproxy_takes_it_without_a_warning(path: Path, binary: haproxy.Binary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    _, files = compilecase.run(loadcase.parse(path.read_text()))
    if files is None:
        return
    plain.write_bundle(tmp_path / "out", files)
    environment = {**os.environ, "HAPILOT_RUN": str(tmp_path)}
    command = [str(binary.path), "-c", "-f", "haproxy.cfg", "-f", "live.cfg"]
    inherits = {int(number) for number in re.findall(rb"bind fd@(\d+)", (tmp_path / "out" / "haproxy.cfg").read_bytes())}
    with descriptors.stand_in() as socket:
        command = descriptors.stand_in_command(socket.fileno(), inherits, command) if inherits else command
        passed = (socket.fileno(),) if inherits else ()
        done = subprocess.run(command, cwd=tmp_path / "out", capture_output=True, text=True, env=environment, check=False, pass_fds=passed)
    said = [line for line in (done.stdout + done.stderr).splitlines() if "[WARNING]" in line or "[ALERT]" in line]
    assert (done.returncode, said) == (0, [])
