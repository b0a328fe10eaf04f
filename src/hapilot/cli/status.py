"""``hapilot status``: what runs, and how it is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hapilot.cli import options, output

if TYPE_CHECKING:
    from rich.console import RenderableType

    from hapilot.reconcile import report

_HEALTH = {"up": "green", "UP": "green", "degraded": "yellow", "down": "red", "DOWN": "red"}


@click.command("status")
@click.option("--watch", is_flag=True, help="Show it again every second.")
@options.state
@options.as_json
def command(watch: bool, state_path: Path | None, as_json: bool) -> None:  # noqa: FBT001 - flags on the command line
    """Listeners, services and servers: health, sessions, rate, last change, certificates."""
    from hapilot.reconcile import pipeline, report

    state = options.state_directory(state_path)
    report.running_process(state)
    _, target = options.compile_target(report.haproxy_of(state))
    prepared = pipeline.prepare(report.site_of(state), target, options.kept_authority(state_path), options.environment())
    build = prepared.build
    if build is None:
        _, _ = prepared.require()
        return
    while True:
        seen = report.look(build, state)
        if as_json:
            output.print_json(seen.as_json())
        else:
            _show(seen, clear=watch)
        if not watch:
            return
        time.sleep(1.0)


def _show(seen: report.Report, *, clear: bool) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    if clear and console.is_terminal:
        console.clear()
    for part in _parts(seen):
        console.print(part)


def _parts(seen: report.Report) -> Iterator[RenderableType]:
    from rich.table import Table

    changed = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seen.last_change))
    yield f"{seen.site}: generation {seen.generation} since {changed}"
    yield f"HAProxy {seen.haproxy}, process {seen.pid}, {seen.connections} connections"
    if seen.old_workers:
        yield f"{seen.old_workers} old workers finish their connections"
    listeners = Table("listener", "address", "status", "sessions", "per second", "total")
    for listener in seen.listeners:
        listeners.add_row(
            listener.name, "\n".join(listener.bind), listener.status, str(listener.sessions), str(listener.rate), str(listener.total)
        )
    yield listeners
    services = Table("service", "server", "health", "sessions", "total", "since", "why")
    for service in seen.services:
        services.add_row(f"{service.name} ({service.tls})", "", _word(service.health), str(service.sessions), str(service.total))
        for server in service.servers:
            since = f"{server.last_change_seconds} s"
            services.add_row("", server.name, _word(server.health), str(server.sessions), str(server.total), since, server.reason)
    yield services
    for certificate in seen.certificates:
        yield f"certificate {certificate.name}: {', '.join(certificate.hosts)}, until {certificate.not_after[:10]}"


def _word(health: str) -> str:
    from rich.markup import escape

    colour = _HEALTH.get(health.split()[0] if health else "", "")
    return f"[{colour}]{escape(health)}[/]" if colour else escape(health)
