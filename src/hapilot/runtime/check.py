"""Asks HAProxy itself whether it takes a set of files (``haproxy -c``).

In: a program and a directory with the files. Out: a :class:`Checked`. Called before anything goes live, and by ``check``.
Nothing is opened or bound by it.
"""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from hapilot.base import errors
from hapilot.render import bundle as bundles
from hapilot.runtime import binary, descriptors, environment, messages

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
    *,
    env: Mapping[str, str] | None = None,
    inherits: Collection[int] = (),
    seconds: float = SECONDS,
) -> Checked:
    """Whether ``haproxy`` takes the files in ``directory``. Raises HaproxyFailed if it gives no answer.

    ``env`` is its whole environment; ``inherits`` are the listening sockets that it is handed when it is run for good: it is shown a
    stand-in for them.
    """
    # Started in the directory because 2.6 looks up the maps of dynamic use_backend rules there, `default-path` notwithstanding.
    command = [str(haproxy.path), "-c", "-C", str(directory), *configuration(directory)]
    try:
        done = _run(command, environment.for_haproxy() if env is None else env, inherits, seconds)
    except subprocess.TimeoutExpired as problem:
        raise errors.HaproxyFailed(
            f"HAProxy did not finish checking {directory / bundles.CONFIG} in {seconds:g} s",
            "names that don't resolve make it wait: use addresses, or look at the machine's resolver",
        ) from problem
    except OSError as problem:
        raise errors.HaproxyFailed(f"{haproxy.path} can't be run: {problem}") from problem
    findings = messages.parse_messages(done.stderr)
    if done.returncode and not any(finding.severity == "alert" for finding in findings):
        said = done.stderr.strip() or done.stdout.strip() or f"it ended with status {done.returncode} and said nothing"
        findings = (*findings, messages.Finding("alert", "", 0, said))
    return Checked(done.returncode == 0, findings)


def configuration(directory: Path) -> list[str]:
    """The arguments that make HAProxy read the files in ``directory``. What was rendered before there was a second one has only one."""
    live = directory / bundles.LIVE
    return ["-f", str(directory / bundles.CONFIG), *(("-f", str(live)) if live.is_file() else ())]


def _run(command: list[str], env: Mapping[str, str], inherits: Collection[int], seconds: float) -> subprocess.CompletedProcess[str]:
    with contextlib.ExitStack() as stack:
        passed: tuple[int, ...] = ()
        if inherits:
            passed = (stack.enter_context(descriptors.stand_in()).fileno(),)
            command = descriptors.stand_in_command(passed[0], inherits, command)
        return subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=seconds, check=False, env=env, pass_fds=passed
        )
