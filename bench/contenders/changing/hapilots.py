"""hapilot: ``up`` follows the site file. A server that changes needs runtime commands only, a response header needs a reload."""

from __future__ import annotations

import contextlib

from bench import following, probing, processes
from bench.contenders import changing


def _text(arena: changing.Arena, servers: int, headers: int) -> str:
    header = f', headers: {{response: {{set: {{{probing.ROUND_HEADER}: "{headers}"}}}}}}'
    services = (
        f'  s{number}: {{host: {host}, servers: ["127.0.0.1:{port}"]{header if host == changing.CHANGED else ""}}}'
        for number, (host, port) in enumerate(arena.hosts(servers).items())
    )
    return "\n".join(
        [
            f'listeners:\n  https: {{bind: "127.0.0.1:{arena.stage.port}"}}',
            "services:",
            *services,
            f"certificates:\n  - file: {arena.stage.certificate}",
            "raw: {global: [nbthread 1]}\n",
        ]
    )


def _begin(stack: contextlib.ExitStack, arena: changing.Arena) -> following.Following:
    folder = arena.stage.folder / "site"
    folder.mkdir()
    site = folder / "site.yaml"
    site.write_text(_text(arena, 0, 0), encoding="utf-8")
    return stack.enter_context(following.running(arena.stage, arena.which, site, processes.cores().proxy))


def _how(up: following.Following) -> str:
    return ", ".join(sorted({said.how for said in up.said()}))


def by_commands(stack: contextlib.ExitStack, arena: changing.Arena) -> changing.Changing:
    """The server of a service alternates."""
    up = _begin(stack, arena)

    def wish(version: int) -> None:
        up.replace(up.site, _text(arena, version, 0))

    return changing.Changing(arena.stage.port, wish, changing.shows_server(arena), lambda: _how(up))


def by_reload(stack: contextlib.ExitStack, arena: changing.Arena) -> changing.Changing:
    """A response header of a service changes."""
    up = _begin(stack, arena)

    def wish(version: int) -> None:
        up.replace(up.site, _text(arena, 0, version))

    def shows(version: int, answer: probing.Answer) -> bool:
        return answer.round == str(version)

    return changing.Changing(arena.stage.port, wish, shows, lambda: _how(up))


COMMANDS = changing.Way("hapilot-runtime", "hapilot, a change by runtime commands", by_commands)
RELOAD = changing.Way("hapilot-reload", "hapilot, a change that needs a reload", by_reload)
