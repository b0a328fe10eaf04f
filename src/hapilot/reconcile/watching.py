"""Notices that a site's files have changed, and misses nothing that happens while hapilot is busy with the last change.

In: the paths that a load has read. Out: whether they are still what they were. The file system's events only say when to look; what
counts is the comparison, so an event that is lost, or comes from a link that was swapped, costs half a second and no change.
Called by ``serve``.
"""

from __future__ import annotations

import contextlib
import os
import stat
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

SETTLE_SECONDS = 0.15
"""Some programs write a file in several steps; one that was written in place is read when it has not changed for this time."""
TOGETHER_SECONDS = 0.03
"""A file that took the place of another one came whole, as far as it does not grow while it is looked at: by a rename, or in one go as
editors write. It waits only for others that come with it, such as a key with its certificate."""
_SETTLE_LOOKS = 20
"""A file that never comes to rest is read all the same after three seconds."""
TICK_MS = 500
"""How often there is a look without any event."""
_CLOCK_STEP_NS = 20_000_000
"""The kernel stamps files with a clock that may lag by a tick of at most 10 ms."""

Look = Mapping[Path, tuple[object, ...]]
"""What each path was at one moment: identity, size and times of a file; names in a folder."""


def look(paths: Iterable[Path]) -> Look:
    """Looks at every path once."""
    return {path: _look(path) for path in paths}


def _look(path: Path) -> tuple[object, ...]:
    try:
        found = os.stat(path)  # noqa: PTH116 - of 10,000 files, Path.stat takes half as long again
        if not stat.S_ISDIR(found.st_mode):
            return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
        # Editors' own files come and go beside the one that is edited.
        return tuple(sorted(entry.name for entry in path.iterdir() if not entry.name.startswith(".") and not entry.name.endswith("~")))
    except OSError:
        return ()


def look_after_reading(paths: Iterable[Path], before: Look, began: int) -> Look:
    """A look that is safe to compare with: what changed while it was being read (``began`` in ns since 1970) counts as changed since.

    ``before`` is a look from the moment the reading began, at the paths that were known then.
    """
    now = time.time_ns()
    after = {path: _unsettled(seen, began, now) for path, seen in look(paths).items()}
    return {**after, **{path: seen for path, seen in before.items() if path in after}}


def _unsettled(seen: tuple[object, ...], began: int, now: int) -> tuple[object, ...]:
    changed = seen[-1] if seen else None
    return ("changed while it was read",) if isinstance(changed, int) and began - _CLOCK_STEP_NS <= changed <= now else seen


def settled(seen: Look) -> None:
    """Returns when what has changed since ``seen`` has come to rest."""
    before, last = seen, look(seen)
    last = {**last, **look(_new_files(seen, last))}
    for _ in range(_SETTLE_LOOKS):
        seconds = _unrest(before, last)
        if seconds <= 0:
            return
        time.sleep(seconds)
        before, last = last, look(last)
        if last == before:
            return


def _new_files(seen: Look, now: Look) -> Iterator[Path]:
    """The files that folders have got."""
    for path, names in now.items():
        if names != seen.get(path) and _is_folder(names):
            yield from (path / str(name) for name in names if name not in seen.get(path, ()))


def _is_folder(found: tuple[object, ...]) -> bool:
    return all(isinstance(name, str) for name in found)


def _unrest(before: Look, now: Look) -> float:
    """How many seconds what differs between two looks has to stay as it is, until it counts as being at rest."""
    moment = time.time_ns()
    return max((_wait(before.get(path, ()), found, moment) for path, found in now.items() if found != before.get(path)), default=0.0)


def _wait(before: tuple[object, ...], found: tuple[object, ...], moment: int) -> float:
    """The same for one path. A file has been at rest since its last time stamp."""
    if not found:
        return SETTLE_SECONDS  # some editors remove a file before they write it
    if _is_folder(found):
        return TOGETHER_SECONDS  # the files that are new in it are looked at too
    identity, size, *stamps = found[:2], *found[2:]
    is_whole = identity != before[:2] and size != 0
    needed = TOGETHER_SECONDS if is_whole else SETTLE_SECONDS
    rested = (moment - max(stamp for stamp in stamps if isinstance(stamp, int))) / 1e9
    return min(needed, max(0.0, needed - rested))


def ticks(paths: Iterable[Path], wake: threading.Event) -> Iterator[None]:
    """Yields when something happens near ``paths``, and every :data:`TICK_MS` all the same; ends when ``wake`` is set."""
    import watchfiles  # takes a while to load, and is not needed before the site is served

    folders = {path if path.is_dir() else path.parent for path in paths}
    present = sorted(folder for folder in folders if folder.is_dir())
    # Without events (no inotify instance left, a file system without them) the looks in between remain.
    with contextlib.suppress(OSError, RuntimeError):
        if present:
            events = watchfiles.watch(
                *present,
                debounce=50,
                step=10,
                rust_timeout=TICK_MS,
                yield_on_timeout=True,
                stop_event=wake,
                raise_interrupt=False,
                recursive=False,
                watch_filter=None,
            )
            for _ in events:
                yield
            if wake.is_set():
                return
    while not wake.wait(TICK_MS / 1000):
        yield
