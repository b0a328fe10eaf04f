"""``hapilot status``: what runs, and how it is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hapilot.cli import options, output

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

    from hapilot.reconcile import report
    from hapilot.runtime import files, overrides

_HEALTH = {"up": "green", "UP": "green", "OPEN": "green", "degraded": "yellow", "down": "red", "DOWN": "red"}
_WIDE = 200
"""Columns where no terminal says how many it has; lines must not break for a program that reads them."""


@click.command("status")
@click.option("--watch", is_flag=True, help="Show it again every second, until Ctrl-C.")
@options.state
@options.as_json
def command(watch: bool, state_path: Path | None, as_json: bool) -> None:  # noqa: FBT001 - flags on the command line
    """Listeners, services and servers: health, sessions, rate, last change, certificates."""
    from hapilot.reconcile import report

    state = options.state_directory(state_path)
    seen = report.look(state)
    if not watch:
        _print(seen, as_json=as_json)
        return
    try:
        _watch(state, seen, as_json=as_json)
    except KeyboardInterrupt:
        return


def _watch(state: files.StateDirectory, first: report.Report, *, as_json: bool) -> None:
    """Looks every second. HAProxy may be away for a moment, between its death and its next start."""
    from hapilot.base import errors
    from hapilot.reconcile import report

    seen: report.Report | None = first
    while True:
        if seen is not None:
            _print(seen, as_json=as_json, again=True)
        time.sleep(1.0)
        try:
            seen = report.look(state)
        except errors.HaproxyFailed as problem:
            seen = None
            output.message(f"{time.strftime('%H:%M:%S')} {problem}")


def _print(seen: report.Report, *, as_json: bool, again: bool = False) -> None:
    if as_json:
        output.print_json(seen.as_json(), in_a_line=again)
        return
    console = _console()
    if again and console.is_terminal:
        console.clear()
    for part in _parts(seen):
        console.print(part)


def _console() -> Console:
    """Names and reasons come from outside, so nothing in them is markup."""
    from rich.console import Console

    console = Console(highlight=False, markup=False, emoji=False)
    return console if console.is_terminal else Console(highlight=False, markup=False, emoji=False, width=_WIDE)


def _parts(seen: report.Report) -> Iterator[RenderableType]:
    changed = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seen.last_change))
    yield f"{seen.site}: generation {seen.generation} since {changed}" + _standing(seen)
    attended = f"looked after by process {seen.hapilot_pid}" if seen.hapilot_pid else "no hapilot looks after it: `hapilot up` does"
    yield f"HAProxy {seen.haproxy}, process {seen.pid}, {seen.connections} connections; {attended}"
    for worker in seen.old_workers:
        left = "does not answer" if worker.sessions is None else f"finishes {worker.sessions} connections"
        yield f"old worker {worker.pid}, {_age(worker.age_seconds)} old, {left}"
    for one in seen.quarantined:
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(one.since))
        yield f"quarantined since {since}: {one.shown}"
    for line in seen.drift:
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seen.drift_since))
        yield f"changed by somebody else, seen since {since}: {line}"
    yield _listeners(seen)
    yield _services(seen)
    for one in seen.idle_overrides:
        subject = f"server {one.service}/{one.server}" if one.server else f"service {one.service}"
        yield f"{_said(one)}; there is no {subject} now"
    if seen.trouble:
        yield seen.trouble
    for certificate in seen.certificates:
        yield f"certificate {certificate.name}: {', '.join(certificate.hosts)}, until {certificate.not_after[:10]}"


def _age(seconds: int) -> str:
    """In the two largest units that are not 0."""
    parts = ((seconds // 86_400, "d"), (seconds // 3600 % 24, "h"), (seconds // 60 % 60, "m"), (seconds % 60, "s"))
    return " ".join([f"{number} {unit}" for number, unit in parts if number][:2]) or "0 s"


def _standing(seen: report.Report) -> str:
    """What is not as the site's files say, or not for long."""
    if seen.confirm_until:
        return f"; goes at {time.strftime('%H:%M:%S', time.localtime(seen.confirm_until))} unless `hapilot confirm` keeps it"
    return f"; rolled back to {seen.rolled_back_to}" if seen.rolled_back_to else ""


def _listeners(seen: report.Report) -> RenderableType:
    from rich.table import Table

    table = Table("listener", "address", "status", "sessions", "per second", "total")
    for one in seen.listeners:
        table.add_row(one.name, "\n".join(one.bind), _word(one.status), str(one.sessions), str(one.rate), str(one.total))
    return table


def _services(seen: report.Report) -> RenderableType:
    from rich.table import Table

    table = Table("service", "server", "address", "health", "sessions", "total", "since", "why")
    for service in seen.services:
        # HAProxy's own name only where one service has several backends.
        several = sum(1 for other in seen.services if other.name == service.name) > 1
        name = f"{service.name} [{service.backend}]" if several else service.name
        table.add_row(f"{name} ({service.tls})", "", "", _word(service.health), str(service.sessions), str(service.total))
        for server in service.servers:
            address = server.address if server.address != server.name else ""
            numbers = (str(server.sessions), str(server.total), f"{server.last_change_seconds} s")
            why = "\n".join((*filter(None, [server.reason]), *map(_said, server.overrides)))
            table.add_row("", server.name, address, _word(server.health), *numbers, why)
    return table


_SAYS = {"drain": "draining", "maint": "under maintenance"}


def _said(one: overrides.Override) -> str:
    """What was said by hand."""
    what = _SAYS[one.state] if one.weight is None else f"weight {one.weight}"
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(one.at))
    return f"{what}: {one.by or 'somebody'}, {when}"


def _word(health: str) -> Text:
    from rich.text import Text

    return Text(health, style=_HEALTH.get(health.split()[0] if health else "", ""))
