"""A podman of the tests' own: storage, images and networks in one folder, nothing pulled, nothing left.

Comes in: a folder and what to run. Goes out: `Podman`, which runs podman in its own storage; `base_image` and `wheels`, from which an image
can be built without any registry. Called by the test of `export podman`. Needs root and Debian's podman, runc and debootstrap.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from support import haproxy

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ("podman", "runc", "conmon", "debootstrap")
DEBIAN_PYTHON = Path("/usr/bin/python3")
"""The interpreter of the system, which is also that of the base image; the tests' own may be another version."""


@dataclass(frozen=True, slots=True)
class Podman:
    """Runs podman with configuration files of its own, which is how scripts that say only `podman` use the same storage."""

    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict[str, str])

    def environment(self) -> dict[str, str]:
        """Ours with where podman finds its configuration."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("HAPILOT_") and name != "NOTIFY_SOCKET"}
        files = {
            "CONTAINERS_CONF": "containers.conf",
            "CONTAINERS_STORAGE_CONF": "storage.conf",
            "CONTAINERS_REGISTRIES_CONF": "registries.conf",
        }
        return {**kept, **{name: str(self.folder / file) for name, file in files.items()}, **self.variables}

    def run(self, *words: str | Path, seconds: float = 120) -> str:
        """The stdout of a podman command that must succeed."""
        return call(["podman", *map(str, words)], self.environment(), seconds)

    def attempt(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        """A podman command that may fail."""
        command = ["podman", *map(str, words)]
        return subprocess.run(command, env=self.environment(), capture_output=True, text=True, timeout=120, check=False)

    def inspect(self, name: str) -> dict[str, Any]:
        """What podman knows of a container."""
        return json.loads(self.run("inspect", name))[0]

    def logs(self, name: str) -> str:
        """What the container has said, on both streams."""
        done = self.attempt("logs", name)
        return done.stdout + done.stderr


def call(command: list[str], environment: Mapping[str, str], seconds: float = 240) -> str:
    """The stdout of a command that must succeed."""
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=seconds, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@contextlib.contextmanager
def own(variables: Mapping[str, str]) -> Generator[Podman]:
    """A podman with nothing in it. On the way out its containers, images and mounts are gone."""
    haproxy.require_root("podman makes containers")
    for tool in TOOLS:
        haproxy.require(tool, "the site runs in a container")
    # Short, because podman keeps sockets in it.
    folder = Path(tempfile.mkdtemp(prefix="hapilot-podman-"))
    podman = Podman(folder, variables)
    _configure(folder)
    try:
        yield podman
    finally:
        podman.attempt("rm", "--all", "--force", "--volumes", "--time=0")
        podman.attempt("volume", "rm", "--all", "--force")
        podman.attempt("rmi", "--all", "--force")
        _unmount(folder)
        shutil.rmtree(folder)


def _configure(folder: Path) -> None:
    """containers.conf(5), containers-storage.conf(5). The limits are for machines that may not raise them.

    What conmon runs at a container's end is told of these folders by options, and of no others: with another ``static_dir`` it
    would not find the container, and podman wait 20 seconds for it.
    """
    (folder / "containers.conf").write_text(
        '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1000:1000"]\n'
        '[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\nlock_type = "file"\n'
        f'tmp_dir = "{folder}/tmp"\n'
        f'[network]\nnetwork_config_dir = "{folder}/networks"\n'
    )
    (folder / "storage.conf").write_text(f'[storage]\ndriver = "overlay"\ngraphroot = "{folder}/graph"\nrunroot = "{folder}/run"\n')
    (folder / "registries.conf").write_text("unqualified-search-registries = []\n")


def _unmount(folder: Path) -> None:
    """Whatever podman has left mounted, the innermost first."""
    mounted = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    for place in sorted((each for each in mounted if Path(each).is_relative_to(folder)), key=len, reverse=True):
        subprocess.run(["umount", "--lazy", place], capture_output=True, check=False)


def base_image(podman: Podman, name: str) -> None:
    """A Debian with Python, of the release that this machine has, as an image."""
    root = podman.folder / "root"
    packages = "python3,python3-venv,ca-certificates"
    release = _release()
    call(
        ["debootstrap", "--variant=minbase", f"--include={packages}", release, str(root)],
        {**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
    )
    shutil.rmtree(root / "var" / "cache" / "apt")
    archive = podman.folder / "root.tar"
    call(["tar", "--create", f"--file={archive}", f"--directory={root}", "."], os.environ)
    shutil.rmtree(root)
    podman.run("import", "--quiet", archive, name)
    archive.unlink()


def _release() -> str:
    fields = dict(line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line)
    return fields["VERSION_CODENAME"].strip('"')


def wheels(podman: Podman, folder: Path) -> None:
    """hapilot as it is in this checkout, and everything it needs in the versions of the tests' own environment, as wheels."""
    environment = podman.folder / "pip"
    call([str(DEBIAN_PYTHON), "-m", "venv", str(environment)], os.environ)
    constraints = podman.folder / "constraints.txt"
    pinned = {(each.name, each.version) for each in metadata.distributions() if each.name != "hapilot"}
    constraints.write_text("".join(f"{name}=={version}\n" for name, version in sorted(pinned)))
    pip = [str(environment / "bin" / "pip"), "wheel", "--quiet", f"--wheel-dir={folder}", f"--constraint={constraints}"]
    call([*pip, str(ROOT)], os.environ)
    shutil.rmtree(environment)
