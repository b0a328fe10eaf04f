"""Maps and lists: what each should hold, what it holds, and how to get there in one transaction each.

In: the files of the wanted state, the tables in memory, and which spare backends stand for which. Out: :class:`ReplaceTable` in an order in
which no request meets half of a change: what is asked last is filled first. Pure; called by ``plan``.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping

from hapilot.plan import actions, running
from hapilot.render import bundle

NOTES = "maps/live.map"
"""hapilot's own notes in HAProxy's memory; empty in the files."""
LIMITED = "limits"
"""Key of the note that some server was given a limit while HAProxy ran: no file that was loaded may say so."""
SERVICES = "maps/services.map"
"""Keys are backends."""

TO_BACKENDS = (".tls.map", ".plain.map", ".streams.map", ".sni.map")
"""Ends of the paths of tables whose values are backends, in the order in which they are replaced: a connection asks for its SNI first."""

_WORDS = (
    (".tls.names.map", "names of routes of HTTPS"),
    (".plain.names.map", "names of routes of plain HTTP"),
    (".tls.map", "routes of HTTPS"),
    (".plain.map", "routes of plain HTTP"),
    (".sni.map", "names that TLS connections ask for"),
    (".streams.map", "routes of streams"),
    (".policy.map", "what clients must show for a name"),
    (".trusted.list", "trusted networks"),
    (".allow.list", "allowed networks"),
    (".deny.list", "denied networks"),
)
"""Ends of the paths of tables, and what is in them."""


def changes(state: running.Running, wanted: bundle.Bundle, given: Mapping[str, str]) -> Iterator[actions.ReplaceTable]:
    """Every table that is not as it should be. ``given`` is backend to the spare that stands for it."""
    for file in sorted(wanted.files, key=lambda file: (_rank(file.path), file.path)):
        has = state.tables.get(file.path)
        if has is None or file.path == NOTES:
            continue
        said = entries(file.content)
        should = renamed(file.path, said, given) if given else said
        if has != should:
            yield _replacing(file.path, has, should)


def _replacing(path: str, has: Mapping[str, str], should: Mapping[str, str]) -> actions.ReplaceTable:
    added = [key for key in should if key not in has]
    removed = [key for key in has if key not in should]
    changed = [key for key in should if key in has and has[key] != should[key]]
    parts = [
        f"{len(keys)} {word} ({', '.join(keys[:3])}{', …' if len(keys) > 3 else ''})"
        for keys, word in ((added, "added"), (removed, "removed"), (changed, "changed"))
        if keys
    ]
    return actions.ReplaceTable(
        about=_about(path),
        reason=", ".join(parts),
        path=path,
        entries=tuple(should.items()),
        is_list=path.endswith(".list"),
        added=tuple(added),
        removed=tuple(removed),
        changed=tuple(changed),
    )


def _about(path: str) -> str:
    """A table in the user's words.

    >>> _about("maps/web.plain.map"), _about("maps/web.plain.names.map"), _about("lists/shop.allow.list")
    ('listener web: routes of plain HTTP', 'listener web: names of routes of plain HTTP', 'service shop: allowed networks')
    """
    folder, _, file = path.partition("/")
    for end, words in _WORDS:
        if file.endswith(end):
            return f"{'service' if folder == 'lists' else 'listener'} {file.removesuffix(end)}: {words}"
    if path == SERVICES:
        return "names of services in the log"
    return f"table {path}"


@functools.lru_cache(maxsize=256)
def entries(content: bytes) -> Mapping[str, str]:
    """A table's file as key to value. The caller leaves it as it is.

    >>> entries(b"# hosts\\nshop.test/ shop\\n")
    {'shop.test/': 'shop'}
    """
    rows = (line.partition(" ") for line in content.decode("utf-8", "surrogateescape").split("\n") if line and not line.startswith("#"))
    return {key: value.strip() for key, _, value in rows}


def renamed(path: str, table: Mapping[str, str], names: Mapping[str, str]) -> Mapping[str, str]:
    """A table in which backends go by other ``names``."""
    if path == SERVICES:
        return {names.get(key, key): value for key, value in table.items()}
    if path.endswith(TO_BACKENDS):
        return {key: names.get(value, value) for key, value in table.items()}
    return table


def _rank(path: str) -> int:
    """When a table is replaced: those that only tell come first, then those that are asked last."""
    return next((place + 1 for place, end in enumerate(TO_BACKENDS) if path.endswith(end)), 0)
