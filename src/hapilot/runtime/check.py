"""Asks HAProxy itself whether it takes a set of files (``haproxy -c``).

In: a program and a directory with the files. Out: a :class:`Checked`. Called before anything goes live, and by ``check``.
Nothing is opened or bound by it.
"""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Callable, Collection, Generator, Mapping
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
    """Whether ``haproxy`` takes the files in ``directory``. Raises HaproxyFailed if it gives no answer in time.

    ``env`` is its whole environment; ``inherits`` are the listening sockets that it is handed when it is run for good: it is shown a
    stand-in for them.
    """
    with begun(haproxy, directory, env=env, inherits=inherits) as answer:
        return answer(seconds)


@contextlib.contextmanager
def begun(
    haproxy: binary.Haproxy, directory: Path, *, env: Mapping[str, str] | None = None, inherits: Collection[int] = ()
) -> Generator[Callable[[float], Checked]]:
    """The same, and HAProxy is at it while something else is done. What is given waits for so many seconds; without that HAProxy is ended.

    Nothing of this needs a thread: one that has little to do would wait for the other at each step.
    """
    # Started in the directory because 2.6 looks up the maps of dynamic use_backend rules there, `default-path` notwithstanding.
    command = [str(haproxy.path), "-c", "-C", str(directory), *configuration(directory)]
    with contextlib.ExitStack() as stack:
        passed: tuple[int, ...] = ()
        if inherits:
            passed = (stack.enter_context(descriptors.stand_in()).fileno(),)
            command = descriptors.stand_in_command(passed[0], inherits, command)
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                env=environment.for_haproxy() if env is None else env,
                pass_fds=passed,
            )
        except OSError as problem:
            raise errors.HaproxyFailed(f"{haproxy.path} can't be run: {problem}") from problem
        stack.callback(_end, process)
        yield lambda seconds: _answer(process, directory, seconds)


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.kill()
    process.communicate()


def _answer(process: subprocess.Popen[str], directory: Path, seconds: float) -> Checked:
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired as problem:
        raise errors.HaproxyFailed(
            f"HAProxy did not finish checking {directory / bundles.CONFIG} in {seconds:g} s",
            "names that don't resolve make it wait: use addresses, or look at the machine's resolver",
        ) from problem
    findings = messages.parse_messages(err)
    if process.returncode and not any(finding.severity == "alert" for finding in findings):
        said = err.strip() or out.strip() or f"it ended with status {process.returncode} and said nothing"
        findings = (*findings, messages.Finding("alert", "", 0, said))
    return Checked(process.returncode == 0, findings)


def configuration(directory: Path) -> list[str]:
    """The arguments that make HAProxy read the files in ``directory``. What was rendered before there was a second one has only one."""
    live = directory / bundles.LIVE
    return ["-f", str(directory / bundles.CONFIG), *(("-f", str(live)) if live.is_file() else ())]
