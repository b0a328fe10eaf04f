"""A HAProxy that serves a moved configuration: as it was written, or as what came of it.

Comes in: a program, files, the folder from which relative paths start, the environment. Goes out: a process that is ended for sure, with
all its children. A file before it lets one thread serve unless the configuration says how many, so that turns are the same; one behind
it opens a socket, which tells when it is up.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from support import haproxy
from support.haproxy import Binary


class Refused(Exception):
    """HAProxy does not start with the configuration. The text is what it said."""


class Start(NamedTuple):
    """How HAProxy is started: with which files, from which folder, with which variables more, and its name among peers, if it has one."""

    configs: Sequence[Path]
    folder: Path
    environment: Mapping[str, str]
    peer: str = ""


@contextmanager
def serving(binary: Binary, start: Start, folder: Path) -> Generator[None]:
    """The configuration, up as long as it lasts; ``folder`` takes what is needed beside it. Raises Refused."""
    plug, log, before, behind = (folder / name for name in ("up.sock", "haproxy.log", "before.cfg", "behind.cfg"))
    plug.unlink(missing_ok=True)
    before.write_text("global\n    nbthread 1\n")  # HAProxy takes it in the first global section only
    behind.write_text(f"global\n    stats socket {plug} level admin\n")
    named = ["-L", start.peer] if start.peer else []
    files = [part for path in (before, *start.configs, behind) for part in ("-f", path)]
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [binary.path, "-db", *named, *files],
            cwd=start.folder,
            env={**os.environ, **start.environment},
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,
        )
    try:
        if not haproxy.answers(plug, process):
            raise Refused(log.read_text(errors="replace"))
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):  # it ended by itself
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)
