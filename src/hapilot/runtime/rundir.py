"""The directory of HAProxy's sockets: inside the state directory where that works, else a short private one.

In: the state directory and the user HAProxy drops to. Out: a path that exists, that nobody else can write to, and under which
socket names fit. ``run`` in the state directory is that directory, or a link to it, so that every later command finds the same.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pwd
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hapilot.base import errors
from hapilot.runtime import writing

SOCKET_NAME = 40
"""Characters a socket's name in the directory may have."""

_LONGEST = 107 - len(".4194304.tmp")
"""``sun_path`` has 108 bytes with its final zero (unix(7)); HAProxy binds to the name with ``.PID.tmp`` first and renames it."""

_PLAIN = re.compile(r"[A-Za-z0-9_./+@~-]+")
"""What needs no quoting on HAProxy's command line, where a comma would start the next option of ``-S``."""


@dataclass(frozen=True, slots=True)
class Account:
    """The user that HAProxy's worker becomes."""

    name: str
    uid: int
    gid: int


def account(name: str | None) -> Account | None:
    """The account HAProxy drops to, or None where it can't drop: only root can."""
    if name is None or os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(name)
    except KeyError as problem:
        raise errors.StateBroken(
            f"there is no user {name!r} on this machine", "create it, or take the user out of the settings"
        ) from problem
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def prepare(root: Path, worker: Account | None, environment: Mapping[str, str] | None = None) -> Path:
    """Makes the directory (or takes the one made before) and gives its path without links."""
    link = root / "run"
    known = os.environ if environment is None else environment
    given = _given(worker, known)
    with writing.explained("make", link):
        if link.is_symlink() and (given is None or link.readlink().is_dir()):
            return _own(link.readlink(), worker)
        if not link.is_symlink() and (link.exists() or (given is None and _fits(link, worker))):
            return _own(link, worker)
        short = given or _short(root, worker, known)
        made = _own(short, worker)
        writing.replace_link(link, str(short))
        return made


def find(root: Path) -> Path | None:
    """The directory that :func:`prepare` made, or None if there is none (any more)."""
    link = root / "run"
    try:
        path = link.readlink() if link.is_symlink() else link
        return path if path.is_dir() else None
    except PermissionError:
        return None


def tidy(root: Path) -> None:
    """Removes a directory that was made outside ``root``, if nothing is left in it. The next :func:`prepare` makes it again."""
    link = root / "run"
    with contextlib.suppress(OSError):
        if link.is_symlink():
            link.readlink().rmdir()
            link.unlink()


def _fits(run: Path, worker: Account | None) -> bool:
    text = str(run)
    return (
        len(os.fsencode(text)) + 1 + SOCKET_NAME <= _LONGEST
        and _PLAIN.fullmatch(text) is not None
        and _reachable(run.parent.parent, worker)
    )


def _reachable(directory: Path, worker: Account | None) -> bool:
    """Whether the worker may pass through ``directory`` and all above it (path_resolution(7))."""
    if worker is None:
        return True
    return all(_may_pass(path.stat(), worker) for path in (directory, *directory.parents))


def _may_pass(found: os.stat_result, worker: Account) -> bool:
    if found.st_uid == worker.uid:
        return bool(found.st_mode & stat.S_IXUSR)
    if found.st_gid == worker.gid:
        return bool(found.st_mode & stat.S_IXGRP)
    return bool(found.st_mode & stat.S_IXOTH)


def _given(worker: Account | None, environment: Mapping[str, str]) -> Path | None:
    """The directory that systemd has made for its service (systemd.exec(5), RUNTIME_DIRECTORY): of all that is in /run, a service can
    often write to this alone."""
    said = environment.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    return Path(said) if said.startswith("/") and Path(said).is_dir() and _fits(Path(said), worker) else None


def _short(root: Path, worker: Account | None, environment: Mapping[str, str]) -> Path:
    name = f"hapilot-{hashlib.sha256(os.fsencode(root)).hexdigest()[:16]}"
    private = environment.get("XDG_RUNTIME_DIR", "")
    # /run belongs to root and is empty after a boot, as sockets should be.
    folders = ["/run"] if os.geteuid() == 0 else []
    folders += [private] if private else []
    for folder in [*folders, "/tmp"]:  # noqa: S108 - the last resort; _own refuses a directory that somebody else made
        path = Path(folder) / name
        if Path(folder).is_dir() and os.access(folder, os.W_OK | os.X_OK) and _fits(path, worker):
            return path
    raise errors.StateBroken(f"no directory for HAProxy's sockets is short enough beside {root}", "set HAPILOT_STATE to a shorter path")


def _own(path: Path, worker: Account | None) -> Path:
    """The directory, made if it is missing, proved to be ours alone, passable for the worker."""
    path.mkdir(mode=0o700, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise errors.StateBroken(
            f"{path} is not a directory that only this user can write to",
            "remove it: hapilot makes it again, with the right owner and mode",
        )
    close_to_others(path, worker)
    return path


def close_to_others(path: Path, worker: Account | None) -> None:
    """Mode 0700; with a worker of another user, 0710 and its group: it may open what it knows the name of, not list.

    Only what is wrong is changed: a worker may be passing through, and a command that knows no worker must not lock it out.
    """
    found = path.stat()
    if worker is not None and found.st_gid != worker.gid:
        os.chown(path, -1, worker.gid)
    if worker is not None and stat.S_IMODE(found.st_mode) != 0o710:
        path.chmod(0o710)
    elif found.st_mode & 0o067:
        path.chmod(0o700)
