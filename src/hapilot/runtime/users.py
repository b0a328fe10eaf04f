"""Users of this machine. In: a name. Out: numbers. Called by ``cli.export``, which tells what a service's user can read."""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class User:
    """A user, and all groups that its processes have."""

    uid: int
    groups: frozenset[int]


def of(name: str) -> User | None:
    """The user of that name, or None where there is none yet."""
    try:
        found = pwd.getpwnam(name)
    except KeyError:
        return None
    return User(found.pw_uid, frozenset(os.getgrouplist(name, found.pw_gid)))
