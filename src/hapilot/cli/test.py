"""``hapilot test``: the site's expectations against a real HAProxy, in private."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hapilot.cli import ending, options, output

if TYPE_CHECKING:
    from hapilot.compile import build
    from hapilot.reconcile import pipeline
    from hapilot.runtime import binary
    from hapilot.trial import health, judging


@click.command("test")
@options.site
@click.option("--junit", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write the results as JUnit XML, for CI.")
@options.haproxy
@options.state
@options.as_json
def command(site: Path, junit: Path | None, haproxy_wanted: str | None, state_path: Path | None, as_json: bool) -> None:  # noqa: FBT001
    """Run the site on loopback with a stand-in for every server, and try everything it expects."""
    from hapilot.base import errors
    from hapilot.reconcile import pipeline
    from hapilot.trial import reporting

    haproxy, target = options.compile_target(haproxy_wanted)
    if haproxy is None:
        raise errors.HaproxyMissing("no HAProxy was found")
    prepared = pipeline.prepare(site, target, options.kept_authority(state_path), options.environment(), reads_only=True)
    with ending.in_order():
        results, checks = _tried(_taken(prepared, haproxy), haproxy)
    if junit is not None:
        reporting.write_junit(junit, str(site), results, checks)
    if as_json:
        output.print_json(reporting.as_json(haproxy.version_text, results, checks))
    else:
        _tell(results, checks, haproxy.version_text)
    sys.exit(0 if all(one.ok for one in results) and not checks.failing else 1)


def _taken(prepared: pipeline.Prepared, haproxy: binary.Haproxy) -> build.Build:
    """The site, if HAProxy takes it. That an expectation fails on the model is told by its own row."""
    from hapilot.base import diagnostics, errors
    from hapilot.reconcile import verify

    made = prepared.build if prepared.build and prepared.bundle else prepared.require()[0]
    found = [one for one in prepared.diagnostics if one.severity != "error"]
    if prepared.bundle is not None:
        with output.progress(f"asking HAProxy {haproxy.version_text}"):
            found += verify.verify(made, prepared.bundle, haproxy)
    if diagnostics.has_errors(found):
        raise errors.SiteError(found)
    output.diagnostics(found)
    return made


def _tried(made: build.Build, haproxy: binary.Haproxy) -> tuple[list[judging.Result], health.Health]:
    from hapilot.trial import run

    with tempfile.TemporaryDirectory(prefix="hapilot-test-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        results: list[judging.Result] = []
        with output.progress("starting HAProxy and the stand-ins"), contextlib.ExitStack() as stack:
            trial = stack.enter_context(run.trying(made, haproxy, folder))
            running = stack.pop_all()
        with running:
            with _counted(len(made.site.spec.expect)) as step:
                for result in trial.results():
                    results.append(result)
                    step()
            with output.progress("waiting for the first health checks"):
                return results, trial.checks()


@contextlib.contextmanager
def _counted(total: int) -> Generator[Callable[[], None]]:
    """A bar on a terminal's stderr; what it gives is called for each expectation that was tried."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("trying", total=total)
        yield lambda: progress.advance(task)


def _tell(results: Sequence[judging.Result], checks: health.Health, version: str) -> None:
    if not results:
        output.message("the site has no expect: nothing was tried but its health checks")
    elif sys.stdout.isatty():
        _table(results)
    else:
        for line in _lines(results):
            click.echo(line)
    for one in checks.failing:
        click.echo(f"{output.style('FAIL', 'red', bold=True)}  health check of {one}")
    failed = sum(1 for one in results if not one.ok)
    click.echo(f"{len(results) - failed} of {len(results)} expectations hold on HAProxy {version}; {_checked(checks)}")


def _lines(results: Sequence[judging.Result]) -> Iterator[str]:
    """A row for each expectation, with what is wrong below it."""
    width = max(len(_target(one)) for one in results)
    for one in results:
        mark = "ok  " if one.ok else "FAIL"
        yield f"{mark}  {_target(one):{width}}  {one.real.words if one.real else ''}".rstrip()
        yield from (f"      {text}" for text in one.failures)


def _table(results: Sequence[judging.Result]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("", "expectation", "what happened", box=None, pad_edge=False)
    for one in results:
        happened = Text(one.real.words if one.real else "not tried")
        for text in one.failures:
            happened.append(f"\n{text}", style="red")
        table.add_row(Text("ok", "green") if one.ok else Text("FAIL", "bold red"), Text(_target(one)), happened)
    Console().print(table)


def _target(one: judging.Result) -> str:
    return f"{one.expected.target} from {one.expected.from_}" if one.expected.from_ else one.expected.target


def _checked(checks: health.Health) -> str:
    if not checks.servers:
        return "no health checks"
    good = checks.checked - len(checks.failing)
    late = checks.servers - checks.checked
    return f"health checks of {good} of {checks.servers} servers succeed" + (f", {late} were not made in time" if late else "")
