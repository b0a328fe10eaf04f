"""The real ``hapilot`` command on an example's own files, as its reader would run it.

Comes in: a site, the HAProxy to use, the variables that point it at stand-ins. Goes out: an `Up` that serves, whose messages and
status can be read, and that has ended when the ``with`` does. Called by the fixtures and tests of this folder.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support import netns

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
HAPILOT = Path(sys.executable).with_name("hapilot")
SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where hapilot runs: the HAProxy it is to use, a folder for its state and messages, variables, perhaps another network."""

    haproxy: Path
    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict[str, str])
    host: netns.Host | None = None

    @property
    def state(self) -> Path:
        """The state directory."""
        return self.folder / "state"

    def command(self, verb: str, *arguments: str | Path) -> list[str]:
        """The command line of a verb that takes a HAProxy and a state directory."""
        words = [str(HAPILOT), verb, *map(str, arguments), "--state", str(self.state)]
        if verb != "status":
            words += ["--haproxy", str(self.haproxy)]
        return self.host.command(*words) if self.host else words

    def environment(self) -> dict[str, str]:
        """Ours without what would change hapilot's mind, and the site's variables."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("HAPILOT_")}
        return {**kept, "PYTHONUNBUFFERED": "1", **self.variables}

    def run(self, verb: str, *arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run a verb to its end."""
        return subprocess.run(
            self.command(verb, *arguments),
            env=self.environment(), cwd=cwd, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Up:
    """A running ``hapilot up``."""

    place: Place
    process: subprocess.Popen[bytes]

    @property
    def said(self) -> str:
        """What it has said so far, on both streams."""
        return _log(self.place).read_text(encoding="utf-8")

    def status(self) -> dict[str, Any]:
        """``hapilot status --json``."""
        done = self.place.run("status", "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def status_text(self) -> str:
        """``hapilot status``."""
        done = self.place.run("status")
        assert done.returncode == 0, done.stderr
        return done.stdout

    def health(self, service: str) -> dict[str, str]:
        """Each server of a service with its health, as status has it."""
        rows = [one for one in self.status()["services"] if one["name"] == service]
        assert rows, service
        return {server["name"]: server["health"] for row in rows for server in row["servers"]}

    def wait_for_health(self, service: str, expected: Mapping[str, str]) -> None:
        """Wait until the servers named have the health given."""
        wait_until(lambda: expected.items() <= self.health(service).items(), lambda: f"{service}: {self.health(service)}, not {expected}")

    def wait_for_message(self, text: str) -> None:
        """Wait until it has said ``text``."""
        wait_until(lambda: text in self.said, lambda: f"{text!r} is not in:\n{self.said}")


def wait_until(holds: Callable[[], bool], otherwise: Callable[[], str], seconds: float = SECONDS) -> None:
    """Look until it holds; fail with what ``otherwise`` says."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, otherwise()
        time.sleep(0.05)


@contextmanager
def running(site: Path, place: Place, *listeners: str) -> Generator[Up]:
    """``hapilot up SITE``, serving on all ``listeners``; ended by SIGTERM, which it must obey with exit code 0."""
    started = _start(site, place)
    try:
        _wait_until_ready(started, listeners)
        yield started
    finally:
        code = _end(started.process)
    assert code == 0, started.said


def _log(place: Place) -> Path:
    return place.folder / "hapilot.log"


def _start(site: Path, place: Place) -> Up:
    place.folder.mkdir(parents=True, exist_ok=True)
    with _log(place).open("wb") as sink:
        process = subprocess.Popen(
            place.command("up", site, "--stop-seconds", "0"),
            env=place.environment(), stdin=subprocess.DEVNULL, stdout=sink, stderr=sink,
        )  # fmt: skip
    return Up(place, process)


def _wait_until_ready(started: Up, listeners: tuple[str, ...]) -> None:
    def ready() -> bool:
        assert started.process.poll() is None, started.said
        return all(f"ready {name} " in started.said for name in listeners)

    wait_until(ready, lambda: f"not ready on {listeners}:\n{started.said}")


def _end(process: subprocess.Popen[bytes]) -> int:
    process.terminate()
    try:
        return process.wait(SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise


def copy(example: str, folder: Path) -> Path:
    """The example's folder in ``folder``, with what links point at."""
    return Path(shutil.copytree(EXAMPLES / example, folder / example))
