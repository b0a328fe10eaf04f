"""HAProxy at once: where nothing has changed that the last generation was made from, it starts before the site is read.

In: the state directory and what a site is made from. Out: a HAProxy that serves, or None. Reading and compiling take longer than
all the rest of a start, most of it for loading the libraries that do it; after a reboot the site need not wait for that. ``serve``
then reads the site as ever, finds this HAProxy running, and applies what differs. Called by ``cli.up`` (:func:`resume`) and by
``serve`` (:func:`remember`). Nothing here may load the models or the compiler.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import resource
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from hapilot import __version__
from hapilot.base import errors
from hapilot.compile import target
from hapilot.reconcile import addresses, serving, watching
from hapilot.render import summary
from hapilot.runtime import binary, carrying, files, process, remembering


@dataclass(frozen=True, slots=True)
class Origin:
    """What a site is made from, apart from its files: where it is, for which HAProxy and machine, and the environment."""

    site: Path
    haproxy: binary.Haproxy
    target: target.Target
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Resumed:
    """A HAProxy that serves a generation which nobody has compared with the site yet, and what there is to say of its addresses."""

    process: process.Process
    announced: Mapping[tuple[str, str], str]


class Recorded(Mapping[str, str]):
    """The environment, and the names that a site has asked for."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        return self._environment[name]

    def __iter__(self) -> Iterator[str]:
        self.asked.update(self._environment)
        return iter(self._environment)

    def __len__(self) -> int:
        return len(self._environment)


def resume(state: files.StateDirectory, origin: Origin) -> Resumed | None:
    """Start HAProxy on the generation that served last, if one did and would be made again. The caller holds the lock.

    None where it is not certain, and where HAProxy does not start: then the usual way tells why.
    """
    with contextlib.suppress(errors.HapilotError, OSError, ValueError):
        if process.adopt(state) is not None:
            return None
        known, current, former = state.remembered(), state.current(), state.serving()
        if current is None or former is None or not current.number == former.number == known.get("generation"):
            return None
        paths, variables = known.get("paths"), known.get("variables")
        if not isinstance(paths, list) or not isinstance(variables, list):
            return None
        if known.get("mark") == _mark(origin, cast("list[str]", paths), cast("list[str]", variables)):
            kept = serving.summary_of(state, current.number)
            started = launch(origin.haproxy, state, origin.target.drop_to or None, kept)
            return Resumed(started, serving.ready_lines(kept))
    return None


def remember(state: files.StateDirectory, origin: Origin, generation: int, seen: watching.Look) -> None:
    """Note what ``generation``, which serves, was made from. ``seen`` are the files as they were when they were read.

    Nothing is noted where a file has changed since, and where a password comes from the environment: the note would help to guess it.
    """
    with contextlib.suppress(errors.HapilotError, OSError):
        variables = origin.environment.asked if isinstance(origin.environment, Recorded) else set(origin.environment)
        mark = _mark(origin, paths := sorted(map(str, seen)), variables := sorted(variables))
        safe = not set(serving.summary_of(state, generation).withheld) and watching.look(seen) == seen
        state.remember({"generation": generation, "paths": paths, "variables": variables, "mark": mark} if safe else {})


def forget(state: files.StateDirectory) -> None:
    """Nothing is noted: the next start looks first."""
    with contextlib.suppress(errors.HapilotError):
        state.remember({})


def launch(haproxy: binary.Haproxy, state: files.StateDirectory, drop_to: str | None, kept: summary.Summary | None) -> process.Process:
    """A HAProxy on the current generation that gets what it needs (``kept`` says what), and none of what it must not see."""
    needs = process.Needs(drop_to)
    if kept is not None:
        needs = process.Needs(drop_to, kept.withheld, addresses.inherited(kept.opened), _servers(state, kept))
    return process.start(haproxy, state, needs)


def _servers(state: files.StateDirectory, kept: summary.Summary) -> str:
    """What is known of servers that are what they were, so that none is taken for healthy that is known to be dead."""
    recalled = remembering.recall(state, time.time())
    with contextlib.suppress(errors.StateBroken):
        if recalled is not None:
            return carrying.carried(recalled.text, serving.unchanged(serving.summary_of(state, recalled.generation), kept))
    return carrying.NOTHING


def _mark(origin: Origin, paths: Iterable[str], variables: Iterable[str]) -> str:
    """A digest of all that the compiled site depends on."""
    program = origin.haproxy.path.stat()
    said = {
        "hapilot": __version__,
        "site": str(origin.site.absolute()),
        "haproxy": [str(origin.haproxy.path), origin.haproxy.version_text, program.st_size, program.st_mtime_ns],
        "target": dataclasses.asdict(origin.target),
        "files": {path: _content(Path(path)) for path in paths},
        "variables": {name: origin.environment.get(name) for name in variables},
        "folder": str(Path.cwd()),
        "files allowed": resource.getrlimit(resource.RLIMIT_NOFILE),
        "processors": os.sched_getaffinity(0),
    }
    return hashlib.sha256(json.dumps(said, default=sorted, sort_keys=True).encode()).hexdigest()


def _content(path: Path) -> object:
    """What a file holds, or which names a folder has."""
    if path.is_dir():
        return watching.look([path])[path]
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
