"""Asks HAProxy itself whether it takes a set of files (``haproxy -c``).

In: a program and a directory with the files. Out: a :class:`Checked`. Called before anything goes live, and by ``check``.
Nothing is opened or bound by it.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hapilot.base import errors
from hapilot.render import bundle as bundles
from hapilot.runtime import binary, environment, messages

SECONDS = 60.0
"""A configuration of thousands of services is read in a few seconds; waiting longer means that names don't resolve."""


@dataclass(frozen=True, slots=True)
class Checked:
    """HAProxy's verdict. ``findings`` holds warnings too when ``ok``."""

    ok: bool
    findings: tuple[messages.Finding, ...]

    @property
    def alerts(self) -> tuple[messages.Finding, ...]:
        """Only what makes HAProxy refuse the files."""
        return tuple(finding for finding in self.findings if finding.severity == "alert")


def check_files(
    haproxy: binary.Haproxy,
    directory: Path,
    config: str = bundles.CONFIG,
    *,
    env: Mapping[str, str] | None = None,
    seconds: float = SECONDS,
) -> Checked:
    """Whether ``haproxy`` takes ``directory/config``. ``env`` is its whole environment. Raises HaproxyFailed if it gives no answer."""
    # Started in the directory because 2.6 looks up the maps of dynamic use_backend rules there, `default-path` notwithstanding.
    command = [str(haproxy.path), "-c", "-C", str(directory), "-f", str(directory / config)]
    try:
        whole = environment.for_haproxy() if env is None else env
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=seconds, check=False, env=whole)
    except subprocess.TimeoutExpired as problem:
        raise errors.HaproxyFailed(
            f"HAProxy did not finish checking {directory / config} in {seconds:g} s",
            "names that don't resolve make it wait: use addresses, or look at the machine's resolver",
        ) from problem
    except OSError as problem:
        raise errors.HaproxyFailed(f"{haproxy.path} can't be run: {problem}") from problem
    findings = messages.parse_messages(done.stderr)
    if done.returncode and not any(finding.severity == "alert" for finding in findings):
        said = done.stderr.strip() or done.stdout.strip() or f"it ended with status {done.returncode} and said nothing"
        findings = (*findings, messages.Finding("alert", "", 0, said))
    return Checked(done.returncode == 0, findings)
