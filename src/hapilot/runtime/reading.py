"""Reads what a worker has in memory, for whoever compares it with what is wanted.

In: a HAProxy and its state directory. Out: a ``plan.running.Running``. Called by ``reconcile`` before and after each change and to notice
what others have changed, and by ``hapilot plan``. Nothing is changed by it.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterable, Iterator, Mapping

from hapilot.base import errors
from hapilot.plan import running as states
from hapilot.plan import sections, tables
from hapilot.render import bundle as bundles
from hapilot.runtime import client, commands, files, process

_FORCED_MAINT, _FORCED_DRAIN = 0x01, 0x08
"""Bits of the administrative state (management manual, ``show servers state``); ``disabled`` in the configuration sets the first too."""

_CERTIFICATES_AT_ONCE = 100
"""Names in one command line, which has to fit into a buffer."""


def read(running: process.Process, wanted: bundles.Bundle | None = None) -> states.Running:
    """Look once. Sessions and limits of servers, which take long where there are many, are left out if ``wanted`` is what it will be
    compared with, neither that nor what was loaded limits any server, and we have given none a limit since.

    Raises HaproxyFailed if the worker does not answer.
    """
    runtime = running.runtime
    info, digest = commands.parse_info(runtime.send("show info")), _digest(runtime)
    has = loaded(running.state, digest)
    found = dict(_tables(runtime))
    notes = found.get(tables.NOTES, {})
    with_load = wanted is None or _limited(notes, has, wanted)
    load = commands.parse_load(runtime.send("show stat -1 4 -1")) if with_load else {}
    return states.Running(
        version=version_of(info.get("Version", "")),
        loaded=has,
        servers=_servers(runtime.send("show servers state")),
        tables=found,
        notes=notes,
        limits={key: limit for key, (_, limit) in load.items()},
        sessions={key: sessions for key, (sessions, _) in load.items()},
        lists=dict(_lists(runtime)),
        fingerprints=_fingerprints(runtime),
        connections=int(info.get("CurrConns", "0")),
        worker=(info.get("Pid", ""), digest),
    )


def worker(running: process.Process) -> tuple[str, str]:
    """Which worker runs, as :class:`Running` has it. Raises HaproxyFailed if it does not answer."""
    return commands.parse_info(running.runtime.send("show info")).get("Pid", ""), _digest(running.runtime)


def is_enough(seen: states.Running, wanted: bundles.Bundle) -> bool:
    """Whether a look saw all that counts for what is ``wanted``: also limits, if there are any."""
    return bool(seen.limits) or not _limited(seen.notes, seen.loaded, wanted)


def given(running: process.Process) -> Mapping[str, str]:
    """Backends that a spare one stands for, and which. Empty where that can't be told: all have their own names then."""
    with contextlib.suppress(errors.HaproxyFailed):
        notes = commands.parse_map(running.runtime.send(f"show map {tables.NOTES}"))
        return states.stands_for({entry.key: entry.value for entry in notes})
    return {}


def version_of(text: str) -> tuple[int, ...]:
    """The branch.

    >>> version_of("2.8.25-5cf5d0683")
    (2, 8)
    """
    return tuple(int(part) for part in text.partition("-")[0].split(".")[:2] if part.isdecimal())


def _digest(runtime: client.RuntimeClient) -> str:
    """What the worker has loaded, by its own account; empty where it says none."""
    with contextlib.suppress(errors.HaproxyFailed):
        return runtime.send(f"show env {bundles.LOADED}").partition("=")[2].strip()
    return ""


def loaded(state: files.StateDirectory, digest: str) -> bundles.Bundle | None:
    """The files that a worker has loaded, or None where they are gone or were changed."""
    found = _generation(state, digest)
    with contextlib.suppress(OSError, errors.StateBroken):
        return _bundle(state, found.number, found.digest) if found is not None else None
    return None


def loaded_number(running: process.Process) -> int | None:
    """The generation whose files a worker has loaded, None where it is gone. Raises HaproxyFailed if the worker does not answer."""
    found = _generation(running.state, _digest(running.runtime))
    return found.number if found is not None else None


def _generation(state: files.StateDirectory, digest: str) -> files.Generation | None:
    """The newest with this digest in it."""
    for number in sorted(state.numbers(), reverse=True) if digest else ():
        path = state.generations / str(number) / bundles.LIVE
        with contextlib.suppress(OSError, errors.StateBroken):
            if digest.encode() in path.read_bytes():
                return state.generation(number)
    return None


@functools.lru_cache(maxsize=2)
def _bundle(state: files.StateDirectory, number: int, digest: str) -> bundles.Bundle | None:
    """A generation on disk never changes, and HAProxy has read it already."""
    found = state.bundle(number)
    return found if found.digest == digest else None


def _servers(text: str) -> dict[states.ServerKey, states.RunningServer]:
    return {
        (line.backend, line.name): states.RunningServer(_address(line), _state(line.admin_state), line.weight)
        for line in commands.parse_servers_state(text)
    }


def _address(line: commands.ServerLine) -> str:
    if not line.address or not line.port:
        return ""
    return sections.normal(f"[{line.address}]:{line.port}" if ":" in line.address else f"{line.address}:{line.port}")


def _state(admin: int) -> states.AdminState:
    if admin & _FORCED_MAINT:
        return "maint"
    return "drain" if admin & _FORCED_DRAIN else "ready"


def _tables(runtime: client.RuntimeClient) -> Iterator[tuple[str, Mapping[str, str]]]:
    for kind in ("map", "acl"):
        for line in commands.parse_maps(runtime.send(f"show {kind}")):
            # Patterns that stand in the configuration itself have no file, those of a virtual map none that we know.
            if line.file:
                yield line.file, _table(commands.parse_map(runtime.send(f"show {kind} {line.file}")))


def _table(entries: Iterable[commands.MapEntry]) -> Mapping[str, str]:
    """Key to value. HAProxy may hold a key several times; that is never what hapilot wants, and looks like no value that it wants."""
    found: dict[str, str] = {}
    for entry in entries:
        found[entry.key] = f"{found[entry.key]}, {entry.value}" if entry.key in found else entry.value
    return found


def _lists(runtime: client.RuntimeClient) -> Iterator[tuple[str, tuple[states.ListLine, ...]]]:
    for name in commands.parse_crt_lists(runtime.send("show ssl crt-list")):
        found = commands.parse_crt_list(runtime.send(f"show ssl crt-list -n {name}"))
        yield name, tuple(states.ListLine(*line) for line in found)


def _fingerprints(runtime: client.RuntimeClient) -> dict[str, str]:
    names = commands.parse_certificates(runtime.send("show ssl cert"))
    found: dict[str, str] = {}
    for start in range(0, len(names), _CERTIFICATES_AT_ONCE):
        asked = names[start : start + _CERTIFICATES_AT_ONCE]
        found |= commands.parse_fingerprints(runtime.send("; ".join(f"show ssl cert {name}" for name in asked)))
    # One that was made and never filled has no fingerprint.
    return {name: found.get(name, "") for name in names}


def _limited(notes: Mapping[str, str], has: bundles.Bundle | None, wanted: bundles.Bundle) -> bool:
    """Whether a server has a limit, or shall get one."""
    return tables.LIMITED in notes or _limits(wanted) or (has is not None and _limits(has))


def _limits(files: bundles.Bundle) -> bool:
    """Whether a server has a limit."""
    config = files.get(bundles.CONFIG)
    return config is not None and b" maxconn " in config.content
