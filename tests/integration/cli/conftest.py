"""The commands as a user runs them: each in a process of its own, on a state directory and ports of its own."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from hapilot.base import errors
from hapilot.cli import main
from hapilot.runtime import files, process, rundir
from support import client, haproxy, servers
from support.ports import free_port

PATIENCE = 20.0
"""Seconds; everything waited for here takes a fraction of one on an idle machine."""


def until(holds: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    """Waits until ``holds``."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            pytest.fail(f"not within {seconds:g} s: {what}")
        time.sleep(0.02)


@dataclass
class Up:
    """A running ``hapilot up``, with what it says in files: HAProxy inherits its stdout, so a pipe would never end."""

    process: subprocess.Popen[bytes]
    out: Path
    err: Path

    @property
    def ready(self) -> list[str]:
        """The ready lines so far."""
        return [line for line in self.out.read_text().splitlines() if line.startswith("ready ")]

    @property
    def said(self) -> str:
        """Everything on stderr so far."""
        return self.err.read_text()

    def wait_said(self, text: str, times: int = 1) -> None:
        """Waits until ``text`` was said."""
        until(lambda: self.said.count(text) >= times or self.process.poll() is not None, f"{text!r} in\n{self.said}")
        assert self.said.count(text) >= times, self.said

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Signals it and waits; the exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


@dataclass
class Hapilot:
    """One site file, one state directory, one HAProxy, and the commands on them."""

    folder: Path
    program: Path
    port: int
    other_port: int
    state: files.StateDirectory
    started: list[Up] = field(default_factory=list[Up])
    called: str = "site.yaml"

    @property
    def site(self) -> Path:
        """The site file."""
        return self.folder / self.called

    @property
    def environment(self) -> dict[str, str]:
        """What the commands run with."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("HAPILOT_", "NO_COLOR"))}
        return {**kept, "HAPILOT_STATE": str(self.state.root), "HAPILOT_HAPROXY": str(self.program)}

    def write(self, text: str) -> Path:
        """A site file in one step, as ``mv`` does."""
        beside = self.folder / ".site.new"
        beside.write_text(text)
        beside.replace(self.site)
        return self.site

    def plain(self, server_port: int, name: str = "shop", extra: str = "") -> Path:
        """A plain HTTP listener that leads everything to one service."""
        return self.write(
            f'listeners:\n  web: {{bind: "127.0.0.1:{self.port}"}}\n'
            f'services:\n  {name}: {{tls: none, listener: web, servers: ["127.0.0.1:{server_port}"]}}\n{extra}'
        )

    def run(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """A command that ends by itself. It runs in this process, which has imported everything already."""
        out, err = io.StringIO(), io.StringIO()
        argv = ["hapilot", *(str(argument) for argument in arguments)]
        with (
            mock.patch.dict(os.environ, self.environment, clear=True),
            mock.patch.object(sys, "argv", argv),
            contextlib.chdir(self.folder),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            pytest.raises(SystemExit) as leaving,
        ):
            main.main()
        code = leaving.value.code
        assert isinstance(code, int)
        return subprocess.CompletedProcess(argv, code, out.getvalue(), err.getvalue())

    def json(self, *arguments: str | Path) -> Any:
        """The JSON of a command that succeeds."""
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def start(self, *arguments: str | Path, prefix: Sequence[str | Path] = (), env: dict[str, str] | None = None) -> Up:
        """``hapilot up`` on the site; does not wait."""
        number = len(self.started)
        out, err = self.folder / f"up-{number}.out", self.folder / f"up-{number}.err"
        with out.open("wb") as stdout, err.open("wb") as stderr:
            command = [*prefix, sys.executable, "-m", "hapilot", "up", self.site, *arguments]
            started = subprocess.Popen(
                command, env={**self.environment, **(env or {})}, stdout=stdout, stderr=stderr, stdin=subprocess.DEVNULL
            )
        self.started.append(Up(started, out, err))
        return self.started[-1]

    def up(self, *arguments: str | Path) -> Up:
        """``hapilot up`` on the site, serving."""
        started = self.start(*arguments)
        started.wait_said(", generation ")
        until(lambda: started.ready or started.process.poll() is not None, "a ready line")
        return started

    def refused(self, *arguments: str | Path, prefix: Sequence[str | Path] = (), env: dict[str, str] | None = None) -> str:
        """What ``hapilot up`` says when it does not start."""
        started = self.start(*arguments, prefix=prefix, env=env)
        assert started.process.wait(PATIENCE) == 1, started.said
        assert "Traceback" not in started.said
        return started.said

    def get(self, path: str = "/", port: int = 0) -> str | None:
        """Who answers a plain request."""
        return client.get(("127.0.0.1", port or self.port), client.Request("GET", path, "shop.example.test")).standin

    def haproxy(self) -> process.Process:
        """The HAProxy that runs."""
        running = process.adopt(self.state)
        assert running is not None
        return running

    def close(self) -> None:
        """Ends everything that was started."""
        for one in self.started:
            if one.process.poll() is None:
                one.process.kill()
                one.process.wait(PATIENCE)
        with contextlib.suppress(errors.HapilotError):
            left = process.adopt(self.state)
            if left is not None:
                left.stop(0.0)
        sockets = rundir.find(self.state.root)
        if sockets is not None and sockets.parent != self.state.root:
            shutil.rmtree(sockets)


@contextlib.contextmanager
def hapilot_in(folder: Path, program: Path) -> Generator[Hapilot]:
    made = Hapilot(folder, program, free_port(), free_port(), files.StateDirectory(folder / "state"))
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def hapilot(tmp_path: Path) -> Generator[Hapilot]:
    """The commands with the embedded HAProxy."""
    with hapilot_in(tmp_path, haproxy.embedded()) as made:
        yield made


@pytest.fixture(params=haproxy.each(slow=True))
def each_hapilot(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Hapilot]:
    """The commands with each HAProxy of this machine."""
    binary: haproxy.Binary = request.param
    with hapilot_in(tmp_path, binary.path) as made:
        yield made


@pytest.fixture(scope="module")
def stand() -> Generator[servers.Stand]:
    """Stand-in servers."""
    with servers.Stand() as running:
        yield running
