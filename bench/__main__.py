"""``python -m bench``: measure the rows, print the table, keep the results. Exit code 0 only if every row passed."""

from __future__ import annotations

import datetime
import sys
from pathlib import Path

import click
from rich import console

from bench import arithmetic, measure, record, report, rows, values


def results_of(group: list[values.Row], effort: values.Effort) -> list[arithmetic.Result]:
    """The comparisons of rows that are measured together, or the reasons why there are none."""
    try:
        outcomes = measure.measure(group, effort)
    except values.NotMeasured as problem:
        return [arithmetic.Missing(row, str(problem)) for row in group]
    found: list[arithmetic.Result] = []
    for row in group:
        outcome = outcomes[row.name]
        missing = isinstance(outcome, values.NotMeasured)
        found.append(arithmetic.Missing(row, str(outcome)) if missing else arithmetic.compare(row, outcome))
    return found


def held(limit: values.Limit, effort: values.Effort) -> arithmetic.Result:
    """A limit's value, or the reason why there is none."""
    try:
        return arithmetic.bound(limit, limit.measure(effort))
    except values.NotMeasured as problem:
        return arithmetic.Missing(limit, str(problem))


def groups(chosen: list[values.Row]) -> list[list[values.Row]]:
    """Rows that are measured together: the same of ours under the same load with the same HAProxy."""
    found: dict[tuple[str, values.Load, str], list[values.Row]] = {}
    for row in chosen:
        found.setdefault((row.ours.name, row.load, row.haproxy), []).append(row)
    return list(found.values())


@click.command()
@click.option("--rows", "names", metavar="NAME[,NAME…]", help="Only rows whose names start so.")
@click.option(
    "--seconds", type=click.FloatRange(min=1), default=2.0, show_default=True, help="Length of a round; wrk counts whole seconds."
)
@click.option("--rounds", type=click.IntRange(min=1), default=5, show_default=True, help="Rounds for each contender.")
@click.option("--results", type=click.Path(path_type=Path, file_okay=False), default=record.FOLDER, help="Where JSON goes.")
def main(names: str | None, seconds: float, rounds: int, results: Path) -> None:
    """Measure what hapilot renders against other ways to do the same."""
    effort = values.Effort(seconds, rounds)
    prefixes = tuple((names or "").split(","))
    chosen = [row for row in rows.ROWS if row.name.startswith(prefixes)]
    if not chosen:
        raise click.UsageError(f"no row starts with {names}; there are: {', '.join(row.name for row in rows.ROWS)}")
    found: list[arithmetic.Result] = []
    for group in groups([row for row in chosen if isinstance(row, values.Row)]):
        click.echo(f"{', '.join(row.name for row in group)} …", err=True)
        found += results_of(group, effort)
    for limit in chosen:
        if isinstance(limit, values.Limit):
            click.echo(f"{limit.name}: {limit.title} …", err=True)
            found.append(held(limit, effort))
    found.sort(key=lambda one: [row.name for row in rows.ROWS].index(one.row.name))
    console.Console().print(report.table(found))
    record.write(results, found, effort, datetime.datetime.now(datetime.UTC))
    passed = all(not isinstance(one, arithmetic.Missing) and one.verdict == "pass" for one in found)
    sys.exit(0 if passed else 1)


if __name__ == "__main__":
    main()
