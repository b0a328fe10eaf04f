"""``hapilot history``: the generations that are kept."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hapilot.cli import options, output

if TYPE_CHECKING:
    from hapilot.reconcile import history


@click.command("history")
@options.state
@options.as_json
def command(state_path: Path | None, as_json: bool) -> None:  # noqa: FBT001 - a flag on the command line
    """Generations with time, origin and what changed, and which one serves. Works without a running `hapilot up`."""
    from hapilot.reconcile import history

    state = options.state_directory(state_path)
    rows = history.rows(state)
    if as_json:
        output.print_json({"generations": [row.as_json() for row in rows]})
        return
    if not rows:
        output.message(f"{state.root} has no generation yet")
    for line in _lines(rows):
        click.echo(line)


def _lines(rows: Sequence[history.Row]) -> Iterator[str]:
    """A line for each generation, the newest last, where a terminal shows it."""
    cells = [(str(row.number), _time(row.time), row.made_by or "-", _state(row), row.summary) for row in rows]
    widths = [max((len(row[column]) for row in cells), default=0) for column in range(4)]
    for row, line in zip(rows, cells, strict=True):
        number, when, origin, state, summary = line
        text = f"{number:>{widths[0]}}  {when}  {origin:{widths[2]}}  {state:{widths[3]}}  {summary}".rstrip()
        yield output.style(text, bold=True) if row.serving else text


def _state(row: history.Row) -> str:
    if row.confirm_until:
        return f"serving, to be confirmed until {time.strftime('%H:%M:%S', time.localtime(row.confirm_until))}"
    if row.serving:
        return "serving"
    return "" if row.served else "never served"


def _time(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
