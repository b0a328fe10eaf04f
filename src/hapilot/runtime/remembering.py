"""Keeps what HAProxy knows of its servers where it outlives HAProxy, so that one that is started again does not take a dead server for
healthy.

In: the HAProxy that runs. Out: the file ``servers.known`` in the state directory, looked after every few seconds by a thread of ``up``
(:func:`kept`), and what of it counts when HAProxy is started (:func:`recall`). A hapilot that was killed has left it, too. Called by
``serve`` and ``resuming``; ``process`` asks with :func:`ask`.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path

from hapilot.base import errors
from hapilot.plan import running, tables
from hapilot.runtime import carrying, client, commands, files, writing

LOOK_SECONDS = 1.0
_SHARE = 0.02
"""At most so much of a processor is spent on it: with very many servers the looks come less often."""
FRESH_SECONDS = 60.0
"""What was seen longer ago is no news of a server's health. It covers a HAProxy that keeps dying and a machine that starts again."""
ANSWER_SECONDS = 3.0
"""How long a worker may take to say it: of 20,000 servers it takes less than 0.1 s. A reload does not wait for more."""
_END_SECONDS = 2.0

_NAME = "servers.known"
_GENERATION = "# generation "


@dataclass(frozen=True, slots=True)
class Recalled:
    """What was known of the servers of ``generation``, as ``show servers state`` says it. Of news that are old only what somebody has told
    HAProxy."""

    generation: int
    text: str


def recall(state: files.StateDirectory, now: float) -> Recalled | None:
    """What counts at ``now``, in seconds since 1970; None where nothing is known."""
    path = _path(state)
    try:
        seen, content = path.stat().st_mtime, path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None
    first, _, text = content.partition("\n")
    number = first.removeprefix(_GENERATION)
    if not first.startswith(_GENERATION) or not number.isdecimal() or not text:
        return None
    # A clock that was put back makes nothing newer.
    return Recalled(int(number), text if abs(now - seen) <= FRESH_SECONDS else carrying.told(text))


def grow_old(state: files.StateDirectory) -> None:
    """HAProxy was ended on purpose: the next start is no news of health, however soon it comes."""
    with contextlib.suppress(OSError):
        os.utime(_path(state), (0, 0))


def ask(runtime: client.RuntimeClient) -> str:
    """What a worker knows of its servers, under the names that backends have in the files. Raises HaproxyFailed."""
    asked = client.RuntimeClient(runtime.path, ANSWER_SECONDS)
    text = asked.send("show servers state")
    with contextlib.suppress(errors.HaproxyFailed):
        # Refused where what runs was not made by this hapilot.
        notes = {entry.key: entry.value for entry in commands.parse_map(asked.send(f"show map {tables.NOTES}"))}
        return carrying.renamed(text, {spare: backend for backend, spare in running.stands_for(notes).items()})
    return text


@contextlib.contextmanager
def kept(state: files.StateDirectory, runtime: Callable[[], client.RuntimeClient]) -> Generator[None]:
    """It is kept for as long as it lasts; ``runtime`` gives the HAProxy that runs at each look."""
    ending = threading.Event()
    memory = Memory(state)

    def look() -> None:
        wait = 0.0
        while not ending.wait(wait):
            began = time.monotonic()
            with contextlib.suppress(errors.HapilotError, OSError):
                memory.look(runtime())
            wait = max(LOOK_SECONDS, (time.monotonic() - began) / _SHARE)

    thread = threading.Thread(target=look, name="memory", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join(_END_SECONDS)


@dataclass(slots=True)
class Memory:
    """The file, and what was written to it last."""

    state: files.StateDirectory
    _last: tuple[int, str] = field(default=(0, ""))

    def look(self, runtime: client.RuntimeClient) -> None:
        """Ask once. Only news are written; otherwise the file's time says that it still holds. Raises HapilotError and OSError."""
        before = self._serving()
        text = ask(runtime)
        # While a change is being made, nobody can say whose servers these are.
        if not before or before != self._serving():
            return
        known = (before, carrying.ageless(text))
        path = _path(self.state)
        if known == self._last and path.exists():
            os.utime(path)
            return
        with writing.explained("write", path):
            writing.replace_file(path, f"{_GENERATION}{before}\n{text}\n".encode())
        self._last = known

    def _serving(self) -> int:
        """The generation that serves; 0 where that is not certain."""
        serving, current = self.state.serving(), self.state.current()
        return serving.number if serving is not None and current is not None and serving.number == current.number else 0


def _path(state: files.StateDirectory) -> Path:
    return state.root / _NAME
