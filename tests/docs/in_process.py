"""Runs a page's commands without starting a hapilot for each: what only looks at a site runs in this process.

A command and the folder with the page's files go in; its output and exit code come out. ``test_site_file`` uses it for the many small
pages about keys; ``test_commands`` runs whole pages as a reader would.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner

from docs import documented
from hapilot.cli import main

LOOKING = ("check", "explain", "render", "schema", "export")
"""Verbs that change nothing and need nothing that runs."""
SECONDS = 30.0
_ASSIGNMENT = re.compile(r"(?P<name>[A-Z][A-Z0-9_]*)=(?P<value>.*)", re.DOTALL)
_SHELL = frozenset("();<>|&")
"""What makes a word an operator of the shell, where it is not in quotes."""


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a command."""

    code: int
    output: str


def without_a_site(steps: Sequence[documented.File | documented.Command]) -> Iterator[documented.File | documented.Command]:
    """The steps of a page that need no running site: its files, what looks at a site, and before the first command that stays
    everything else."""
    runs = False
    for step in steps:
        if isinstance(step, documented.File) or not (runs or step.stays) or looks(step):
            yield step
        runs = runs or (isinstance(step, documented.Command) and step.stays)


def looks(step: documented.Command) -> bool:
    """Whether a command only looks at a site, so that it can run in this process."""
    _, words = _split(step.text)
    if words[:1] != ["hapilot"] or step.stays or "--live" in words or any(_SHELL.issuperset(word) for word in words):
        return False
    return len(words) > 1 and words[1] in LOOKING


def run(step: documented.Command, folder: Path, environment: Mapping[str, str]) -> Done:
    """Runs one command in ``folder``, which is the current one. Verbs that look run here, anything else in a shell."""
    if looks(step):
        given, words = _split(step.text)
        done = CliRunner(env={**environment, **given}).invoke(main.cli, words[1:], prog_name="hapilot")
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Done(done.exit_code, done.output)
    ran = subprocess.run(
        ["bash", "-c", step.text],
        cwd=folder,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return Done(ran.returncode, ran.stdout)


def _split(text: str) -> tuple[dict[str, str], list[str]]:
    """The variables in front of a command, and its words."""
    lexer = shlex.shlex(text, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words = list(lexer)
    given: dict[str, str] = {}
    while words and (found := _ASSIGNMENT.fullmatch(words[0])):
        given[found["name"]] = found["value"]
        words.pop(0)
    return given, words
