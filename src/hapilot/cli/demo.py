"""``hapilot demo``: see it work before writing anything."""

from __future__ import annotations

import contextlib
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hapilot.cli import ending, options, output

if TYPE_CHECKING:
    from hapilot.demo import run
    from hapilot.runtime import files


@click.command("demo")
@click.option("--keep", is_flag=True, help="Keep it up until Ctrl-C, to try things yourself.")
@click.option("--haproxy", "haproxy_wanted", default="embedded", show_default=True, metavar="PATH|embedded|system")
@options.as_json
def command(keep: bool, haproxy_wanted: str, as_json: bool) -> None:  # noqa: FBT001 - flags on the command line
    """Run the quickstart site on high ports with stand-in servers, say what goes where, and try it."""
    from hapilot.base import errors
    from hapilot.demo import run
    from hapilot.reconcile import loop

    haproxy, target = options.compile_target(haproxy_wanted)
    if haproxy is None:
        raise errors.HaproxyMissing("no HAProxy was found")
    with ending.in_order(), tempfile.TemporaryDirectory(prefix="hapilot-demo-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        say: Callable[[str], None] = (lambda _: None) if as_json else click.echo
        with _state(folder, target.drop_to or None) as state, run.running(loop.Operator(haproxy, state), target, folder, say) as site:
            wrong = _tell(site, haproxy.version_text, as_json=as_json)
            if keep:
                _wait(say)
    sys.exit(1 if wrong else 0)


def _tell(site: run.Running, version: str, *, as_json: bool) -> int:
    """Every connection: what was said, what came of it. The number of disagreements."""
    tries = list(site.tries())
    wrong = sum(1 for one in tries if one.differences)
    if as_json:
        rows = [{"explained": one.said.as_json(), "seen": one.seen.kind, "differences": list(one.differences)} for one in tries]
        output.print_json({"haproxy": version, "tries": rows, "disagreements": wrong})
        return wrong
    click.echo(f"\nHAProxy {version} serves the site below; each line was explained first and then done for real.\n")
    click.echo(output.style(site.site.read_text(encoding="utf-8"), dim=True))
    for one in tries:
        _line(one)
    https = site.ports["HTTPS_PORT"]
    click.echo("\nTry it yourself with `hapilot demo --keep`:")
    click.echo(f"  curl -k --resolve shop.example.test:{https}:127.0.0.1 https://shop.example.test:{https}/cart")
    click.echo(f"  curl -k --resolve vault.example.test:{https}:127.0.0.1 https://vault.example.test:{https}/ui")
    click.echo(f"  curl -i -H 'Host: shop.example.test' http://127.0.0.1:{site.ports['HTTP_PORT']}/")
    count = len(tries)
    click.echo(f"\n{count - wrong} of {count} connections went where `hapilot explain` said.")
    return wrong


def _line(one: run.Try) -> None:
    said = one.said
    mark = output.style("as said", "green") if not one.differences else output.style("DIFFERS", "red", bold=True)
    where = f"-> {said.service} ({said.tls.mode})" if said.service and said.tls else said.location or said.service or said.outcome
    click.echo(f"  {mark}  {said.target}\n           {where}: {said.reason}")
    for difference in one.differences:
        click.echo(f"           {difference}")


@contextlib.contextmanager
def _state(folder: Path, drop_to: str | None) -> Generator[files.StateDirectory]:
    """A state directory for once. Its sockets may have had to go elsewhere, below /run, and go from there too."""
    from hapilot.runtime import files

    state = files.StateDirectory(folder / "state")
    sockets = state.prepare(drop_to)
    try:
        with state.lock("hapilot demo"):
            yield state
    finally:
        shutil.rmtree(sockets, ignore_errors=True)


def _wait(say: Callable[[str], None]) -> None:
    with contextlib.suppress(KeyboardInterrupt):
        say("\nrunning; Ctrl-C ends it")
        threading.Event().wait()
