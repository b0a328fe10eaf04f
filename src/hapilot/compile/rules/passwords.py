"""Passwords as HAProxy keeps them: hashed, in user lists. Called by the passes that make user lists."""

from __future__ import annotations

import hashlib
from typing import Any

from passlib import hash as hashes

from hapilot.base.memory import Memory
from hapilot.base.secret import Hashed, Secret

_HASHER: Any = getattr(hashes, "sha512_crypt")  # noqa: B009 - the library makes its names at run time

PAGE_ROUNDS = 5000
"""Of SHA-512-crypt, its default, for administrative pages, which few ask."""

SERVICE_ROUNDS = 1000
"""The least that SHA-512-crypt knows, for services: HAProxy computes them anew for every single request, in the thread that carries all
other traffic too. Measured on one core, 2.6 and 2.8: 3,000 to 3,500 authenticated requests a second with 1000 rounds, 700 to 1,000 with
5000. Five times the rounds make guessing from a stolen configuration five times as long; a good password makes it hopeless at either."""


def kept(known: Memory, scope: str, user: str, password: Secret, rounds: int = PAGE_ROUNDS) -> str:
    """:func:`hashed`, where it has not been worked out before."""
    use = (scope, user, rounds)
    secret = known.same(("password", *use), password)
    return known.once(("hash", *use), (secret, type(password)), lambda: hashed(scope, user, password, rounds))


def hashed(scope: str, user: str, password: Secret, rounds: int = PAGE_ROUNDS) -> str:
    """SHA-512-crypt of a password. The salt follows from ``scope`` (the site, and the list in it) and user, not from the password, so
    that the same site always compiles to the same bytes and the salt gives nothing away.

    A password of which only the hash is known has been through this before.

    >>> hashed("web", "admin", Secret("x")).startswith("$6$")
    True
    """
    if isinstance(password, Hashed):
        return password.reveal()
    salt = hashlib.sha256(f"hapilot\0{scope}\0{user}".encode()).hexdigest()[:16]
    return str(_HASHER.using(salt=salt, rounds=rounds).hash(password.reveal()))
