"""``hapilot up`` as a process, whose site is changed, and which may be killed.

Comes in: a folder, a HAProxy. Goes out: a `Driver` that writes sites and certificates (each file at once, by rename), gives orders on
the control socket, kills and starts ``up``. Called by both tests.
"""

from __future__ import annotations

import contextlib
import shutil
import signal
import subprocess
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives import serialization

from e2e import up
from e2e.live import wanted
from hapilot.reconcile import asking, protocol
from hapilot.runtime import files, process, rundir
from support import certificates


@dataclass(slots=True)
class Driver:
    """One site, one state directory, one HAProxy. ``shown`` are the certificates as written last, as DER, by their file's stem."""

    place: up.Place
    options: tuple[str, ...] = ()
    shown: dict[str, bytes] = field(default_factory=dict[str, bytes])
    running: subprocess.Popen[bytes] | None = None
    starts: int = 0

    @property
    def state(self) -> files.StateDirectory:
        """Its state directory."""
        return files.StateDirectory(self.place.state)

    @property
    def said(self) -> str:
        """What ``up`` has said since it was started last."""
        return (self.place.folder / f"up-{self.starts}.log").read_text(encoding="utf-8", errors="replace")

    def write(self, site: wanted.Site) -> None:
        """Put the site in the place of the former."""
        beside = self.place.folder / ".site.new"
        beside.write_text(wanted.as_text(site), encoding="utf-8")
        beside.replace(self.place.folder / "site.yaml")

    def issue(self, stem: str, names: tuple[str, ...]) -> None:
        """A new certificate in the file of that stem."""
        leaf = certificates.authority().issue(*names)
        folder = self.place.folder / "certs"
        leaf.write(folder / ".new", stem).combined.replace(folder / f"{stem}.pem")
        self.shown[stem] = leaf.certificate.public_bytes(serialization.Encoding.DER)

    def apply(self) -> protocol.Done:
        """Have the site applied now. Raises HapilotError."""
        return asking.ask(self.state, protocol.Apply())

    def start(self) -> None:
        """``up``, until it serves."""
        self.starts += 1
        command = self.place.command("up", self.place.folder / "site.yaml", "--stop-seconds", "0", *self.options)
        with (self.place.folder / f"up-{self.starts}.log").open("wb") as sink:
            self.running = subprocess.Popen(
                command, env=self.place.environment(), stdin=subprocess.DEVNULL, stdout=sink, stderr=sink
            )  # fmt: skip
        up.wait_until(self._is_ready, lambda: f"up does not serve:\n{self.said}")

    def _is_ready(self) -> bool:
        assert self.running is not None
        assert self.running.poll() is None, self.said
        return "ready https " in self.said and ", generation " in self.said

    def kill(self) -> None:
        """As ``kill -9`` does."""
        assert self.running is not None
        self.running.send_signal(signal.SIGKILL)
        self.running.wait(20)

    @property
    def is_dead(self) -> bool:
        """Whether ``up`` does not run."""
        return self.running is None or self.running.poll() is not None

    def haproxy(self) -> int:
        """The process id of HAProxy's master."""
        running = process.adopt(self.state)
        assert running is not None, "no HAProxy runs"
        return running.pid

    def end(self) -> int:
        """By SIGTERM; the exit code."""
        assert self.running is not None
        self.running.terminate()
        return self.running.wait(30)

    def close(self) -> None:
        """Nothing is left."""
        if not self.is_dead:
            self.kill()
        with contextlib.suppress(Exception):  # whatever state a failed test has left
            left = process.adopt(self.state)
            if left is not None:
                left.stop(0.0)
        sockets = rundir.find(self.state.root)
        if sockets is not None and sockets.parent != self.state.root:
            shutil.rmtree(sockets, ignore_errors=True)


@contextlib.contextmanager
def driven(haproxy: Path, folder: Path, *options: str) -> Generator[Driver]:
    """A driver whose processes have ended after the block."""
    folder.mkdir(parents=True)
    driver = Driver(up.Place(haproxy, folder), options)
    try:
        yield driver
    finally:
        driver.close()


def begin(driver: Driver, site: wanted.Site) -> None:
    """``up`` serves ``site``, with new certificates."""
    for stem, names in site.certificates.items():
        driver.issue(stem, names)
    driver.write(site)
    driver.start()
