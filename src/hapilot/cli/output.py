"""How results and messages look: results to stdout, messages to stderr, colour only on terminals."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import Any

import click

from hapilot.base import errors
from hapilot.base.diagnostics import Diagnostic

_COLOURS = {"error": "red", "warning": "yellow", "info": "blue"}


def print_json(value: Any) -> None:
    """One JSON document on stdout."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def diagnostics(found: Iterable[Diagnostic]) -> None:
    """Diagnostics on stderr, as docs/cli.md shows them."""
    for one in found:
        word = click.style(str(one.severity), fg=_COLOURS[one.severity], bold=True)
        click.echo(f"{one.origin} {word}[{one.code}] {one.message}", err=True)
        if one.hint:
            click.echo(f"    {one.hint}", err=True)


def failed(problem: errors.HapilotError) -> None:
    """An error that ends the command. Where it stands for diagnostics, those say it all."""
    if isinstance(problem, errors.SiteError):
        diagnostics(problem.diagnostics)
    message(f"{click.style('error', fg='red', bold=True)} {problem}")
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


def on_terminal() -> bool:
    """Whether a person reads stdout."""
    return sys.stdout.isatty()
