"""A systemd of its own: as process 1 of new namespaces, on this machine's programs, with files in memory.

Comes in: nothing. Goes out: a :class:`Systemd` in which commands run, and which ends with its ``with``. Nothing of the machine changes:
/etc is an overlay, /run, /var/lib, /opt and the tree of control groups are new, the network is empty, and only the test's units start.
Called by the test of `export systemd`. hapilot is there as /opt/hapilot/bin/hapilot, readable by everybody as after an installation.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import sysconfig
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest

import hapilot

PROGRAM = "/opt/hapilot/bin/hapilot"
_GROUPS = Path("/sys/fs/cgroup/systemd")
"""The tree of systemd's own control groups (version 1, "legacy"); with version 2 the whole tree is its own."""
_UNIFIED = Path("/sys/fs/cgroup/cgroup.controllers")

_BOOT = r"""
set -e
mount --make-rprivate /
mount -t proc proc /proc
mount -t tmpfs tmpfs /run
mkdir -p /run/overlay/upper /run/overlay/work /run/empty
for folder in /var/lib /opt; do mount -t tmpfs -o mode=755 tmpfs $folder; done
mount -t overlay overlay -o lowerdir=/etc,upperdir=/run/overlay/upper,workdir=/run/overlay/work /etc
rm -rf /etc/systemd/system/*
for folder in /usr/lib/systemd/system/*.wants; do mount --bind /run/empty "$folder"; done
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
    umount -l /sys/fs/cgroup; mount -t cgroup2 cgroup2 /sys/fs/cgroup
else
    mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
    mkdir /sys/fs/cgroup/systemd
    mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd
fi
mkdir -p /opt/hapilot/bin /opt/hapilot/source /opt/hapilot/packages /opt/python
mount --bind "$SOURCE" /opt/hapilot/source
mount --bind "$PACKAGES" /opt/hapilot/packages
python=$PYTHON
if [ "$PREFIX" != /usr ]; then
    mount --bind "$PREFIX" /opt/python
    python=/opt/python/${PYTHON#"$PREFIX"/}
fi
printf '#!%s\nimport sys\nsys.path[:0] = ["/opt/hapilot/source", "/opt/hapilot/packages"]\nfrom hapilot.cli import main\nmain.main()\n' \
    "$python" >/opt/hapilot/bin/hapilot
chmod 755 /opt/hapilot/bin/hapilot
ip link set lo up
printf '[Unit]\nDescription=nothing but the test\n' >/etc/systemd/system/test.target
exec env -i container=test PATH="$PATH" /lib/systemd/systemd --system --unit=test.target --log-target=console --show-status=no
"""


@dataclass(frozen=True, slots=True)
class Systemd:
    """The process outside that is process 1 inside."""

    pid: int

    def run(self, *command: str | Path, check: bool = True) -> str:
        """What a command says inside, on both outputs."""
        done = subprocess.run(self.command(*command), capture_output=True, text=True, timeout=90, check=False)
        assert done.returncode == 0 or not check, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def command(self, *command: str | Path) -> list[str]:
        """The words that run a command inside."""
        return ["nsenter", "-t", str(self.pid), "-m", "-p", "-n", "-i", "-u", "-C", *map(str, command)]

    def show(self, unit: str, key: str) -> str:
        """A property of a unit."""
        return self.run("systemctl", "show", "--property", key, "--value", unit).strip()


@contextlib.contextmanager
def booted(log: Path) -> Generator[Systemd]:
    """One that has booted; what it says goes into ``log``. Skips where this machine has none or lets none run."""
    group = (Path("/sys/fs/cgroup") if _UNIFIED.exists() else _GROUPS) / f"hapilot-test-{os.getpid()}"
    try:
        group.mkdir()
    except OSError as problem:
        _miss(f"no control groups: {problem}")
    with log.open("wb") as out:
        # The group first: the namespace takes it for the root of all.
        script = f'echo $$ >{group}/cgroup.procs; exec unshare --mount --pid --fork --kill-child --cgroup --ipc --uts --net bash -c "$BOOT"'
        outer = subprocess.Popen(["bash", "-c", script], env=_environment(), stdout=out, stderr=out, stdin=subprocess.DEVNULL)
    try:
        yield _inside(outer, log)
    finally:
        outer.kill()
        outer.wait(10)
        _remove(group)


def _remove(group: Path) -> None:
    """Its last processes may take a moment to end."""
    deadline = time.monotonic() + 10
    while group.exists():
        with contextlib.suppress(OSError):
            for folder in sorted((path for path in group.rglob("*") if path.is_dir()), reverse=True):
                folder.rmdir()
            group.rmdir()
        assert time.monotonic() < deadline, f"{group} is still in use"
        time.sleep(0.05)


def _environment() -> dict[str, str]:
    return {
        **os.environ,
        "BOOT": _BOOT,
        "SOURCE": str(Path(hapilot.__file__).parents[1]),
        "PACKAGES": sysconfig.get_path("purelib"),
        "PREFIX": sys.base_prefix,
        "PYTHON": str(Path(sys.executable).resolve()),
    }


def _inside(outer: subprocess.Popen[bytes], log: Path) -> Systemd:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and outer.poll() is None:
        children = Path(f"/proc/{outer.pid}/task/{outer.pid}/children").read_text().split()
        if children:
            made = Systemd(int(children[0]))
            if made.run("systemctl", "is-active", "test.target", check=False).strip() == "active":
                return made
        time.sleep(0.1)
    return _miss(f"systemd does not run here: {log.read_text(errors='replace')[-500:]}")


def _miss(reason: str) -> NoReturn:
    if os.environ.get("HAPILOT_REQUIRE_ALL") == "1":
        pytest.fail(reason)
    pytest.skip(reason)
