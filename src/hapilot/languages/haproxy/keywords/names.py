"""Names that are no keywords of a line: sample fetches, converters, and the actions of rules, each with the versions that have it.

Comes in: a name. Goes out: a :class:`Name`, or None for one that no version from 2.6 on knows. Called by who checks configurations. The
facts are in ``facts.names`` and are read at the first question. What Lua and other code registers at run time is for the caller to know.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

from hapilot.languages.haproxy.keywords.facts import names
from hapilot.languages.haproxy.keywords.table import Version, parse_version

RULES = (
    "http-after-response",
    "http-request",
    "http-response",
    "quic-initial",
    "tcp-request connection",
    "tcp-request content",
    "tcp-request session",
    "tcp-response content",
)
"""The kinds of rules that have actions."""


@dataclass(frozen=True, slots=True)
class Name:
    """A name: what it is (``fetch``, ``converter`` or a kind of rules), and the first versions that have it and have it no more."""

    kind: str
    name: str
    since: Version | None = None
    removed: Version | None = None

    def is_in(self, version: Version) -> bool:
        """Whether that version knows it."""
        return (self.since is None or version >= self.since) and (self.removed is None or version < self.removed)


def fetch(name: str) -> Name | None:
    """A sample fetch, or an ACL criterion that is derived from one (``hdr_beg``).

    >>> fetch("acl").since, fetch("no.such")
    ((2, 9), None)
    """
    return _table()["fetch"].get(name)


def converter(name: str) -> Name | None:
    """A converter."""
    return _table()["converter"].get(name)


def action(rules: str, word: str) -> Name | None:
    """An action of one of :data:`RULES`, by its word in a line; some names go on behind it.

    >>> action("http-request", "set-var(txn.x)").name
    'set-var*'
    """
    known = _table()[rules]
    plain = word.partition("(")[0]
    if plain in known:
        return known[plain]
    # The longest first: set-var-fmt before set-var.
    return next((known[f"{plain[:size]}*"] for size in range(len(plain), 0, -1) if f"{plain[:size]}*" in known), None)


def every(kind: str) -> tuple[str, ...]:
    """All names of a kind."""
    return tuple(_table()[kind])


@functools.cache
def _table() -> Mapping[str, Mapping[str, Name]]:
    found: dict[str, dict[str, Name]] = {kind: {} for kind in ("fetch", "converter", *RULES)}
    for row in names.ROWS.splitlines():
        kind, since, removed, listed = row.split("|")
        for name in listed.split():
            found[kind][name] = Name(kind, name, parse_version(since) if since else None, parse_version(removed) if removed else None)
    return found
