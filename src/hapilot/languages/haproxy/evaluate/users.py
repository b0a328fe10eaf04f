"""User lists: who may come in with which password.

Comes in: the lines of ``userlist`` sections. Goes out: :class:`UserList`, which judges an Authorization header. Made by ``sections``, asked
by ``fetches_http``. Configuration manual, section 3.4; ``get_http_auth`` and ``check_user`` are its code.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from hapilot.languages.haproxy.evaluate import values
from hapilot.languages.haproxy.evaluate.values import Unknown

_SCHEMES = {"$1$": "md5_crypt", "$5$": "sha256_crypt", "$6$": "sha512_crypt"}
"""Prefix of a crypt(3) hash to the function that verifies it; what others HAProxy knows depends on the system."""


@dataclass(frozen=True, slots=True)
class User:
    """A user. ``insecure`` says that the password stands there in clear."""

    password: str
    insecure: bool
    groups: frozenset[str] = frozenset()


@dataclass(slots=True)
class UserList:
    """A ``userlist`` section."""

    users: dict[str, User] = field(default_factory=dict[str, User])

    def knows(self, authorization: str) -> str | None:
        """The user whose right password an Authorization header holds. Raises Unknown where only the system's crypt(3) can tell."""
        user, password = credentials(authorization) or (None, "")
        known = self.users.get(user or "")
        if user is None or known is None:
            return None
        if known.insecure:
            return user if password == known.password else None
        return user if _verified(password, known.password) else None


def parse(lines: Iterable[Sequence[str]]) -> UserList:
    """A list from the words of its lines. Groups name users, users name groups; the first user of a name counts."""
    found = UserList()
    members: dict[str, set[str]] = {}
    for words in lines:
        options = dict(zip(words[2::2], words[3::2], strict=False))
        if len(words) > 1 and words[0] == "group":
            for user in _names(options.get("users", "")):
                members.setdefault(user, set()).add(words[1])
        elif len(words) > 1 and words[0] == "user":
            insecure = "insecure-password" in options
            password = options.get("insecure-password", options.get("password", ""))
            found.users.setdefault(words[1], User(password, insecure, frozenset(_names(options.get("groups", "")))))
    for name, user in found.users.items():
        found.users[name] = User(user.password, user.insecure, user.groups | members.get(name, set()))
    return found


def _names(text: str) -> list[str]:
    return [name for name in text.split(",") if name]


def credentials(authorization: str) -> tuple[str, str] | None:
    """User and password of the first value of an Authorization header, or None. Raises Unknown where releases differ: 2.6 compares no
    further than the client's word goes, so that ``Bas`` is enough for it.

    >>> credentials("Basic YW5uOng=")
    ('ann', 'x')
    """
    scheme, space, rest = authorization.partition(",")[0].rstrip(" \t").partition(" ")
    if not scheme or not space or not "basic".startswith(scheme.lower()):
        return None
    if len(scheme) < len("basic"):
        raise Unknown(f"the Authorization scheme {scheme}")
    try:
        text = values.from_base64(rest.lstrip(" ")).partition(b"\0")[0]
    except ValueError:
        return None
    user, colon, password = text.decode("utf-8", "surrogateescape").partition(":")
    return (user, password) if colon else None


@lru_cache(maxsize=256)
def _verified(password: str, hashed: str) -> bool:
    """Whether crypt(3) makes ``hashed`` of the password. Remembered: the function is slow on purpose."""
    scheme = _SCHEMES.get(hashed[:3])
    if scheme is None:
        raise Unknown("a password hash that only the system's crypt(3) knows")
    from passlib import hash as hashes  # late: it is slow to import

    verifier: Any = getattr(hashes, scheme)
    try:
        return bool(verifier.verify(password.encode("utf-8", "surrogateescape"), hashed))
    except ValueError as problem:
        raise Unknown("a password hash that is not well-formed") from problem
