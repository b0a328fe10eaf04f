"""Podman's own generator of systemd units, and what it makes of a unit.

Comes in: a folder with NAME.container. Goes out: the service that systemd would run. Podman has the generator since 4.4; where the system's
podman is older, the one of Debian 13 is taken out of its package (nothing is installed). Called by the test of `export podman`.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

from e2e import podman

_PLACES = (Path("/usr/libexec/podman/quadlet"), Path("/usr/lib/podman/quadlet"))
_KEYS = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


@dataclass(frozen=True, slots=True)
class Generated:
    """What the generator said of a folder of units: exit code, the services on stdout, its complaints."""

    code: int
    text: str
    complaints: str

    def command(self, key: str, specifiers: dict[str, str]) -> list[str]:
        """The words that systemd would run for ``ExecStart`` or ``ExecStop``, with ``%t`` and the like replaced."""
        said = re.search(rf"^{key}=(.*)$", self.text, re.MULTILINE)
        assert said is not None, self.text
        line = said[1]
        for specifier, value in specifiers.items():
            line = line.replace(specifier, value)
        return shlex.split(line)


def generator(folder: Path) -> Path:
    """The program; fetched into ``folder`` where the system has none."""
    return next((place for place in _PLACES if place.exists()), None) or _from_debian_13(folder)


def generate(program: Path, units: Path) -> Generated:
    """What systemd would get for the units in a folder."""
    environment = {**os.environ, "QUADLET_UNIT_DIRS": str(units)}
    command = [str(program), "-dryrun", "-no-kmsg-log"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    return Generated(done.returncode, done.stdout, done.stderr)


def _from_debian_13(folder: Path) -> Path:
    """With lists and caches of its own, so that apt keeps thinking of this machine as what it is."""
    state = folder / "apt"
    for name in ("state/lists/partial", "cache/archives/partial", "parts", "unpacked"):
        (state / name).mkdir(parents=True)
    mirror = _mirror()
    (state / "sources.list").write_text(f"deb [signed-by={_KEYS}] {mirror} trixie main\n")
    places = {"Etc::sourcelist": "sources.list", "Etc::sourceparts": "parts", "State": "state", "Cache": "cache"}
    options = [f"-oDir::{key}={state / name}" for key, name in places.items()]
    options += ["-oDir::State::status=/var/lib/dpkg/status", "-oAPT::Sandbox::User=root", "-oAcquire::Languages=none"]
    options += [f"-oAcquire::IndexTargets::deb::{kind}::DefaultEnabled=false" for kind in ("DEP-11", "Contents-deb")]
    podman.call(["apt-get", *options, "--quiet=2", "update"], os.environ)
    subprocess.run(["apt-get", *options, "--quiet=2", "download", "podman"], cwd=state, check=True, timeout=240, capture_output=True)
    package = next(state.glob("podman_*.deb"))
    podman.call(["dpkg-deb", "--extract", str(package), str(state / "unpacked")], os.environ)
    return state / "unpacked" / "usr" / "libexec" / "podman" / "quadlet"


def _mirror() -> str:
    """Where this machine gets its Debian from."""
    said = podman.call(["apt-get", "indextargets", "--format", "$(REPO_URI) $(LABEL)", "Created-By: Packages"], os.environ)
    found = [line.split(maxsplit=1) for line in said.splitlines()]
    return next(uri for uri, label in found if label == "Debian")
