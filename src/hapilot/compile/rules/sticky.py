"""Sticky sessions: a cookie that names the server, by a mark that tells nobody its address.

Called by ``passes.backends`` for the cookie and by ``rules.servers`` for the marks.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Iterator

from hapilot.languages.haproxy import tree
from hapilot.model import service

LENGTH = 4
"""Hexadecimal digits of a mark. So few, because with more the name behind it, which is an address as a rule, could be found by trying
all private addresses; thousands of them have the same four digits."""

ATTEMPTS = 64
"""How often a mark of one length is tried. A service has to have tens of thousands of servers for all of them to be taken already."""


def cookie(said: service.Sticky, one: service.Service) -> tree.Line:
    """The cookie: set by HAProxy alone and taken out again before the server, out of reach of scripts and of other sites' requests, and
    sent over TLS only where the client speaks TLS."""
    secure = ("secure",) if one.tls_mode in ("edge", "reencrypt") else ()
    return tree.line("cookie", said.cookie, "insert", "indirect", "nocache", "httponly", *secure, "attr", "SameSite=Lax")


def marks(names: Iterable[str]) -> dict[str, str]:
    """The mark of each server, by its name: the same in every service and after every change, unless two have to be told apart.

    >>> marks(["10.0.0.1:80"])
    {'10.0.0.1:80': 'fd80'}
    """
    found: dict[str, str] = {}
    taken: set[str] = set()
    for name in sorted(names):
        found[name] = next(mark for mark in _candidates(name) if mark not in taken)
        taken.add(found[name])
    return found


def _candidates(name: str) -> Iterator[str]:
    """Marks of the usual length, then longer ones: where so many are in vain, nearly all are taken."""
    for attempt in itertools.count():
        yield hashlib.sha256(f"{name}\0{attempt}".encode()).hexdigest()[: LENGTH + attempt // ATTEMPTS]
