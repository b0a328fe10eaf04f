"""SERVICE/SERVER on the command line: read, and completed from what serves. Used by ``drain``, ``enable``, ``maintain`` and ``weight``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from hapilot.cli import options


@dataclass(frozen=True, slots=True)
class Named:
    """A service and one of its servers; an empty ``server`` for all of the service."""

    service: str
    server: str

    def __str__(self) -> str:
        return f"{self.service}/{self.server}" if self.server else self.service


def _named(context: click.Context, parameter: click.Parameter, said: str) -> Named:
    """Names of services have no ``/``."""
    del context, parameter
    service, slash, server = said.partition("/")
    if not service or (slash and not server):
        raise click.BadParameter(f"{said!r} is not SERVICE/SERVER, such as shop/10.0.0.1:80")
    return Named(service, server)


def _named_server(context: click.Context, parameter: click.Parameter, said: str) -> Named:
    found = _named(context, parameter, said)
    if not found.server:
        raise click.BadParameter(f"{said!r} names no server: say SERVICE/SERVER; `hapilot status` shows the servers")
    return found


def _known(context: click.Context) -> Iterator[Named]:
    """What serves, and what is recorded."""
    from hapilot.base import errors
    from hapilot.reconcile import meant, serving
    from hapilot.runtime import overrides

    path: Path | None = context.params.get("state_path")
    state = options.state_directory(path)
    try:
        kept = serving.serving_summary(state)
        pairs = list(meant.known_names(kept, overrides.read(state))) if kept is not None else []
    except errors.HapilotError:
        return
    yield from (Named(*pair) for pair in pairs)


def _complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    del parameter
    return [CompletionItem(str(one)) for one in _known(context) if str(one).startswith(incomplete)]


def _complete_server(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    del parameter
    return [CompletionItem(str(one)) for one in _known(context) if one.server and str(one).startswith(incomplete)]


server = click.argument("target", metavar="SERVICE/SERVER", callback=_named_server, shell_complete=_complete_server)
"""One server."""
server_or_service = click.argument("target", metavar="SERVICE[/SERVER]", callback=_named, shell_complete=_complete)
"""One server, or a service with all of them."""
