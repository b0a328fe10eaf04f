"""``python -m bench``: measure the rows, print the table, keep the results. Exit code 0 only if every row passed."""

from __future__ import annotations

import datetime
import sys
from pathlib import Path

import click
from rich import console

from bench import arithmetic, measure, record, report, rows, values


def result_of(row: values.Row, effort: measure.Effort) -> arithmetic.Result:
    """A row's comparison, or the reason why there is none."""
    try:
        return arithmetic.compare(row, measure.measure(row, effort))
    except values.NotMeasured as problem:
        return arithmetic.Missing(row, str(problem))


@click.command()
@click.option("--rows", "names", metavar="NAME[,NAME…]", help="Only rows whose names start so.")
@click.option(
    "--seconds", type=click.FloatRange(min=1), default=2.0, show_default=True, help="Length of a round; wrk counts whole seconds."
)
@click.option("--rounds", type=click.IntRange(min=1), default=5, show_default=True, help="Rounds for each contender.")
@click.option("--results", type=click.Path(path_type=Path, file_okay=False), default=record.FOLDER, help="Where JSON goes.")
def main(names: str | None, seconds: float, rounds: int, results: Path) -> None:
    """Measure what hapilot renders against other ways to do the same."""
    effort = measure.Effort(seconds, rounds)
    prefixes = tuple((names or "").split(","))
    chosen = [row for row in rows.ROWS if row.name.startswith(prefixes)]
    if not chosen:
        raise click.UsageError(f"no row starts with {names}; there are: {', '.join(row.name for row in rows.ROWS)}")
    found: list[arithmetic.Result] = []
    for row in chosen:
        click.echo(f"{row.name}: {row.title} …", err=True)
        found.append(result_of(row, effort))
    console.Console().print(report.table(found))
    record.write(results, found, effort, datetime.datetime.now(datetime.UTC))
    passed = all(isinstance(one, arithmetic.Comparison) and one.verdict == "pass" for one in found)
    sys.exit(0 if passed else 1)


if __name__ == "__main__":
    main()
