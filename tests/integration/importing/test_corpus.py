"""Each configuration of others that a real HAProxy takes is taken after import and render too, with no new warning."""

from __future__ import annotations

import contextlib
import datetime
import os
import re
import socket
import subprocess
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hapilot.base import diagnostics
from hapilot.compile import compile, target  # noqa: A004 - the stage's name
from hapilot.languages.haproxy import parser
from hapilot.render import render
from hapilot.runtime import messages
from hapilot.sources.file import load, self_signed
from hapilot.sources.haproxy_cfg import importing, written
from roundtrip import corpus
from support import haproxy

QUICK = 8
"""``make test`` asks the embedded HAProxy about every eighth file; ``make test-all`` asks all about all."""
LOCAL = self_signed.LocalAuthority(None)
VARIABLE = re.compile(r"(fd@)?\$\{(\w+)\}")
PLACES = re.compile(r"\[?[\w./-]+\.cfg:\d+\]?|\(declared at [^)]*\)|\d+")


@contextlib.contextmanager
def surroundings(path: Path, folder: Path) -> Generator[tuple[dict[str, str], list[int]]]:
    """Variables that let a test's configuration be read: addresses, ports, and sockets that HAProxy is handed."""
    names = set(VARIABLE.findall(path.read_text(errors="replace")))
    with contextlib.ExitStack() as stack:
        known = {"testdir": str(path.parent), "tmpdir": str(folder)}
        passed: list[int] = []
        for number, (sign, name) in enumerate(sorted(names)):
            if sign:
                listening = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
                passed.append(listening.fileno())
                known[name] = str(listening.fileno())
            elif name.endswith(("_addr", "_port")):
                known[name] = "127.0.0.1" if name.endswith("_addr") else str(20000 + number)
        yield known, passed


def said(binary: haproxy.Binary, config: Path, around: tuple[dict[str, str], list[int]]) -> tuple[int, str]:
    """The verdict of ``haproxy -c``, run in the folder of the file."""
    command, (variables, passed) = [binary.path, "-c", "-f", config], around
    done = subprocess.run(
        command, cwd=config.parent, capture_output=True, timeout=60, check=False, env={**os.environ, **variables}, pass_fds=passed
    )
    return done.returncode, done.stderr.decode(errors="replace")


def complaints(text: str) -> list[str]:
    """Alerts and warnings without places and numbers."""
    return sorted(PLACES.sub("…", found.text) for found in messages.parse_messages(text) if found.severity != "notice")


def rendered(path: Path, binary: haproxy.Binary, folder: Path) -> Path:
    """The file that comes of import, load, compile and render."""
    written.write(importing.take([parser.parse_bytes(path.read_bytes(), str(path))], path.parent), folder / "site")
    now = datetime.datetime.now(datetime.UTC)
    loaded = load.load_site(folder / "site" / written.SITE, environment={}, now=now, authority=LOCAL)
    assert [str(each) for each in loaded.diagnostics if each.severity is diagnostics.Severity.ERROR] == [], path.name
    assert loaded.site is not None
    major, minor = binary.id.rpartition("-")[2].split(".")
    made = compile.compile_site(loaded.site, target.Target(version=(int(major), int(minor)), run_dir="/run/hapilot"))
    assert [str(each) for each in made.diagnostics if each.severity is diagnostics.Severity.ERROR] == [], path.name
    for file in render.render_build(made).files:
        into = folder / "run" / file.path
        into.parent.mkdir(parents=True, exist_ok=True)
        into.write_bytes(file.content)
    return folder / "run" / "haproxy.cfg"


def difference(path: Path, binary: haproxy.Binary, folder: Path) -> str | None:
    """What HAProxy has against the imported configuration and not against the original; None where it refuses that one."""
    with surroundings(path, folder) as around:
        code, before = said(binary, path, around)
        if code:
            return None
        folder.mkdir()
        made = rendered(path, binary, folder)
        code, after = said(binary, made, around)
    known = complaints(before)
    new = [each for each in complaints(after) if each not in known]
    return "" if code == 0 and not new else f"{path.name} (exit code {code}):\n" + "\n".join(new or [after])


def check(paths: Sequence[Path], binary: haproxy.Binary, folder: Path) -> int:
    """How many were compared."""
    with ThreadPoolExecutor(2) as pool:
        found = [each.result() for each in [pool.submit(difference, path, binary, folder / path.name) for path in paths]]
    assert "\n".join(each for each in found if each) == ""
    return sum(each is not None for each in found)


@pytest.mark.haproxy
def test_some(tmp_path: Path) -> None:
    assert check(corpus.require()[::QUICK], haproxy.binaries()[0], tmp_path) > 10


@pytest.mark.haproxy
@pytest.mark.system
@pytest.mark.timeout(300)
@pytest.mark.parametrize("binary", haproxy.binaries(), ids=lambda binary: binary.id)
def test_all(binary: haproxy.Binary, tmp_path: Path) -> None:
    assert check(corpus.require(), binary, tmp_path) > 80
