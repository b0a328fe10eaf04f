"""How results and messages look: results to stdout, messages to stderr, colour only on terminals."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Generator, Iterable
from typing import Any

import click

from hapilot.base import errors
from hapilot.base.diagnostics import Diagnostic

_COLOURS = {"error": "red", "warning": "yellow", "info": "blue"}


def print_json(value: Any, *, in_a_line: bool = False) -> None:
    """One JSON document on stdout; in one line where more follow."""
    click.echo(json.dumps(value, indent=None if in_a_line else 2, ensure_ascii=False, default=str))


def style(text: str, colour: str | None = None, *, bold: bool = False, dim: bool = False) -> str:
    """Coloured text. click leaves the colour out where no terminal reads it, we where NO_COLOR is set (no-color.org)."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    return click.style(text, fg=colour, bold=bold or None, dim=dim or None)


@contextlib.contextmanager
def progress(text: str) -> Generator[None]:
    """Shows on a terminal's stderr that something goes on."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(text):
        yield


def diagnostics(found: Iterable[Diagnostic]) -> None:
    """Diagnostics on stderr, as docs/cli.md shows them."""
    for one in found:
        word = style(str(one.severity), _COLOURS[one.severity], bold=True)
        click.echo(f"{one.origin} {word}[{one.code}] {one.message}", err=True)
        if one.hint:
            click.echo(f"    {one.hint}", err=True)


def failed(problem: errors.HapilotError) -> None:
    """An error that ends the command. Where it stands for diagnostics, those say it all."""
    if isinstance(problem, errors.SiteError):
        diagnostics(problem.diagnostics)
    message(f"{style('error', 'red', bold=True)} {problem}")
    if problem.hint:
        message(f"    {problem.hint}")


def message(text: str) -> None:
    """A message on stderr."""
    click.echo(text, err=True)


def summary(found: Iterable[Diagnostic]) -> str:
    """``2 errors, 1 warning``."""
    severities = [str(one.severity) for one in found]
    counts = {word: severities.count(word) for word in ("error", "warning")}
    return ", ".join(f"{count} {word}{'' if count == 1 else 's'}" for word, count in counts.items())
